import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';

const TABLES = [
  'bronze-responses',
  'silver-events',
  'silver-markets',
  'silver-prices',
  'silver-books',
  'silver-trades',
  'ingest-runs',
  'ingest-chains',
  'trade-marks',
  'certificates',
  'anomalies',
] as const;

/** In the order in which they build on each other. */
const VIEWS = ['latest-prices', 'markets', 'movers', 'volume-by-day', 'trade-bars'] as const;

/** Tables and views of the venues where they are missing. */
export async function ensureVenueTables(target: Target): Promise<void> {
  for (const table of TABLES) {
    await target.command(loadSql(`venues/create-${table}`), { purpose: `making the table ${table.replace('-', '_')}` });
  }
  for (const view of VIEWS)
    await target.command(loadSql(`venues/gold-${view}`), { purpose: `making the view gold_${view}` });
  if (await exists(target, 'clob_fills')) {
    await target.command(loadSql('venues/gold-fill-bars'), { purpose: 'making the view gold_fill_bars' });
  }
}

async function exists(target: Target, table: string): Promise<boolean> {
  const found = await target.query('SELECT 1 FROM system.tables WHERE database = {d:String} AND name = {t:String}', {
    params: { d: target.database, t: table },
    purpose: `looking for the table ${table}`,
  });
  return found.length > 0;
}

/** The tables that rows of a venue lie in, in the order of the layers. */
export const VENUE_LAYERS = [
  'bronze_responses',
  'silver_events',
  'silver_markets',
  'silver_prices',
  'silver_books',
  'silver_trades',
] as const;

/** Merges what came twice, so that plain counts are right. */
export async function collapseVenueTables(target: Target): Promise<void> {
  for (const table of VENUE_LAYERS) {
    await target.longCommand('OPTIMIZE TABLE {table:Identifier} FINAL', {
      names: { table },
      purpose: `collapsing what came twice in ${table}`,
    });
  }
}
