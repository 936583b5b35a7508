import { preflight } from '../clickhouse/preflight.js';
import { checkFillsStructure } from '../clickhouse/schema.js';
import { loadSql } from '../clickhouse/sql.js';
import type { Target } from '../clickhouse/target.js';
import { unlessDenied } from '../clickhouse/unless-denied.js';
import { usageError } from '../core/exit.js';
import { formatBytes } from '../report/format.js';

export interface Space {
  readonly table: string;
  readonly bytes: number;
  /** Of the disks that hold it; null where the server does not say. */
  readonly freeBytes: number | null;
}

/** Below this share of the table's size merges have no room, and the server soon none for anything. */
const LEAST_FREE_SHARE = 0.05;

/**
 * What must hold before tables are exchanged: rights, an Atomic database, equal structures, room for keeping the old table.
 * Throws ExitError(1); nothing has been touched then. Returns what is worth saying.
 */
export async function promotePreflight(target: Target, staging: string, live: string): Promise<string[]> {
  await preflight(target);
  for (const table of [staging, live]) {
    const differences = await checkFillsStructure(target, table);
    if (differences !== undefined && differences.length > 0) {
      throw usageError(
        `the table ${target.database}.${table} has another structure: ${differences.join('; ')}`,
        table === live
          ? 'rename it; then promote makes the new table live without a backup'
          : 'load it anew with `backfill fills --fresh`',
      );
    }
  }
  const found = await space(target, staging);
  if (found === null)
    return [`how much space is free is not known: ${target.username} may not read system.disks and system.parts`];
  const { bytes, freeBytes } = found;
  if (freeBytes === null) return [];
  if (freeBytes < bytes * LEAST_FREE_SHARE) {
    throw usageError(
      `only ${formatBytes(freeBytes)} are free where ${staging} (${formatBytes(bytes)}) and the backup lie`,
      'free some space, or drop old backups: they are the tables clob_fills_backup_*',
    );
  }
  return freeBytes < bytes
    ? [
        `${formatBytes(freeBytes)} are free: the next run's table (about ${formatBytes(bytes)}) would not fit beside live and its backup`,
      ]
    : [];
}

/** The old table stays where it is, so keeping it takes no more than it has; what matters is what is left. Null: not for this login. */
export async function space(target: Target, table: string): Promise<Space | null> {
  const rows = await unlessDenied(() =>
    target.query<{ bytes: string; free: string; disks: string }>(loadSql('promote/space'), {
      params: { database: target.database, table },
      purpose: `measuring ${table}`,
    }),
  );
  if (rows === null) return null;
  const [row] = rows;
  const bytes = Number(row?.bytes ?? 0);
  return { table, bytes, freeBytes: row === undefined || row.disks === '0' ? null : Number(row.free) };
}
