/**
 * The global request limit: a GCRA cell in shared memory, so that every thread draws from one budget.
 *
 * Times are nanoseconds of the system's monotonic clock (`process.hrtime`), which all threads share and which does not
 * jump. The cell holds the theoretical arrival time of the next request; a request may go when that time has come, less
 * a small tolerance that makes up for late timers. `pausedUntil` stops everyone, after a throttle.
 */
const ARRIVAL = 0;
const INTERVAL = 1;
const PAUSED_UNTIL = 2;
const GRANTED = 3;
const THROTTLED = 4;
const ANSWERED = 5;
const CELLS = 6;

const NS_PER_MS = 1_000_000n;
/** Timers fire up to some milliseconds late; without this much catching up the limit would never be reached. */
const TOLERANCE_NS = 50n * NS_PER_MS;
const DEFAULT_PAUSE_MS = 1000;
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
    const left = Atomics.load(this.#cells, PAUSED_UNTIL) - this.now();
    return left <= 0n ? 0 : Math.ceil(Number(left) / 1e6);
  }

  /** Takes a slot and returns 0, or says after how many milliseconds to try again. */
  tryTake(): number {
    const now = this.now();
    const pausedUntil = Atomics.load(this.#cells, PAUSED_UNTIL);
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

  /** The source refused: everyone waits. */
  pause(retryAfterMs: number = DEFAULT_PAUSE_MS): void {
    Atomics.add(this.#cells, THROTTLED, 1n);
    this.hold(retryAfterMs);
  }

  /** Everyone waits for at least so long from now. */
  hold(ms: number): void {
    const until = this.now() + BigInt(Math.round(Math.min(Math.max(ms, 0), MAX_PAUSE_MS))) * NS_PER_MS;
    for (;;) {
      const current = Atomics.load(this.#cells, PAUSED_UNTIL);
      if (current >= until) return;
      if (Atomics.compareExchange(this.#cells, PAUSED_UNTIL, current, until) === current) return;
    }
  }
}

function waitMs(ns: bigint): number {
  return Math.max(1, Math.ceil(Number(ns) / 1e6));
}
