import { setImmediate as turn } from 'node:timers/promises';

/** A clock that jumps to the next sleeper as soon as nothing else can happen. */
export class VirtualClock {
  ms = 0;
  readonly #sleepers: { atMs: number; wake: (slept: boolean) => void }[] = [];

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const sleeper = { atMs: this.ms + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        const at = this.#sleepers.indexOf(sleeper);
        if (at >= 0) this.#sleepers.splice(at, 1);
        resolve(false);
      });
    });
  }

  /** Runs until the work is over. Throws when nothing can happen any more, or too much has happened. */
  async runUntil<T>(work: Promise<T>, maxMs = 24 * 3_600_000): Promise<T> {
    const state = { over: false };
    const noted = work.finally(() => {
      state.over = true;
    });
    noted.catch(() => undefined);
    for (;;) {
      for (let i = 0; i < 4 && !state.over; i++) await turn();
      if (state.over) return noted;
      const next = [...this.#sleepers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) throw new Error(`nothing can happen any more at ${this.ms} ms`);
      if (next.atMs > maxMs) throw new Error(`not over after ${maxMs} ms`);
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      this.ms = Math.max(this.ms, next.atMs);
      next.wake(true);
    }
  }
}
