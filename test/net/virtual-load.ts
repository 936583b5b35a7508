import { AdaptiveRate } from '../../src/net/adaptive-rate.js';
import { RateCell } from '../../src/net/rate-cell.js';
import { Throttle, type ThrottleOptions } from '../../src/simulator/throttle.js';

/** A load of some minutes against a throttling source in virtual time: the program's own rate of a host, no waiting. */
export interface VirtualLoad {
  readonly maxRps: number;
  readonly workers: number;
  readonly latencyMs: number;
  readonly minutes: number;
  readonly source: ThrottleOptions;
  /** The source's allowance from a minute on. */
  readonly changes?: readonly { readonly atMinute: number; readonly rps: number }[];
  /** Whether the gateway refuses the nth request, whatever the rate, without a word of how long to wait. */
  readonly hiccup?: (nth: number) => boolean;
  /** What such a refusal says in `Retry-After`; nothing by default. */
  readonly hiccupRetryAfterSeconds?: number;
}

export interface VirtualFigures {
  readonly served: number;
  readonly refused: number;
  /** Served, as a share of what the source allowed in that time. */
  readonly servedShare: number;
  /** Refused, as a share of all requests. */
  readonly refusedShare: number;
}

export interface MinuteFigures {
  readonly served: number;
  readonly refused: number;
  readonly allowed: number;
}

const TICK_MS = 250;
const MAX_SLEEP_MS = 250;
const DEFAULT_RETRY_MS = 1000;

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/** Earliest first. */
class EventQueue {
  readonly #heap: Event[] = [];

  push(event: Event): void {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((heap[parent] as Event).atMs <= event.atMs) break;
      heap[i] = heap[parent] as Event;
      i = parent;
    }
    heap[i] = event;
  }

  pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Event).atMs < (heap[child] as Event).atMs) child++;
      if ((heap[child] as Event).atMs >= last.atMs) break;
      heap[i] = heap[child] as Event;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

/** Figures of each minute. */
export function runVirtualLoad(load: VirtualLoad): MinuteFigures[] {
  let nowMs = 0;
  const events = new EventQueue();
  const later = (ms: number, run: () => void) => events.push({ atMs: nowMs + ms, run });
  const throttle = new Throttle(load.source, () => nowMs);
  const cell = RateCell.create(load.maxRps, () => BigInt(Math.round(nowMs * 1e6)) + 10_000_000_000n);
  const rate = new AdaptiveRate(load.maxRps, cell, () => nowMs);
  // The virtual clock drives it.
  rate.close();
  const minutes = Array.from({ length: load.minutes }, (_, minute) => {
    const last = (load.changes ?? []).filter(({ atMinute }) => atMinute <= minute).at(-1);
    return { served: 0, refused: 0, allowed: ((last ?? load.source).rps as number) * 60 };
  });
  let arrived = 0;
  let waiting = load.workers;
  let pumpAtMs = Number.POSITIVE_INFINITY;

  const pump = () => {
    while (waiting > 0) {
      const waitMs = cell.tryTake();
      if (waitMs > 0) {
        const atMs = nowMs + Math.min(waitMs, MAX_SLEEP_MS);
        if (atMs >= pumpAtMs) return;
        pumpAtMs = atMs;
        later(atMs - nowMs, () => {
          pumpAtMs = Number.POSITIVE_INFINITY;
          pump();
        });
        return;
      }
      waiting--;
      later(load.latencyMs / 2, () => arrive());
    }
  };
  const arrive = () => {
    const refusal = load.hiccup?.(arrived++)
      ? { retryAfterSeconds: load.hiccupRetryAfterSeconds ?? null }
      : throttle.refuse();
    const minute = minutes[Math.floor(nowMs / 60_000)];
    if (minute) minute[refusal ? 'refused' : 'served']++;
    later(load.latencyMs / 2, () => {
      if (!refusal) {
        cell.answered();
        waiting++;
        pump();
        return;
      }
      const retryMs = refusal.retryAfterSeconds === null ? undefined : refusal.retryAfterSeconds * 1000;
      cell.refused(retryMs);
      later(retryMs ?? DEFAULT_RETRY_MS, () => {
        waiting++;
        pump();
      });
    });
  };
  const tick = () => {
    rate.look();
    later(TICK_MS, tick);
  };
  for (const { atMinute, rps } of load.changes ?? []) {
    later(atMinute * 60_000, () => throttle.setRps(rps));
  }
  later(TICK_MS, tick);
  later(0, pump);
  for (let event = events.pop(); event && event.atMs < load.minutes * 60_000; event = events.pop()) {
    nowMs = event.atMs;
    event.run();
  }
  return minutes;
}

export function figuresOf(minutes: readonly MinuteFigures[]): VirtualFigures {
  const sum = (key: keyof MinuteFigures) => minutes.reduce((total, minute) => total + minute[key], 0);
  const [served, refused, allowed] = [sum('served'), sum('refused'), sum('allowed')];
  return { served, refused, servedShare: served / allowed, refusedShare: refused / Math.max(1, served + refused) };
}
