import type { AttemptFigures } from './loader.js';

/** Sums of a sitting, and how fast it goes: fed after every attempt, read by progress, status and summary. */
export interface Totals {
  rows: number;
  pages: number;
  requests: number;
  retries: number;
  sourceMs: number;
  decodeMs: number;
  targetMs: number;
}

export interface Pace {
  readonly rowsPerS: number;
  readonly requestsPerS: number;
  readonly etaMs: number;
  /** What bounds the run. */
  readonly bound: Bound;
}

export type Bound = 'rate limit' | 'throttled' | 'source' | 'target' | 'CPU';

interface Sample {
  readonly atMs: number;
  readonly rows: number;
  readonly requests: number;
  readonly sourceMs: number;
  readonly targetMs: number;
  readonly cpuMs: number;
  /** What the rate cell allowed, requests a second; 0 while paused. */
  readonly allowedRps: number;
}

/** The rate cell as it is now, and the user's own limit. */
export interface RateLimit {
  readonly rps: number;
  readonly maxRps: number;
  readonly paused: boolean;
}

/** Long enough to smooth a burst of ends, short enough to show a change. */
const WINDOW_MS = 15_000;
/** Share of the cores above which the program itself is what bounds it. */
const CPU_BOUND_SHARE = 0.85;
/** Share of the allowed rate above which the limit is what bounds it. */
const LIMIT_BOUND_SHARE = 0.9;

export class Meter {
  readonly totals: Totals = { rows: 0, pages: 0, requests: 0, retries: 0, sourceMs: 0, decodeMs: 0, targetMs: 0 };
  readonly #samples: Sample[] = [];
  #throttled = false;

  constructor(
    private readonly nowMs: () => number,
    private readonly cpuMs: () => number,
    private readonly cores: number,
  ) {
    this.#push(0, 0);
  }

  add(attempt: AttemptFigures): void {
    const { totals } = this;
    totals.rows += attempt.rows;
    totals.pages += attempt.pages;
    totals.requests += attempt.requests;
    totals.sourceMs += attempt.spent.sourceMs;
    totals.decodeMs += attempt.spent.decodeMs;
    totals.targetMs += attempt.spent.targetMs;
    if (attempt.failure !== null) totals.retries++;
  }

  /** `requests` of this sitting's load as the rate cell counts them: those in flight are part of the pace. */
  sample(requests: number, { rps, maxRps, paused }: RateLimit): void {
    this.#push(requests, paused ? 0 : rps);
    this.#throttled = paused || rps < maxRps * 0.99;
  }

  #push(requests: number, allowedRps: number): void {
    const { rows, sourceMs, targetMs } = this.totals;
    const atMs = this.nowMs();
    this.#samples.push({ atMs, rows, requests, sourceMs, targetMs, cpuMs: this.cpuMs(), allowedRps });
    while (this.#samples.length > 2 && (this.#samples[0] as Sample).atMs < atMs - WINDOW_MS) this.#samples.shift();
  }

  pace(rowsLeft: number): Pace {
    const [first, ...later] = this.#samples as [Sample, ...Sample[]];
    const last = later.at(-1) ?? first;
    const seconds = Math.max(0.001, (last.atMs - first.atMs) / 1000);
    const rowsPerS = (last.rows - first.rows) / seconds;
    const requestsPerS = (last.requests - first.requests) / seconds;
    // More may come than was planned: nobody knows then how much is left.
    const etaMs = rowsPerS > 0 && rowsLeft >= 0 ? (rowsLeft / rowsPerS) * 1000 : Number.POSITIVE_INFINITY;
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
