/**
 * The request limit of one host in shared memory, so that every thread draws from one budget: a GCRA cell, a pause, and how many
 * refusals are tolerated.
 *
 * Times are nanoseconds of the system's monotonic clock (`process.hrtime`), which all threads share and which does not
 * jump. The cell holds the theoretical arrival time of the next request; a request may go when that time has come, less
 * a small tolerance that makes up for late timers.
 *
 * A host at its limit refuses one request after the other: then everyone pauses for as long as it said. A gateway that refuses
 * one in a hundred, however slowly it is asked, is no limit: then only the refused request waits. A bucket tells them apart:
 * a refusal takes one out, an answer puts a twenty-fifth of one in, and who finds it empty pauses everyone.
 */
const ARRIVAL = 0;
const INTERVAL = 1;
const PAUSED_UNTIL = 2;
const GRANTED = 3;
const ANSWERS = 4;
const THROTTLED = 5;
const PAUSES = 6;
/** Refusals that are tolerated now and at most, in parts of `ONE`. */
const TOLERATES = 7;
const TOLERATES_MAX = 8;
const CELLS = 9;

const NS_PER_MS = 1_000_000n;
/** Timers fire up to some milliseconds late; without this much catching up the limit would never be reached. */
const LATE_NS = 50n * NS_PER_MS;
/** For a refusal that does not say how long. */
const UNTOLD_PAUSE_MS = 1_000;
/** No server's word makes us sleep longer at a time. */
export const MAX_PAUSE_MS = 600_000;
/** So many answers make up for one refusal. */
const ANSWERS_A_REFUSAL = 25;
const ONE = BigInt(1_000 * ANSWERS_A_REFUSAL);
const ONE_ANSWER = 1_000n;
/** Tolerated at most: so many, and what is asked for in so long; where it is a limit, the requests in flight cost no less. */
const TOLERATED = 1.5;
const TOLERATED_S = 0.05;

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
    Atomics.store(cell.#cells, TOLERATES, Atomics.load(cell.#cells, TOLERATES_MAX));
    return cell;
  }

  setRate(rps: number): void {
    Atomics.store(this.#cells, INTERVAL, BigInt(Math.round(1e9 / rps)));
    Atomics.store(this.#cells, TOLERATES_MAX, BigInt(Math.round(Number(ONE) * (TOLERATED + TOLERATED_S * rps))));
  }

  get rps(): number {
    return 1e9 / Number(Atomics.load(this.#cells, INTERVAL));
  }

  get granted(): number {
    return Number(Atomics.load(this.#cells, GRANTED));
  }

  /** Requests that came back, well or not, without being throttled. */
  get answers(): number {
    return Number(Atomics.load(this.#cells, ANSWERS));
  }

  /** Requests that were refused. */
  get throttled(): number {
    return Number(Atomics.load(this.#cells, THROTTLED));
  }

  /** Those of them that made everyone pause. */
  get pauses(): number {
    return Number(Atomics.load(this.#cells, PAUSES));
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
    const next = (arrival < now - LATE_NS ? now - LATE_NS : arrival) + interval;
    // Another thread was faster: it took this slot.
    if (Atomics.compareExchange(this.#cells, ARRIVAL, arrival, next) !== arrival) return 1;
    Atomics.add(this.#cells, GRANTED, 1n);
    return 0;
  }

  answered(): void {
    Atomics.add(this.#cells, ANSWERS, 1n);
    const tolerated = Atomics.load(this.#cells, TOLERATES);
    if (tolerated >= Atomics.load(this.#cells, TOLERATES_MAX)) return;
    // Where another thread was faster, this answer does not count: the bucket never holds too much.
    Atomics.compareExchange(this.#cells, TOLERATES, tolerated, tolerated + ONE_ANSWER);
  }

  /** The host refused a request, and said for how long, or nothing. */
  refused(retryAfterMs = 0): void {
    Atomics.add(this.#cells, THROTTLED, 1n);
    for (;;) {
      const tolerated = Atomics.load(this.#cells, TOLERATES);
      if (tolerated < ONE) break;
      if (Atomics.compareExchange(this.#cells, TOLERATES, tolerated, tolerated - ONE) === tolerated) return;
    }
    this.hold(retryAfterMs > 0 ? retryAfterMs : UNTOLD_PAUSE_MS);
    Atomics.add(this.#cells, PAUSES, 1n);
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
