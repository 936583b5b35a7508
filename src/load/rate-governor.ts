import type { RateCell } from './rate-cell.js';
import { afterThrottle, climb, type RateState, resumeLater, type Seen, startRate } from './rate-policy.js';

/** Over which the rate that was really sent is measured. */
const SENT_WINDOW_MS = 8000;

/** Looks at the cell now and then and sets its rate by the policy: the one place that changes it. */
export class RateGovernor {
  #state: RateState;
  #throttledSeen: number;
  /** What had been granted at the last looks, oldest first. */
  readonly #looks: { atMs: number; granted: number }[] = [];

  constructor(
    private readonly cell: RateCell,
    maxRps: number,
    nowMs: number,
  ) {
    this.#state = startRate(maxRps, nowMs, cell.answered, cell.throttled);
    this.#throttledSeen = cell.throttled;
    cell.setRate(this.#state.rps);
  }

  tick(nowMs: number): void {
    const seen = this.#look(nowMs);
    const fresh = seen.refused > this.#throttledSeen;
    this.#throttledSeen = seen.refused;
    if (nowMs < this.#state.resumedAtMs) {
      // Answers to requests that were in flight when the source refused: part of the same throttle.
      this.#state = resumeLater(this.#state, seen);
    } else if (fresh) {
      this.#state = afterThrottle(this.#state, seen);
      this.cell.hold(this.#state.resumedAtMs - nowMs);
      this.#looks.length = 0;
    } else {
      this.#state = climb(this.#state, nowMs);
    }
    this.cell.setRate(this.#state.rps);
  }

  #look(nowMs: number): Seen {
    const { granted, answered, throttled, pausedForMs } = this.cell;
    const looks = this.#looks;
    looks.push({ atMs: nowMs, granted });
    while (looks.length > 2 && (looks[1] as { atMs: number }).atMs <= nowMs - SENT_WINDOW_MS) looks.shift();
    const first = looks[0] as { atMs: number; granted: number };
    const sentRps =
      nowMs > first.atMs ? ((granted - first.granted) * 1000) / (nowMs - first.atMs) : Number.POSITIVE_INFINITY;
    return { nowMs, answered, refused: throttled, pausedForMs, sentRps };
  }
}
