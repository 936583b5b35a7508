import { FILLS_COLUMN_NAMES } from '../../clickhouse/tables.js';
import type { Target } from '../../clickhouse/target.js';
import type { Sink } from '../../engine/ports.js';
import { FILL_BYTES, FillBatch, TokenCache } from './fill-batch.js';

/** What a batch has room for at first; memory that is not written to is not taken. Beyond it, it grows. */
const MAX_FIRST_ROWS = 5_000;

/** Writes batches of fills, whatever source they came from, into a table of the structure of `clob_fills`. */
export function fillsSink(
  target: Pick<Target, 'insertRowBinary' | 'close'>,
  table: string,
  batchRows: number,
): Sink<FillBatch> {
  const tokens = new TokenCache();
  return {
    batchRows,
    newBatch: () => new FillBatch(Math.min(batchRows, MAX_FIRST_ROWS), tokens),
    async insert(batch) {
      const bytes = batch.take();
      // A page may be larger than a batch: `--batch-rows 100`.
      for (let from = 0; from < bytes.length; from += batchRows * FILL_BYTES) {
        const some = bytes.subarray(from, Math.min(bytes.length, from + batchRows * FILL_BYTES));
        await target.insertRowBinary(table, FILLS_COLUMN_NAMES, some);
      }
    },
    close: () => target.close(),
  };
}
