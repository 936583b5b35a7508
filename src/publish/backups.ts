import type { Work } from '../clickhouse/heavy.js';
import { loadSql } from '../clickhouse/sql.js';
import type { Target } from '../clickhouse/target.js';
import { FailureError } from '../core/failure.js';
import type { Lease } from './lease.js';
import type { RecordedPromotion } from './promotions.js';

/** `clob_fills_backup_20260131_120000_123`: what was live until then; `…_undone_…`: what a rollback took out of sight. */
export const backupName = (live: string, stamp: string): string => `${live}_backup_${stamp}`;
export const undoneName = (live: string, stamp: string): string => `${live}_undone_${stamp}`;

export interface Backup {
  readonly name: string;
  /** Null where the server does not say. */
  readonly rows: number | null;
}

/**
 * Backups of a live table, the newest first: in the order of the promotions that made them, whatever the clocks said. One that no
 * promotion knows comes last. Only names of our own making: nothing else is ever dropped.
 */
export async function listBackups(
  target: Target,
  live: string,
  history: readonly RecordedPromotion[],
): Promise<Backup[]> {
  const rows = await target.query<{ name: string; total: string | null }>(loadSql('promote/backups'), {
    params: { database: target.database, prefix: `${live}_` },
    purpose: 'listing backups',
  });
  const place = new Map(history.map((promotion, i) => [promotion.outgoing, i]));
  return rows
    .filter(({ name }) => BACKUP.test(name.slice(live.length)))
    .map(({ name, total }) => ({ name, rows: total === null ? null : Number(total) }))
    .sort((a, b) => (place.get(b.name) ?? -1) - (place.get(a.name) ?? -1) || (a.name < b.name ? 1 : -1));
}

const BACKUP = /^_(backup|undone)_\d{8}_\d{6}_\d{3}$/;

/**
 * The backups to drop, of those listed newest first. Never: what the last promotion made, which its rollback needs, and the newest
 * that holds more rows than live, which may be the last full copy.
 */
export function surplus(backups: readonly Backup[], keep: number, made: string | null, liveRows: number): string[] {
  const fuller = backups.find(({ rows }) => rows === null || rows > liveRows)?.name;
  return backups
    .slice(keep)
    .map(({ name }) => name)
    .filter((name) => name !== made && name !== fuller);
}

/** Drops the tables; one that cannot be dropped is a remark, for everything has been achieved by now. Returns both. */
export async function dropBackups(
  work: Work,
  lease: Lease,
  tables: readonly string[],
): Promise<{ dropped: string[]; remarks: string[] }> {
  const dropped: string[] = [];
  const remarks: string[] = [];
  for (const table of tables) {
    await lease.check();
    try {
      await work.target.command(loadSql('promote/drop'), { names: { table }, purpose: `dropping the backup ${table}` });
      dropped.push(table);
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      remarks.push(`the old backup ${table} could not be dropped: ${error.message}`);
    }
  }
  return { dropped, remarks };
}
