import type { Bound, Pace } from '../report/figures.js';

/** The sums of a sitting at a moment. */
export interface Sample {
  readonly atMs: number;
  readonly rows: number;
  readonly requests: number;
  /** Of attempts that have ended. */
  readonly sourceMs: number;
  readonly targetMs: number;
  readonly cpuMs: number;
}

/** The rate of a host as it is now, and the user's own limit. */
export interface RateLimit {
  readonly rps: number;
  readonly maxRps: number;
  readonly paused: boolean;
}

interface Kept extends Sample {
  /** What the host's rate allowed, requests a second; 0 while paused. */
  readonly allowedRps: number;
}

/** Long enough to smooth a burst of ends, short enough to show a change. */
const WINDOW_MS = 15_000;
/** Share of the cores above which the program itself is what bounds it. */
const CPU_BOUND_SHARE = 0.85;
/** Share of the allowed rate above which the limit is what bounds it. */
const LIMIT_BOUND_SHARE = 0.9;

/** How fast a load goes and what bounds it, from samples taken now and then. Pure: whoever samples brings the time. */
export class Meter {
  readonly #samples: Kept[];
  #throttled = false;

  constructor(
    private readonly cores: number,
    start: Sample,
  ) {
    this.#samples = [{ ...start, allowedRps: 0 }];
  }

  sample(now: Sample, { rps, maxRps, paused }: RateLimit): void {
    this.#samples.push({ ...now, allowedRps: paused ? 0 : rps });
    this.#throttled = paused || rps < maxRps * 0.99;
    while (this.#samples.length > 2 && (this.#samples[0] as Sample).atMs < now.atMs - WINDOW_MS) this.#samples.shift();
  }

  /** `rowsLeft`: null where nobody can know. */
  pace(rowsLeft: number | null): Pace {
    const [first, ...later] = this.#samples as [Kept, ...Kept[]];
    const last = later.at(-1) ?? first;
    const seconds = Math.max(0.001, (last.atMs - first.atMs) / 1000);
    const rowsPerS = (last.rows - first.rows) / seconds;
    const requestsPerS = (last.requests - first.requests) / seconds;
    // More may come than was planned: nobody knows then how much is left.
    const known = rowsPerS > 0 && rowsLeft !== null && rowsLeft >= 0;
    const etaMs = known ? (rowsLeft / rowsPerS) * 1000 : Number.POSITIVE_INFINITY;
    const cpuShare = (last.cpuMs - first.cpuMs) / (seconds * 1000 * this.cores);
    // What was allowed meanwhile, pauses included: the rate of this moment says little about requests of before.
    const allowedRps = later.reduce((sum, sample) => sum + sample.allowedRps, 0) / Math.max(1, later.length);
    const boundBy = (): Bound => {
      if (cpuShare > CPU_BOUND_SHARE) return 'CPU';
      if (requestsPerS >= allowedRps * LIMIT_BOUND_SHARE) return this.#throttled ? 'throttled' : 'rate limit';
      return last.targetMs - first.targetMs > last.sourceMs - first.sourceMs ? 'target' : 'source';
    };
    return { rowsPerS, requestsPerS, etaMs, bound: boundBy() };
  }
}
