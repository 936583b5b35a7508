/** The names and shapes that the rest of the program shares with `sql/schema/`. */
export const FILLS_STAGING = 'clob_fills_staging';
export const FILLS_LIVE = 'clob_fills';

export interface FillsColumn {
  readonly name: string;
  readonly type: string;
  /** Of one value in RowBinary. */
  readonly bytes: number;
}

/** Value 1, `v1`, is for rows of the subgraph, which does not say which of the two it was. */
const EXCHANGE_TYPE =
  "Enum8('v1' = 1, 'v1_ctf' = 2, 'v1_neg_risk' = 3, 'v2_ctf' = 4, 'v2_neg_risk' = 5, 'v2_neg_risk_b' = 6, 'v3' = 7)";

/**
 * In the order of RowBinary; encoders take their offsets from here. Tests compare them with what `sql/schema/fills.sql` makes, and
 * find every one of them in the checksum and in the gate of ranges.
 */
export const FILLS_COLUMNS: readonly FillsColumn[] = [
  { name: 'tx_hash', type: 'FixedString(32)', bytes: 32 },
  { name: 'order_hash', type: 'FixedString(32)', bytes: 32 },
  { name: 'block_time', type: "DateTime('UTC')", bytes: 4 },
  { name: 'wallet', type: 'FixedString(20)', bytes: 20 },
  { name: 'counterparty', type: 'FixedString(20)', bytes: 20 },
  { name: 'token_id', type: 'UInt256', bytes: 32 },
  { name: 'side', type: "Enum8('BUY' = 1, 'SELL' = 2)", bytes: 1 },
  { name: 'shares', type: 'Decimal(18, 6)', bytes: 8 },
  { name: 'usdc', type: 'Decimal(18, 6)', bytes: 8 },
  { name: 'fee', type: 'Decimal(18, 6)', bytes: 8 },
  { name: 'exchange', type: EXCHANGE_TYPE, bytes: 1 },
  { name: 'block_number', type: 'UInt32', bytes: 4 },
  { name: 'log_index', type: 'Int32', bytes: 4 },
];

export const FILLS_COLUMN_NAMES: readonly string[] = FILLS_COLUMNS.map((column) => column.name);

/** ALIAS columns: readable forms, and what a fill meant for the money and shares of its wallet. */
export const FILLS_ALIASES: readonly string[] = [
  'wallet_hex',
  'counterparty_hex',
  'tx_hash_hex',
  'order_hash_hex',
  'price',
  'fee_usdc',
  'fee_shares',
  'cash',
  'net_shares',
];

export const FILLS_SORTING_KEY = 'token_id, block_time, tx_hash, order_hash, log_index';

/** The other tables, each `sql/schema/<name>.sql`. */
export const OTHER_TABLES = [
  'schema_version',
  'outcome_tokens',
  'markets',
  'source_counts',
  'runs',
  'promotions',
] as const;
