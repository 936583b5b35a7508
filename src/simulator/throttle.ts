/** The source's allowance: so many requests in a window, or a bucket that fills at a steady rate. */
export interface ThrottleOptions {
  /** Requests a second; 0 or undefined: no limit. */
  readonly rps?: number;
  readonly kind?: 'window' | 'sliding' | 'bucket';
  /** *Limits reset every 10 seconds*: a window holds rps × its length. */
  readonly windowMs?: number;
  /** What a refusal says: the seconds that are left, a fixed number, or nothing. */
  readonly retryAfter?: 'left' | 'none' | number;
}

export class Throttle {
  #rps: number;
  #windowStart = Number.NEGATIVE_INFINITY;
  #used = 0;
  #level = 0;
  #levelAt = 0;
  readonly #windowMs: number;
  readonly #kind: 'window' | 'sliding' | 'bucket';
  /** When the requests of the last window were served, oldest first. */
  readonly #served: number[] = [];

  constructor(
    readonly options: ThrottleOptions,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#rps = options.rps ?? 0;
    this.#windowMs = options.windowMs ?? 10_000;
    this.#kind = options.kind ?? 'window';
    this.#levelAt = now();
  }

  setRps(rps: number): void {
    this.#fill(this.now());
    this.#rps = rps;
  }

  /** Undefined when allowed; else what to answer in `Retry-After` (null: without the header). */
  refuse(): { readonly retryAfterSeconds: number | null } | undefined {
    if (this.#rps <= 0) return undefined;
    const now = this.now();
    if (this.#kind === 'sliding') return this.#refuseInSlidingWindow(now);
    return this.#kind === 'window' ? this.#refuseInWindow(now) : this.#refuseFromBucket(now);
  }

  #refuseInWindow(now: number): { retryAfterSeconds: number | null } | undefined {
    if (now - this.#windowStart >= this.#windowMs) {
      // Windows follow one another without a gap; after a pause they start anew.
      const passed = Math.floor((now - this.#windowStart) / this.#windowMs);
      this.#windowStart = passed === 1 ? this.#windowStart + this.#windowMs : now;
      this.#used = 0;
    }
    if (this.#used < (this.#rps * this.#windowMs) / 1000) {
      this.#used++;
      return undefined;
    }
    return this.#refusal((this.#windowStart + this.#windowMs - now) / 1000);
  }

  #refuseInSlidingWindow(now: number): { retryAfterSeconds: number | null } | undefined {
    const served = this.#served;
    while ((served[0] ?? now) <= now - this.#windowMs) served.shift();
    if (served.length < (this.#rps * this.#windowMs) / 1000) {
      served.push(now);
      return undefined;
    }
    return this.#refusal(((served[0] as number) + this.#windowMs - now) / 1000);
  }

  #refuseFromBucket(now: number): { retryAfterSeconds: number | null } | undefined {
    this.#fill(now);
    if (this.#level >= 1) {
      this.#level -= 1;
      return undefined;
    }
    return this.#refusal((1 - this.#level) / this.#rps);
  }

  /** The bucket holds one second's worth, at least one request. */
  #fill(now: number): void {
    const depth = Math.max(1, this.#rps);
    this.#level = Math.min(depth, this.#level + ((now - this.#levelAt) / 1000) * this.#rps);
    this.#levelAt = now;
  }

  #refusal(leftSeconds: number): { retryAfterSeconds: number | null } {
    const { retryAfter = 'left' } = this.options;
    if (retryAfter === 'none') return { retryAfterSeconds: null };
    return { retryAfterSeconds: retryAfter === 'left' ? Math.max(1, Math.ceil(leftSeconds)) : retryAfter };
  }
}
