import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { loadSql } from './sql.js';
import type { StatementOptions, Target } from './target.js';

/** What a statement over all fills needs: where, within which memory, and who is told. */
export interface Work {
  readonly target: Target;
  /** Of one statement, in ClickHouse. */
  readonly maxMemoryMb: number;
  readonly log: Logger;
  readonly signal?: AbortSignal;
}

const MEGABYTE = 1_000_000;

/** Beyond a quarter of the limit a GROUP BY or a sort goes to disk: slower by a little, and it ends. */
export function heavySettings(maxMemoryMb: number): Record<string, number> {
  const limit = maxMemoryMb * MEGABYTE;
  return {
    max_memory_usage: limit,
    max_bytes_before_external_group_by: Math.floor(limit / 4),
    max_bytes_before_external_sort: Math.floor(limit / 4),
  };
}

/** Slices that keep `rows` of `bytesPerRow` below half of the limit. */
export function sliceCount(rows: number, bytesPerRow: number, maxMemoryMb: number): number {
  return Math.max(1, Math.ceil((rows * bytesPerRow) / (maxMemoryMb * MEGABYTE * 0.5)));
}

export interface Bound {
  readonly names?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, string | number>>;
}

function options(work: Work, file: string, bound: Bound): StatementOptions {
  return {
    ...bound,
    settings: { ...heavySettings(work.maxMemoryMb), ...bound.settings },
    purpose: file,
    ...(work.signal === undefined ? {} : { signal: work.signal }),
  };
}

/** Runs `sql/<file>.sql`, however long it takes. */
export async function runFile(work: Work, file: string, bound: Bound = {}): Promise<void> {
  await work.target.longCommand(loadSql(file), options(work, file, bound));
}

/** The rows of a statement that is over quickly whatever the number of fills. */
export async function queryFile<Row>(work: Work, file: string, bound: Bound = {}): Promise<Row[]> {
  return work.target.query<Row>(loadSql(file), options(work, file, bound));
}

/**
 * Not in memory, and on disk before the statement ends: rows that are lost when the server is killed, or its machine, would read as
 * "no row", which means "nothing wrong".
 */
const RESULT_ENGINE = 'MergeTree ORDER BY tuple() SETTINGS fsync_after_insert = 1, fsync_part_directory = 1';

/**
 * The rows of a statement that reads every fill and may outlive a request: it writes them to a table, so that its end can be
 * recognised after a lost connection, and they are read from there.
 */
export async function longQueryFile<Row>(work: Work, file: string, bound: Bound = {}): Promise<Row[]> {
  const table = `check_result_${randomUUID().replaceAll('-', '')}`;
  const { target } = work;
  try {
    await target.longCommand(
      `CREATE OR REPLACE TABLE ${table} ENGINE = ${RESULT_ENGINE} AS\n${loadSql(file)}`,
      options(work, file, bound),
    );
    return await target.query<Row>(`SELECT * FROM ${table}`, { purpose: file, settings: { max_threads: 1 } });
  } finally {
    await dropScratch(work, [table]);
  }
}

/** What cannot be dropped is said, and swept a day later: it must not hide why the check ended, nor be waited for again. */
export async function dropScratch({ target, log }: Work, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    try {
      await target.command('DROP TABLE IF EXISTS {table:Identifier}', { names: { table } });
    } catch (error) {
      log.warn({ tables, error }, `could not drop the scratch table ${table}`);
      return;
    }
  }
}

/** The only row of a statement that always returns one. */
export function only<Row>(rows: readonly Row[], what: string): Row {
  const [row] = rows;
  if (row === undefined || rows.length !== 1) throw new Error(`${what}: ${rows.length} rows instead of one`);
  return row;
}

const STALE_SCRATCH = `SELECT name FROM system.tables
  WHERE database = {database:String} AND match(name, '^check_(result|tokens|flagged|unbalanced)_[0-9a-f]+$')
    AND metadata_modification_time < now() - INTERVAL 1 DAY`;

/** Drops what killed checks have left behind; younger scratch may belong to a check that is running. */
export async function sweepScratch(work: Work): Promise<void> {
  const { target } = work;
  const stale = await target.query<{ name: string }>(STALE_SCRATCH, { params: { database: target.database } });
  await dropScratch(
    work,
    stale.map(({ name }) => name),
  );
}
