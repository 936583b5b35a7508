/** What the orderbook subgraph has counted up to a block: one cheap pass over every match. */
import type { Counters, Table } from '../universe.js';
import type { Matches } from './matches.js';

/** Sums above 2^53 are kept as high × 2^50 + low, both exact. */
const CARRY = 2 ** 50;
const CARRY_BIG = 1n << 50n;

export class CounterPass {
  /** By token × 2 + side. */
  readonly counts: Uint32Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  /** Fills with distinct ids. */
  served = 0;

  constructor(
    matches: Matches,
    readonly block: number,
  ) {
    const { markets } = matches;
    this.counts = new Uint32Array(markets.count * 4);
    this.#low = new Float64Array(markets.count * 4);
    this.#high = new Float64Array(markets.count * 4);
    for (let m = 0; m < markets.count; m++) this.#countMarket(matches, m);
  }

  #countMarket(matches: Matches, m: number): void {
    const { markets } = matches;
    const n = markets.matches[m] as number;
    if (n === 0 || (markets.start[m] as number) > this.block) return;
    const { counts } = this;
    const low = this.#low;
    const high = this.#high;
    const { lane, cash } = matches;
    const base = m * 4;
    for (let j = 0; j < n; j++) {
      matches.shape(m, j);
      if (matches.block > this.block) continue;
      matches.amounts();
      const { legs } = matches;
      for (let i = 0; i < legs; i++) {
        const at = base + (lane[i] as number);
        counts[at] = (counts[at] as number) + 1;
        let sum = (low[at] as number) + (cash[i] as number);
        if (sum >= CARRY) {
          sum -= CARRY;
          high[at] = (high[at] as number) + 1;
        }
        low[at] = sum;
      }
      this.served += matches.double ? legs - 1 : legs;
    }
  }

  volume(at: number): bigint {
    return BigInt(this.#high[at] as number) * CARRY_BIG + BigInt(this.#low[at] as number);
  }

  /** Tokens that were traded, in the order of their ids. */
  table(tokens: readonly string[], sortedTokens: Uint32Array): Table<Counters> {
    const traded = sortedTokens.filter((token) => this.#has(token));
    return {
      size: traded.length,
      id: (index) => tokens[traded[index] as number] as string,
      row: (index) => {
        const token = traded[index] as number;
        return {
          token: tokens[token] as string,
          buys: this.counts[token * 2] as number,
          sells: this.counts[token * 2 + 1] as number,
          buyVolume: this.volume(token * 2),
          sellVolume: this.volume(token * 2 + 1),
        };
      },
    };
  }

  #has(token: number): boolean {
    return (this.counts[token * 2] as number) + (this.counts[token * 2 + 1] as number) > 0;
  }
}
