/** Which markets are complete: a market is done when the last chunk that holds any of its fills is done. */
import type { Plan } from './chunk.js';

export class MarketProgress {
  /** Markets of the plan. */
  readonly total: number;
  #done = 0;
  readonly #chunksLeft: Uint32Array;
  readonly #marketsOfPack: Uint32Array[];
  readonly #packOfChunk: readonly (number | null)[];
  readonly #ended = new Set<number>();
  readonly #chunks: number;

  /** `markets`: of each token of the plan. */
  constructor(plan: Plan, markets: readonly string[]) {
    const numbers = new Map<string, number>();
    const marketOfToken = markets.map((key) => {
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    });
    this.total = numbers.size;
    this.#marketsOfPack = plan.packs.map((pack) => {
      const markets = new Set(pack.lanes.flatMap((lane) => lane.tokens.map((token) => marketOfToken[token] as number)));
      return Uint32Array.from(markets);
    });
    this.#packOfChunk = plan.chunks.map((chunk) => chunk.pack);
    this.#chunks = plan.chunks.length;
    this.#chunksLeft = new Uint32Array(this.total);
    for (const pack of this.#packOfChunk) {
      if (pack === null) continue;
      for (const market of this.#marketsOfPack[pack] as Uint32Array) this.#chunksLeft[market] = this.#left(market) + 1;
    }
  }

  get done(): number {
    return this.#done;
  }

  /** Notes that a chunk is done; returns how many markets that completes. The same chunk again completes none. */
  chunkDone(ordinal: number): number {
    if (this.#ended.has(ordinal)) return 0;
    this.#ended.add(ordinal);
    const pack = this.#packOfChunk[ordinal];
    const before = this.#done;
    if (pack === undefined) throw new RangeError(`the plan has no chunk ${ordinal}`);
    if (pack === null) {
      // The whole tape by time: any window may hold fills of any market.
      if (this.#ended.size === this.#chunks) this.#done = this.total;
    } else {
      for (const market of this.#marketsOfPack[pack] as Uint32Array) {
        const left = this.#left(market) - 1;
        this.#chunksLeft[market] = left;
        if (left === 0) this.#done++;
      }
    }
    return this.#done - before;
  }

  #left(market: number): number {
    return this.#chunksLeft[market] as number;
  }
}
