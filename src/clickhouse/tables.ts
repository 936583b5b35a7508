/** The names and shapes that the rest of the program shares with `sql/schema/`. */
export const FILLS_STAGING = 'clob_fills_staging';
export const FILLS_LIVE = 'clob_fills';

export interface FillsColumn {
  readonly name: string;
  readonly type: string;
}

/** In the order of the RowBinary encoder; a test compares them with what `sql/schema/fills.sql` makes. */
export const FILLS_COLUMNS: readonly FillsColumn[] = [
  { name: 'tx_hash', type: 'FixedString(32)' },
  { name: 'order_hash', type: 'FixedString(32)' },
  { name: 'block_time', type: "DateTime('UTC')" },
  { name: 'wallet', type: 'FixedString(20)' },
  { name: 'counterparty', type: 'FixedString(20)' },
  { name: 'token_id', type: 'UInt256' },
  { name: 'side', type: "Enum8('BUY' = 1, 'SELL' = 2)" },
  { name: 'shares', type: 'Decimal(18, 6)' },
  { name: 'usdc', type: 'Decimal(18, 6)' },
  { name: 'fee', type: 'Decimal(18, 6)' },
];

export const FILLS_COLUMN_NAMES: readonly string[] = FILLS_COLUMNS.map((column) => column.name);

/** ALIAS columns: readable forms. */
export const FILLS_ALIASES: readonly string[] = [
  'wallet_hex',
  'counterparty_hex',
  'tx_hash_hex',
  'order_hash_hex',
  'price',
];

export const FILLS_SORTING_KEY = 'token_id, block_time, tx_hash, order_hash';

/** The other tables, each `sql/schema/<name>.sql`. */
export const OTHER_TABLES = ['outcome_tokens', 'markets', 'source_counts', 'runs', 'promotions'] as const;
