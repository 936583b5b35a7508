import type { InsertOptions, Target } from '../../clickhouse/target.js';
import type { Sink } from '../../engine/ports.js';
import { VenueBatch } from './batch.js';
import type { Changes } from './changes.js';
import type { Watch } from './watch.js';

/** Rows of one batch: about three pages of Kalshi, with its prices. */
const BATCH_ROWS = 20_000;

/** Writes a batch into bronze and silver. Every table collapses what comes twice, so a batch may be written again. */
export class VenueSink implements Sink<VenueBatch> {
  readonly batchRows = BATCH_ROWS;
  /** Time in inserts, milliseconds. */
  insertMs = 0;
  rows = 0;

  constructor(
    private readonly target: Target,
    /** Given by a collector: rows that say what is known already are left out. */
    private readonly changes: Changes | null = null,
    private readonly watch: Watch | null = null,
    private readonly options: InsertOptions = {},
  ) {}

  newBatch(): VenueBatch {
    return new VenueBatch();
  }

  async insert(batch: VenueBatch): Promise<void> {
    if (this.watch !== null) batch.anomalies.push(...this.watch.look(batch.silver));
    const { bronze, silver, anomalies } = this.changes?.only(batch) ?? batch;
    const startMs = performance.now();
    const tables: readonly (readonly [string, readonly object[]])[] = [
      ['bronze_responses', bronze],
      ['silver_events', silver.events],
      ['silver_markets', silver.markets],
      ['silver_prices', silver.prices],
      ['silver_books', silver.books],
      ['silver_trades', silver.trades],
      ['anomalies', anomalies],
    ];
    await Promise.all(
      tables.map(([table, rows]) =>
        this.target.insertRows(table, rows as readonly Record<string, unknown>[], {
          ...this.options,
          purpose: `writing ${rows.length} rows to ${table}`,
        }),
      ),
    );
    this.changes?.written(batch);
    this.insertMs += performance.now() - startMs;
    this.rows += tables.reduce((sum, [, rows]) => sum + rows.length, 0);
  }

  async close(): Promise<void> {}
}
