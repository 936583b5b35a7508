import { EXCHANGES as KNOWN } from '../../../sources/chain/exchanges.js';

/** Polymarket's exchanges of every generation on Polygon, lower-case hex without 0x. */
export const EXCHANGES: readonly string[] = KNOWN.map(({ address }) => address.slice(2));

/** Never people: left out of leaderboards. */
export const CONTRACTS: readonly string[] = [
  ...EXCHANGES,
  'd91e80cf2e7be2e162c6513ced06f1dd0da35296', // neg-risk adapter
  '4d97dcd97ec945f40cf65f87097ace5ea0476045', // conditional tokens
];
