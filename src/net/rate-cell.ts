/**
 * The global request limit: a GCRA cell in shared memory, so that every thread draws from one budget.
 *
 * Times are nanoseconds of the system's monotonic clock (`process.hrtime`), which all threads share and which does not
 * jump. The cell holds the theoretical arrival time of the next request; a request may go when that time has come, less
 * a small tolerance that makes up for late timers. `pausedUntil` stops everyone, after a throttle. So does `doubtUntil`,
 * after a refusal that does not say how long to wait: it may be a gateway's hiccup, and then the governor ends it early.
 */
const ARRIVAL = 0;
const INTERVAL = 1;
const PAUSED_UNTIL = 2;
const GRANTED = 3;
const THROTTLED = 4;
const ANSWERED = 5;
const DOUBT_UNTIL = 6;
const UNTOLD = 7;
const ANSWERED_AT_DOUBT = 8;
const CELLS = 9;
/** `ANSWERED_AT_DOUBT` while no refusal is in doubt. */
const NONE = -1n;

const NS_PER_MS = 1_000_000n;
/** Timers fire up to some milliseconds late; without this much catching up the limit would never be reached. */
const TOLERANCE_NS = 50n * NS_PER_MS;
const DOUBT_PAUSE_MS = 1000;
/** No server's word makes us sleep longer at a time. */
const MAX_PAUSE_MS = 600_000;

export type RateMemory = SharedArrayBuffer;

export class RateCell {
  readonly #cells: BigInt64Array;

  constructor(
    readonly memory: RateMemory,
    private readonly now: () => bigint = process.hrtime.bigint,
  ) {
    this.#cells = new BigInt64Array(memory);
  }

  static create(rps: number, now: () => bigint = process.hrtime.bigint): RateCell {
    const cell = new RateCell(new SharedArrayBuffer(CELLS * 8), now);
    cell.setRate(rps);
    cell.settleDoubt();
    return cell;
  }

  setRate(rps: number): void {
    Atomics.store(this.#cells, INTERVAL, BigInt(Math.round(1e9 / rps)));
  }

  get rps(): number {
    return 1e9 / Number(Atomics.load(this.#cells, INTERVAL));
  }

  get granted(): number {
    return Number(Atomics.load(this.#cells, GRANTED));
  }

  /** Requests that came back, well or not, without being throttled. */
  get answered(): number {
    return Number(Atomics.load(this.#cells, ANSWERED));
  }

  get throttled(): number {
    return Number(Atomics.load(this.#cells, THROTTLED));
  }

  /** Milliseconds until requests may go again; 0 when they may. */
  get pausedForMs(): number {
    const left = this.#pausedUntil - this.now();
    return left <= 0n ? 0 : Math.ceil(Number(left) / 1e6);
  }

  get #pausedUntil(): bigint {
    const told = Atomics.load(this.#cells, PAUSED_UNTIL);
    const doubt = Atomics.load(this.#cells, DOUBT_UNTIL);
    return told > doubt ? told : doubt;
  }

  /** Refusals that did not say how long to wait. */
  get untold(): number {
    return Number(Atomics.load(this.#cells, UNTOLD));
  }

  /** What had been answered at the first such refusal that the governor has not judged yet; null without one. */
  get answeredAtDoubt(): number | null {
    const answered = Atomics.load(this.#cells, ANSWERED_AT_DOUBT);
    return answered === NONE ? null : Number(answered);
  }

  /** Takes a slot and returns 0, or says after how many milliseconds to try again. */
  tryTake(): number {
    const now = this.now();
    const pausedUntil = this.#pausedUntil;
    if (pausedUntil > now) return waitMs(pausedUntil - now);
    const interval = Atomics.load(this.#cells, INTERVAL);
    const arrival = Atomics.load(this.#cells, ARRIVAL);
    if (arrival > now) return waitMs(arrival - now);
    const next = (arrival < now - TOLERANCE_NS ? now - TOLERANCE_NS : arrival) + interval;
    // Another thread was faster: it took this slot.
    if (Atomics.compareExchange(this.#cells, ARRIVAL, arrival, next) !== arrival) return 1;
    Atomics.add(this.#cells, GRANTED, 1n);
    return 0;
  }

  answer(): void {
    Atomics.add(this.#cells, ANSWERED, 1n);
  }

  /** The source refused: everyone waits. Nothing told, or 0, is a doubt. */
  pause(retryAfterMs = 0): void {
    if (retryAfterMs > 0) {
      Atomics.add(this.#cells, THROTTLED, 1n);
      this.hold(retryAfterMs);
      return;
    }
    const answered = Atomics.load(this.#cells, ANSWERED);
    // Counted before it is in doubt: the governor, between the two, takes it up at its next look.
    Atomics.add(this.#cells, UNTOLD, 1n);
    Atomics.add(this.#cells, THROTTLED, 1n);
    Atomics.compareExchange(this.#cells, ANSWERED_AT_DOUBT, NONE, answered);
    this.#extend(DOUBT_UNTIL, DOUBT_PAUSE_MS);
  }

  /** Everyone waits for at least so long from now. */
  hold(ms: number): void {
    this.#extend(PAUSED_UNTIL, ms);
  }

  /** The refusals so far are judged; the next that says nothing is a new doubt. */
  settleDoubt(): void {
    Atomics.store(this.#cells, ANSWERED_AT_DOUBT, NONE);
  }

  /** They were no limit: nobody waits for them any longer. */
  dismissDoubt(): void {
    this.settleDoubt();
    Atomics.store(this.#cells, DOUBT_UNTIL, 0n);
  }

  #extend(cell: typeof PAUSED_UNTIL | typeof DOUBT_UNTIL, ms: number): void {
    const until = this.now() + BigInt(Math.round(Math.min(Math.max(ms, 0), MAX_PAUSE_MS))) * NS_PER_MS;
    for (;;) {
      const current = Atomics.load(this.#cells, cell);
      if (current >= until) return;
      if (Atomics.compareExchange(this.#cells, cell, current, until) === current) return;
    }
  }
}

function waitMs(ns: bigint): number {
  return Math.max(1, Math.ceil(Number(ns) / 1e6));
}
