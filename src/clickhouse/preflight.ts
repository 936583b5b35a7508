import { type ExitError, usageError } from '../core/exit.js';
import { FailureError } from '../core/failure.js';
import { DEFAULT_DIALECT, type Dialect, dialectOf } from './dialect.js';
import { checkSchemaVersion } from './schema-version.js';
import { quoteIdentifier } from './sql.js';
import type { Target } from './target.js';

/** Newer settings are looked up; Identifier parameters, ALIAS indexes and EXCHANGE are older than this. */
const OLDEST_VERSION = '23.8';
const RIGHTS = [
  'SELECT',
  'INSERT',
  'CREATE TABLE',
  'DROP TABLE',
  'TRUNCATE',
  'ALTER DELETE',
  'ALTER COLUMN',
  'ALTER INDEX',
  'ALTER MODIFY COMMENT',
  'OPTIMIZE',
] as const;

export interface Preflight {
  readonly version: string;
  readonly databaseExists: boolean;
}

/**
 * Whether this login can do the work, found out without changing anything. Throws ExitError(1) when it cannot, FailureError
 * (transient) when the server cannot be reached now.
 */
export async function preflight(target: Target): Promise<Preflight> {
  const found = await preflightServer(target);
  if (found.databaseExists) await checkSchemaVersion(target);
  return found;
}

/** `preflight` without a look at the version of the tables: `backfill migrate` is for those that are old. */
export async function preflightServer(target: Target): Promise<Preflight> {
  const who = `user ${JSON.stringify(target.username)} at ${target.url}`;
  const version = await askVersion(target, who);
  if (compareVersions(version, OLDEST_VERSION) < 0) {
    throw usageError(`ClickHouse ${version} at ${target.url} is too old`, `use ${OLDEST_VERSION} or newer`);
  }
  const readonly = await first<{ value: string }>(
    target,
    "SELECT value FROM system.settings WHERE name = 'readonly'",
    {},
  );
  if (readonly !== undefined && readonly.value !== '0') {
    throw usageError(`${who} may only read (readonly = ${readonly.value})`, 'use a login that may write');
  }
  const database = await first<{ engine: string }>(
    target,
    'SELECT engine FROM system.databases WHERE name = {database:String}',
    { database: target.database },
  );
  const dialect = database === undefined ? DEFAULT_DIALECT : dialectOf(target.database, database.engine);
  await checkRights(target, who, dialect, database !== undefined);
  return { version, databaseExists: database !== undefined };
}

async function askVersion(target: Target, who: string): Promise<string> {
  try {
    const row = await first<{ version: unknown }>(target, 'SELECT version() AS version', {});
    if (typeof row?.version === 'string') return row.version;
    throw usageError(`what answers at ${target.url} is not ClickHouse`, 'check the URL and its port');
  } catch (error) {
    if (error instanceof FailureError) throw explain(error, target, who);
    throw error;
  }
}

/** What waiting cannot mend ends the command; what it can stays a failure. */
function explain(error: FailureError, target: Target, who: string): ExitError | FailureError {
  const { code, kind, message } = error.failure;
  if (code === 'target_denied') {
    return usageError(
      `ClickHouse refuses the login of ${who}: ${message}`,
      'set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD',
    );
  }
  if (code === 'target_user_readonly') {
    return usageError(`${who} may only read: ${message}`, 'use a login that may write');
  }
  if (code === 'target_connection' && message.includes('but not as ClickHouse does')) {
    return usageError(`what answers at ${target.url} is not ClickHouse: ${message}`, 'check the URL and its port');
  }
  return kind === 'terminal' ? usageError(message, `check the ClickHouse at ${target.url}`) : error;
}

async function checkRights(target: Target, who: string, dialect: Dialect, databaseExists: boolean): Promise<void> {
  const database = `${quoteIdentifier(target.database)}.*`;
  const ofDatabase = databaseExists ? RIGHTS : [...RIGHTS, 'CREATE DATABASE'];
  const missing = await notGranted(target, ofDatabase, database);
  const engines: string[] = [];
  for (const engine of dialect.tableEngines) {
    if ((await notGranted(target, ['TABLE ENGINE'], engine)).length > 0) engines.push(`TABLE ENGINE ON ${engine}`);
  }
  if (missing.length + engines.length === 0) return;
  const grants = missing.length > 0 ? [`${missing.join(', ')} ON ${database}`, ...engines] : engines;
  throw usageError(
    `${who} lacks rights on the database ${JSON.stringify(target.database)}: ${[...missing, ...engines].join(', ')}`,
    `GRANT ${grants.join(', ')} TO ${quoteIdentifier(target.username)}`,
  );
}

async function notGranted(target: Target, rights: readonly string[], on: string): Promise<string[]> {
  const missing: string[] = [];
  for (const right of rights) {
    try {
      const granted = await target.queryText(`CHECK GRANT ${right} ON ${on}`, { withoutDatabase: true });
      if (granted.trim() === '0') missing.push(right);
    } catch (error) {
      // Servers before CHECK GRANT, or before this right: the first statement that is refused says so then.
      if (error instanceof FailureError && error.failure.kind === 'terminal') return missing;
      throw error;
    }
  }
  return missing;
}

async function first<Row>(target: Target, sql: string, params: Record<string, unknown>): Promise<Row | undefined> {
  const [row] = await target.query<Row>(sql, { params, withoutDatabase: true });
  return row;
}

/** By the numbers of the first two parts: `24.10` is newer than `24.8`. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split('.').map((part) => Number.parseInt(part, 10) || 0)) as [
    number[],
    number[],
  ];
  return (x[0] ?? 0) - (y[0] ?? 0) || (x[1] ?? 0) - (y[1] ?? 0);
}
