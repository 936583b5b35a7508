import type { PlanOptions, TokenCount } from '../../../../src/datasets/fills/plan/chunk.js';

export const OPTIONS: PlanOptions = {
  partition: 'markets',
  sliceBy: 'id',
  pageRows: 1000,
  chunkPages: 10,
  maxPackTokens: 200,
};

/** mulberry32: the same seed gives the same universe everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface UniverseShape {
  readonly markets: number;
  readonly fills: number;
  /** Spread of market sizes: the standard deviation of their logarithm. 2.5 makes the largest a fourteenth of all. */
  readonly skew: number;
  readonly buyShare: number;
  readonly seed: number;
}

/** Two tokens a market, a third of the markets empty, sizes log-normal, each token with an imbalance of its own. */
export function makeUniverse({ markets, fills, skew, buyShare, seed }: UniverseShape): TokenCount[] {
  const random = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const weights = Array.from({ length: markets }, () => (random() < 1 / 3 ? 0 : Math.exp(skew * normal())));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.flatMap((weight) => {
    const all = Math.round((weight / sum) * fills);
    const first = Math.round(all * (0.3 + 0.4 * random()));
    return [first, all - first].map((rows) => {
      const buys = Math.round(rows * Math.min(0.95, Math.max(0.05, buyShare + 0.15 * normal())));
      const hex = Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join('');
      return { token: BigInt(`0x${hex}`).toString(), buys, sells: rows - buys, buyMicros: '0', sellMicros: '0' };
    });
  });
}
