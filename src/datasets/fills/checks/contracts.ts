/** Polymarket's contracts on Polygon, lower-case hex without 0x. */
export const EXCHANGES: readonly string[] = [
  '4bfb41d5b3570defd03c39a9a4d8de6bd8b8982e', // CTF exchange
  'c5d563a36ae78145c45a50134d48a1215220f80a', // neg-risk exchange
];

/** Never people: left out of leaderboards. */
export const CONTRACTS: readonly string[] = [
  ...EXCHANGES,
  'd91e80cf2e7be2e162c6513ced06f1dd0da35296', // neg-risk adapter
  '4d97dcd97ec945f40cf65f87097ace5ea0476045', // conditional tokens
];
