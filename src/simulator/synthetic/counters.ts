/** What the orderbook subgraph has counted up to a block: one cheap pass over every match. */
import type { Counters, Table } from '../universe.js';
import type { Matches } from './matches.js';

const CARRY = 2 ** 50;

/** Sums beyond 2^53, kept as high × 2^50 + low, both exact. Summands are below 2^50. */
export class ExactSums {
  readonly #low: Float64Array;
  readonly #high: Float64Array;

  constructor(size: number) {
    this.#low = new Float64Array(size);
    this.#high = new Float64Array(size);
  }

  add(at: number, value: number): void {
    let sum = (this.#low[at] as number) + value;
    if (sum >= CARRY) {
      sum -= CARRY;
      this.#high[at] = (this.#high[at] as number) + 1;
    }
    this.#low[at] = sum;
  }

  value(at: number): bigint {
    return BigInt(this.#high[at] as number) * BigInt(CARRY) + BigInt(this.#low[at] as number);
  }
}

export class CounterPass {
  /** By token × 2 + side. */
  readonly counts: Uint32Array;
  /** Micro-USDC, likewise. */
  readonly volumes: ExactSums;
  /** Fills with distinct ids. */
  served = 0;

  constructor(
    matches: Matches,
    readonly block: number,
  ) {
    const { markets } = matches;
    this.counts = new Uint32Array(markets.count * 4);
    this.volumes = new ExactSums(markets.count * 4);
    for (let m = 0; m < markets.count; m++) this.#countMarket(matches, m);
  }

  #countMarket(matches: Matches, m: number): void {
    const { markets } = matches;
    const n = markets.matches[m] as number;
    if (n === 0 || (markets.start[m] as number) > this.block) return;
    const { counts, volumes } = this;
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
        volumes.add(at, cash[i] as number);
      }
      this.served += matches.double ? legs - 1 : legs;
    }
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
          buyVolume: this.volumes.value(token * 2),
          sellVolume: this.volumes.value(token * 2 + 1),
        };
      },
    };
  }

  #has(token: number): boolean {
    return (this.counts[token * 2] as number) + (this.counts[token * 2 + 1] as number) > 0;
  }
}
