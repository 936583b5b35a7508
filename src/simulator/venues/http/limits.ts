/** How the hosts limit: each in its own manner, all by the real clock. */
import type { Answer, Asked } from './host.js';

/** Wait so long and then answer, or answer with a refusal. */
export type Entry = { readonly delayMs: number } | { readonly refusal: Answer };

export interface Limiter {
  enter(endpoint: string, asked: Asked): Entry;
  /** The answer has left. */
  leave?(): void;
}

export type WallClock = () => number;
const monotonic: WallClock = () => performance.now();

export const UNLIMITED: Limiter = { enter: () => ({ delayMs: 0 }) };

/** So many in any stretch of `windowMs`: the starts of the last `size` requests, in a ring. */
class SlidingWindow {
  readonly #starts: Float64Array;
  #next = 0;

  constructor(
    size: number,
    readonly windowMs: number,
  ) {
    this.#starts = new Float64Array(Math.max(1, Math.floor(size))).fill(Number.NEGATIVE_INFINITY);
  }

  /** The first moment at which one more fits. */
  freeAt(): number {
    return (this.#starts[this.#next] as number) + this.windowMs;
  }

  take(atMs: number): void {
    this.#starts[this.#next] = atMs;
    this.#next = (this.#next + 1) % this.#starts.length;
  }
}

export interface WindowRule {
  /** Endpoints that share the window; undefined: all of the host. */
  readonly endpoints?: readonly string[];
  readonly requests: number;
}

/** Cloudflare before Polymarket: over the limit a request waits its turn; only a long queue is refused. */
export class DelayingLimiter implements Limiter {
  readonly #rules: { readonly endpoints: readonly string[] | undefined; readonly window: SlidingWindow }[];

  constructor(
    rules: readonly WindowRule[],
    scale: number,
    readonly longestDelayMs = 15_000,
    readonly now: WallClock = monotonic,
    windowMs = 10_000,
  ) {
    this.#rules = rules.map(({ endpoints, requests }) => ({
      endpoints,
      window: new SlidingWindow(requests * scale, windowMs),
    }));
  }

  enter(endpoint: string): Entry {
    const now = this.now();
    const windows = this.#rules.filter((rule) => rule.endpoints?.includes(endpoint) ?? true).map((rule) => rule.window);
    const at = Math.max(now, ...windows.map((window) => window.freeAt()));
    if (at - now > this.longestDelayMs) {
      const body = '<html><head><title>429 Too Many Requests</title></head><body>error code: 1015</body></html>';
      return { refusal: { status: 429, headers: { 'content-type': 'text/html' }, body } };
    }
    for (const window of windows) window.take(at);
    return { delayMs: at - now };
  }
}

/** A bucket that fills steadily; what does not fit is refused. */
export class BucketLimiter implements Limiter {
  #level: number;
  #at: number;

  /** @param perSecond by what the request carries (a key, say) @param burst requests that fit at once */
  constructor(
    readonly perSecond: (asked: Asked) => number,
    readonly burst: number,
    readonly refusal: () => Answer,
    readonly now: WallClock = monotonic,
  ) {
    this.#level = burst;
    this.#at = now();
  }

  enter(_endpoint: string, asked: Asked): Entry {
    const now = this.now();
    this.#level = Math.min(this.burst, this.#level + ((now - this.#at) * this.perSecond(asked)) / 1000);
    this.#at = now;
    if (this.#level < 1) return { refusal: this.refusal() };
    this.#level -= 1;
    return { delayMs: 0 };
  }
}

/** Limitless: so many at once, and a gap between starts, with some slack for the way. */
export class GapLimiter implements Limiter {
  #inFlight = 0;
  #earliest = Number.NEGATIVE_INFINITY;

  constructor(
    readonly atOnce: number,
    readonly gapMs: number,
    readonly refusal: () => Answer,
    readonly now: WallClock = monotonic,
  ) {}

  enter(): Entry {
    const now = this.now();
    if (this.#inFlight >= this.atOnce || now < this.#earliest - this.gapMs) return { refusal: this.refusal() };
    this.#earliest = Math.max(now, this.#earliest) + this.gapMs;
    this.#inFlight++;
    return { delayMs: 0 };
  }

  leave(): void {
    this.#inFlight--;
  }
}

/** So many a calendar minute of the process, counted anew in each. */
export class MinuteLimiter implements Limiter {
  #minute = -1;
  #used = 0;

  constructor(
    readonly perMinute: number,
    readonly refusal: (leftSeconds: number) => Answer,
    readonly now: WallClock = monotonic,
  ) {}

  enter(): Entry {
    const now = this.now();
    const minute = Math.floor(now / 60_000);
    if (minute !== this.#minute) [this.#minute, this.#used] = [minute, 0];
    if (this.#used >= this.perMinute) return { refusal: this.refusal(Math.ceil(((minute + 1) * 60_000 - now) / 1000)) };
    this.#used++;
    return { delayMs: 0 };
  }
}
