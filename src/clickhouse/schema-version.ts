import { usageError } from '../core/exit.js';
import { loadSql } from './sql.js';
import type { Target } from './target.js';

/**
 * The structure that this program works with. 1: fills of the subgraph alone, and no record of versions. 2: the tape, with
 * exchange, block and log of each fill. Each step between two versions stands in `src/datasets/migrations/`.
 */
export const SCHEMA_VERSION = 2;

/** Of the database; null where it holds no tables of ours yet, or none whose structure has ever changed. */
export async function readSchemaVersion(target: Target): Promise<number | null> {
  const [table] = await target.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = {database:String} AND name = 'schema_version'",
    { params: { database: target.database }, withoutDatabase: true, purpose: 'looking for the schema version' },
  );
  if (table !== undefined) {
    const [row] = await target.query<{ version: number }>('SELECT max(version) AS version FROM schema_version', {
      purpose: 'reading the schema version',
    });
    if (row !== undefined && row.version > 0) return row.version;
  }
  return (await outdatedFills(target)).length > 0 ? 1 : null;
}

/** Tables of fills from before the tape. */
export async function outdatedFills(target: Target): Promise<string[]> {
  const rows = await target.query<{ table: string }>(loadSql('migrate/outdated_fills'), {
    params: { database: target.database },
    withoutDatabase: true,
    purpose: 'looking for tables of an older structure',
  });
  return rows.map(({ table }) => table);
}

/** Throws ExitError(1) for a database of another version than this program works with. Nothing is changed. */
export async function checkSchemaVersion(target: Target): Promise<void> {
  const version = await readSchemaVersion(target);
  if (version === null || version === SCHEMA_VERSION) return;
  const found = `the database ${target.database} has tables of schema version ${version}, this backfill works with ${SCHEMA_VERSION}`;
  throw version < SCHEMA_VERSION
    ? usageError(found, 'run `backfill migrate`: it brings the tables up and keeps their rows')
    : usageError(found, 'it was made by a newer backfill: use that one, or another --database');
}

export async function recordSchemaVersion(target: Target, version: number): Promise<void> {
  await target.insertRows('schema_version', [{ version }], {
    insertMode: 'sync',
    purpose: 'recording the schema version',
  });
}
