import type { Chunk, Plan } from '../plan/chunk.js';
import type { FrozenPlan } from './run-folder.js';

/** Which markets a chunk touches, and which are complete: a market is done when the last chunk that touches it is. */
export class MarketTally {
  readonly #plan: Plan;
  readonly #marketOfToken: readonly number[];
  readonly #left: Uint32Array;
  readonly #names: readonly string[];

  /** `done` tells which chunks have ended in earlier sittings. */
  constructor(frozen: FrozenPlan, done: (ordinal: number) => boolean) {
    this.#plan = frozen.plan;
    const indexes = new Map<string, number>();
    this.#marketOfToken = frozen.plan.tokens.map(({ token }, i) => {
      // A token that no market explains is a market of its own.
      const name = frozen.markets[i] ?? token;
      const known = indexes.get(name);
      if (known !== undefined) return known;
      indexes.set(name, indexes.size);
      return indexes.size - 1;
    });
    this.#names = [...indexes.keys()];
    this.#left = new Uint32Array(this.#names.length);
    for (const [ordinal, chunk] of this.#plan.chunks.entries()) {
      if (done(ordinal)) continue;
      for (const market of this.#marketsOf(chunk)) this.#left[market] = (this.#left[market] ?? 0) + 1;
    }
  }

  get total(): number {
    return this.#names.length;
  }

  get done(): number {
    return this.#left.reduce((count, left) => count + (left === 0 ? 1 : 0), 0);
  }

  /** Markets that this chunk's end completes. */
  chunkDone(ordinal: number): number {
    let completed = 0;
    for (const market of this.#marketsOf(this.#plan.chunks[ordinal] as Chunk)) {
      const left = (this.#left[market] ?? 0) - 1;
      this.#left[market] = left;
      if (left === 0) completed++;
    }
    return completed;
  }

  /** Condition ids, or token ids where no condition is known. */
  namesOf(ordinal: number): string[] {
    return [...this.#marketsOf(this.#plan.chunks[ordinal] as Chunk)].map((market) => this.#names[market] as string);
  }

  #marketsOf(chunk: Chunk): Set<number> {
    // A chunk of the whole tape touches every market.
    if (chunk.pack === null) return new Set(this.#names.keys());
    const tokens = this.#plan.packs[chunk.pack]?.lanes.flatMap((lane) => lane.tokens) ?? [];
    return new Set(tokens.map((token) => this.#marketOfToken[token] as number));
  }
}
