/** How late a signal may be: a stop has a grace of seconds. */
const LOOK_EVERY_MS = 50;

/** One bit that every thread can see: attempts end after the part in hand. */
export class StopFlag {
  readonly #cell: Int32Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.#cell = new Int32Array(memory);
  }

  raise(): void {
    Atomics.store(this.#cell, 0, 1);
  }

  get raised(): boolean {
    return Atomics.load(this.#cell, 0) === 1;
  }

  /** The flag as a signal of this thread, which signals cannot leave. `release` ends the looking. */
  signal(): { readonly signal: AbortSignal; release(): void } {
    const stop = new AbortController();
    const look = () => {
      if (!this.raised) return;
      clearInterval(timer);
      stop.abort();
    };
    const timer = setInterval(look, LOOK_EVERY_MS).unref();
    look();
    return { signal: stop.signal, release: () => clearInterval(timer) };
  }
}
