import { loadSql } from '../clickhouse/sql.js';
import type { Target } from '../clickhouse/target.js';

/** `clob_fills_backup_20260131_120000_123`: what was live until then; `…_undone_…`: what a rollback took out of sight. */
export const backupName = (live: string, stamp: string): string => `${live}_backup_${stamp}`;
export const undoneName = (live: string, stamp: string): string => `${live}_undone_${stamp}`;

/** Backups of a live table, the newest first. Only names of our own making: nothing else is ever dropped. */
export async function listBackups(target: Target, live: string): Promise<string[]> {
  const rows = await target.query<{ name: string }>(loadSql('promote/backups'), {
    params: { database: target.database, prefix: `${live}_` },
    purpose: 'listing backups',
  });
  const stampOf = (name: string): string => name.slice(-STAMP_CHARS);
  return rows
    .map((row) => row.name)
    .filter((name) => BACKUP.test(name.slice(live.length)))
    .sort((a, b) => (stampOf(a) < stampOf(b) ? 1 : -1));
}

const STAMP_CHARS = 'YYYYMMDD_HHMMSS_mmm'.length;
const BACKUP = /^_(backup|undone)_\d{8}_\d{6}_\d{3}$/;

/** Drops the oldest backups beyond `keep`; returns their names. */
export async function pruneBackups(target: Target, live: string, keep: number): Promise<string[]> {
  const surplus = (await listBackups(target, live)).slice(keep);
  for (const table of surplus) {
    await target.command(loadSql('promote/drop'), {
      names: { table },
      purpose: `dropping the backup ${table}`,
    });
  }
  return surplus;
}
