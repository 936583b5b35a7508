import type { RateCell } from './rate-cell.js';
import {
  afterDoubt,
  afterThrottle,
  climb,
  judge,
  type RateState,
  resumeLater,
  type Seen,
  startRate,
} from './rate-policy.js';

/** Over which the rate that was really sent is measured. */
const SENT_WINDOW_MS = 8000;

/** Looks at the cell now and then and sets its rate by the policy: the one place that changes it. */
export class RateGovernor {
  #state: RateState;
  /** Refusals that were judged, or are part of a throttle; and those of them that said how long to wait. */
  #settled: { readonly refused: number; readonly told: number };
  #doubtSinceMs: number | null = null;
  /** What had been granted at the last looks, oldest first. */
  readonly #looks: { atMs: number; granted: number }[] = [];

  constructor(
    private readonly cell: RateCell,
    maxRps: number,
    nowMs: number,
  ) {
    this.#state = startRate(maxRps, nowMs, cell.answered, cell.throttled);
    this.#settled = { refused: cell.throttled, told: cell.throttled - cell.untold };
    cell.setRate(this.#state.rps);
  }

  tick(nowMs: number): void {
    const seen = this.#look(nowMs);
    if (nowMs < this.#state.resumedAtMs) {
      // Answers to requests that were in flight when the source refused: part of the same throttle.
      this.#state = resumeLater(this.#state, seen);
      this.#settle(seen);
    } else if (seen.refused === this.#settled.refused) {
      this.#state = climb(this.#state, nowMs);
    } else {
      this.#refused(seen);
    }
    this.cell.setRate(this.#state.rps);
  }

  /** Something was refused that is not judged yet. While that is in doubt, the rate stays. */
  #refused(seen: Seen): void {
    const { nowMs, answered, refused } = seen;
    const told = refused - seen.untold > this.#settled.told;
    this.#doubtSinceMs ??= nowMs;
    const doubtMs = nowMs - this.#doubtSinceMs;
    const inDoubt = refused - this.#settled.refused;
    const before = this.cell.answeredAtDoubt;
    // Counted, and not in doubt yet: it is so at the next look.
    if (before === null && !told) return;
    const since = { answered: answered - (before ?? answered), refused: inDoubt, ms: doubtMs };
    const verdict = told ? 'limit' : judge(this.#state, seen, since);
    if (verdict === 'open') return;
    if (verdict === 'hiccup') {
      this.cell.dismissDoubt();
      this.#state = afterDoubt(this.#state, seen, doubtMs, inDoubt);
      for (const look of this.#looks) look.atMs = Math.min(nowMs, look.atMs + doubtMs);
    } else {
      this.#state = afterThrottle(this.#state, seen, { atMs: this.#doubtSinceMs, told });
      this.cell.hold(this.#state.resumedAtMs - nowMs);
      this.#looks.length = 0;
    }
    this.#settle(seen);
  }

  #settle({ refused, untold }: Seen): void {
    this.cell.settleDoubt();
    this.#settled = { refused, told: refused - untold };
    this.#doubtSinceMs = null;
  }

  #look(nowMs: number): Seen {
    const { granted, answered, throttled, untold, pausedForMs } = this.cell;
    const looks = this.#looks;
    looks.push({ atMs: nowMs, granted });
    while (looks.length > 2 && (looks[1] as { atMs: number }).atMs <= nowMs - SENT_WINDOW_MS) looks.shift();
    const first = looks[0] as { atMs: number; granted: number };
    const sentRps =
      nowMs > first.atMs ? ((granted - first.granted) * 1000) / (nowMs - first.atMs) : Number.POSITIVE_INFINITY;
    return { nowMs, answered, refused: throttled, untold: Math.min(untold, throttled), pausedForMs, sentRps };
  }
}
