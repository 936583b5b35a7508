import { loadSql } from '../../../clickhouse/sql.js';
import type { Target } from '../../../clickhouse/target.js';

const TABLES = ['condition-logs', 'condition-ranges'] as const;

/** The tables of what the chain says of conditions, where they are missing. */
export async function ensureConditionTables(target: Target): Promise<void> {
  for (const table of TABLES) {
    await target.command(loadSql(`conditions/create-${table}`), {
      purpose: `making the table ${table.replace('-', '_')}`,
    });
  }
}
