export const WALLET_MARKET = 'wallet_market_pnl';
export const WALLETS = 'wallet_pnl';
/** One row for each transaction and condition of live that does not conserve, and why. */
export const PNL_RESIDUALS = 'pnl_residuals';

/** Names of one rebuild's tables. Those of the results are fixed: what a killed rebuild left is replaced by the next. */
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

export function rebuildTables(fills: string): RebuildTables {
  return {
    fills,
    map: 'pnl_scratch_map',
    flagged: 'pnl_scratch_flagged',
    unbalanced: 'pnl_scratch_unbalanced',
    tokens: 'pnl_scratch_tokens',
    pairs: 'pnl_scratch_pairs',
    averageCost: 'pnl_scratch_average_cost',
    residuals: PNL_RESIDUALS,
    walletMarket: `${WALLET_MARKET}_staging`,
    wallets: `${WALLETS}_staging`,
  };
}

export const SCRATCH: readonly (keyof RebuildTables)[] = [
  'map',
  'flagged',
  'unbalanced',
  'tokens',
  'pairs',
  'averageCost',
];
