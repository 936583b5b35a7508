import { type Cubic, decrease, rateAt, slowStart } from './cubic.js';
import type { HostRate } from './host-rate.js';
import { MAX_PAUSE_MS, RateCell } from './rate-cell.js';
import { RateQueue } from './rate-queue.js';

const LOOK_EVERY_MS = 250;
/** What was served is measured over the last ten seconds, or as long as the pause: windows of hosts are about so long. */
const MEASURED_MS = 10_000;
/** Longest pause that is made of shorter ones: a host that does not say how long is still asked once a minute. */
const MAX_UNTOLD_PAUSE_MS = 60_000;

/** From its first refusal until something is served again. */
interface Throttle {
  readonly atMs: number;
  readonly before: Cubic;
}

/**
 * The rate of a host that was told no rate by it: begins below the user's limit, and learns from refusals. Threads share it
 * through `cell.memory` (`shared-rate.ts`); whoever made it is the only one that changes the rate, four times a second, by the
 * curve in `cubic.ts`.
 */
export class AdaptiveRate implements HostRate {
  readonly cell: RateCell;
  readonly #queue: RateQueue;
  readonly #timer: NodeJS.Timeout;
  #cubic: Cubic;
  #pauses = 0;
  #throttle: Throttle | null = null;
  #answersAtResume = 0;
  /** What had been answered at the last looks, oldest first. */
  readonly #looks: { readonly atMs: number; readonly answers: number }[] = [];

  /** `cell` and `nowMs` are for a virtual clock. */
  constructor(
    maxRps: number,
    cell: RateCell = RateCell.create(maxRps),
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.cell = cell;
    this.#queue = new RateQueue(cell);
    this.#cubic = slowStart(maxRps, nowMs());
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  acquire(signal?: AbortSignal, rank = 0): Promise<void> {
    return this.#queue.acquire(signal, rank);
  }

  answered(): void {
    this.cell.answered();
  }

  refused(retryAfterMs?: number): void {
    this.cell.refused(retryAfterMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks at what has happened, and sets the rate. */
  look(): void {
    const { cell } = this;
    const nowMs = this.nowMs();
    const { pauses, answers } = cell;
    const flows = nowMs >= this.#cubic.sinceMs;
    if (pauses > this.#pauses && flows) {
      // Refused at once after the pause: asked too early, and given as long again.
      if (this.#throttle !== null && answers <= this.#answersAtResume + 1) {
        cell.hold(Math.min(MAX_UNTOLD_PAUSE_MS, nowMs - this.#throttle.atMs));
      } else {
        this.#throttle = { atMs: nowMs, before: this.#cubic };
      }
    }
    if (this.#throttle !== null && (pauses > this.#pauses || !flows)) {
      // Until the pause ends, answers to what was in flight come in, and further refusals may make it longer.
      const resumeAtMs = Math.max(this.#cubic.sinceMs, nowMs + cell.pausedForMs);
      this.#cubic = this.#decreased(this.#throttle, answers, resumeAtMs);
      this.#answersAtResume = answers;
    } else {
      this.#looks.push({ atMs: nowMs, answers });
      while ((this.#looks[0] as { atMs: number }).atMs < nowMs - MAX_PAUSE_MS) this.#looks.shift();
    }
    this.#pauses = pauses;
    cell.setRate(rateAt(this.#cubic, nowMs));
  }

  /**
   * A host that counts in windows serves a burst and then nothing until the window ends: what it allows is what it served over
   * the time of serving or over the pause, whichever is longer.
   */
  #decreased({ atMs, before }: Throttle, answers: number, resumeAtMs: number): Cubic {
    const pauseMs = resumeAtMs - atMs;
    const fromMs = Math.max(before.sinceMs, atMs - Math.max(MEASURED_MS, pauseMs));
    const first = this.#looks.find((look) => look.atMs >= fromMs) ?? { atMs, answers };
    const served = (answers - first.answers) / (Math.max(1, atMs - first.atMs, pauseMs) / 1000);
    return decrease(before, Math.min(rateAt(before, atMs), served), pauseMs, resumeAtMs);
  }
}
