export const WALLET_MARKET = 'wallet_market_pnl';
export const WALLETS = 'wallet_pnl';
/** One row for each transaction and condition of live that does not conserve, and why. */
export const PNL_RESIDUALS = 'pnl_residuals';

/** Names of one rebuild's tables: its own, so that two rebuilds never read or publish each other's. */
export interface RebuildTables {
  readonly fills: string;
  readonly map: string;
  readonly flagged: string;
  readonly unbalanced: string;
  readonly tokens: string;
  readonly pairs: string;
  readonly averageCost: string;
  readonly residuals: string;
  readonly walletMarket: string;
  readonly wallets: string;
}

/** @param id hex digits, of this rebuild alone */
export function rebuildTables(fills: string, id: string): RebuildTables {
  return {
    fills,
    map: `pnl_scratch_map_${id}`,
    flagged: `pnl_scratch_flagged_${id}`,
    unbalanced: `pnl_scratch_unbalanced_${id}`,
    tokens: `pnl_scratch_tokens_${id}`,
    pairs: `pnl_scratch_pairs_${id}`,
    averageCost: `pnl_scratch_average_cost_${id}`,
    residuals: `${PNL_RESIDUALS}_staging_${id}`,
    walletMarket: `${WALLET_MARKET}_staging_${id}`,
    wallets: `${WALLETS}_staging_${id}`,
  };
}

/** Which of a rebuild's tables go live, and as what; in the order of their exchanges. */
export const RESULTS = [
  ['walletMarket', WALLET_MARKET],
  ['wallets', WALLETS],
  ['residuals', PNL_RESIDUALS],
] as const;

export const SCRATCH: readonly (keyof RebuildTables)[] = [
  'map',
  'flagged',
  'unbalanced',
  'tokens',
  'pairs',
  'averageCost',
];
