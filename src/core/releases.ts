/** Whoever opens something pushes its release; releases run last in, first out, and one that fails stops no other. */
export class Releases {
  readonly #stack: { what: string; release: () => Promise<void> | void }[] = [];

  push(what: string, release: () => Promise<void> | void): void {
    this.#stack.push({ what, release });
  }

  /** Runs every release once; returns what failed, so that the caller can log it. */
  async run(): Promise<{ what: string; error: unknown }[]> {
    const failures: { what: string; error: unknown }[] = [];
    for (let next = this.#stack.pop(); next; next = this.#stack.pop()) {
      try {
        await next.release();
      } catch (error) {
        failures.push({ what: next.what, error });
      }
    }
    return failures;
  }
}
