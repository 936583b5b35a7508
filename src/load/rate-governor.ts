import type { RateCell } from './rate-cell.js';
import { afterThrottle, climb, type RateState, startRate } from './rate-policy.js';

/** Looks at the cell now and then and sets its rate by the policy: the one place that changes it. */
export class RateGovernor {
  #state: RateState;
  #throttledSeen: number;
  #throttledAtResume: number;

  constructor(
    private readonly cell: RateCell,
    maxRps: number,
    nowMs: number,
  ) {
    this.#state = startRate(maxRps, nowMs);
    this.#throttledSeen = cell.throttled;
    this.#throttledAtResume = cell.throttled;
  }

  tick(nowMs: number): void {
    const { throttled, granted } = this.cell;
    const fresh = throttled > this.#throttledSeen;
    this.#throttledSeen = throttled;
    if (nowMs < this.#state.resumedAtMs) {
      // Answers to requests that were in flight when the source refused: part of the same throttle.
      this.#state = { ...this.#state, resumedAtMs: Math.max(this.#state.resumedAtMs, nowMs + this.cell.pausedForMs) };
      this.#throttledAtResume = throttled;
    } else if (fresh) {
      const refused = throttled - this.#throttledAtResume;
      this.#state = afterThrottle(this.#state, nowMs, nowMs + this.cell.pausedForMs, granted, refused);
      this.#throttledAtResume = throttled;
    } else {
      this.#state = climb(this.#state, nowMs);
    }
    this.cell.setRate(this.#state.rps);
  }
}
