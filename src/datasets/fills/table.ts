import { FILLS_COLUMNS } from '../../clickhouse/tables.js';

/** Width of a row in RowBinary. */
export const FILL_BYTES = FILLS_COLUMNS.reduce((sum, { bytes }) => sum + bytes, 0);

/** Byte offset of a column in a row. Throws for a name that is none. */
function offsetOf(name: string): number {
  const at = FILLS_COLUMNS.findIndex((column) => column.name === name);
  if (at < 0) throw new Error(`clob_fills has no column ${name}`);
  return FILLS_COLUMNS.slice(0, at).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Where encoders write each column. */
export const FILL = {
  txHash: offsetOf('tx_hash'),
  orderHash: offsetOf('order_hash'),
  blockTime: offsetOf('block_time'),
  wallet: offsetOf('wallet'),
  counterparty: offsetOf('counterparty'),
  tokenId: offsetOf('token_id'),
  side: offsetOf('side'),
  shares: offsetOf('shares'),
  usdc: offsetOf('usdc'),
  fee: offsetOf('fee'),
  exchange: offsetOf('exchange'),
  blockNumber: offsetOf('block_number'),
  logIndex: offsetOf('log_index'),
} as const;
