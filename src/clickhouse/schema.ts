import { DEFAULT_DIALECT } from './dialect.js';
import { checkSchemaVersion, recordSchemaVersion, SCHEMA_VERSION } from './schema-version.js';
import { loadSql, quoteString } from './sql.js';
import { FILLS_ALIASES, FILLS_COLUMNS, FILLS_SORTING_KEY, OTHER_TABLES } from './tables.js';
import type { Target } from './target.js';
import { unlessDenied } from './unless-denied.js';

/** Database and tables where they are missing. Comes once the input has been judged: nothing is made for a wrong one. */
export async function ensureSchema(target: Target): Promise<void> {
  await ensureDatabase(target);
  await ensureTables(target);
}

export async function ensureDatabase(target: Target): Promise<void> {
  const purpose = `making the database ${JSON.stringify(target.database)}`;
  const existing = await target.query('SELECT name FROM system.databases WHERE name = {database:String}', {
    params: { database: target.database },
    withoutDatabase: true,
    purpose,
  });
  // IF NOT EXISTS asks for the right to make one even where nothing is to be made.
  if (existing.length > 0) return;
  await target.command('CREATE DATABASE IF NOT EXISTS {database:Identifier}', {
    names: { database: target.database },
    withoutDatabase: true,
    purpose,
  });
}

/**
 * All tables but those of fills, which belong to runs (`staging.ts`) and promotions. Throws ExitError(1) where tables of another
 * schema version are found; nothing is made then.
 */
export async function ensureTables(target: Target): Promise<void> {
  await checkSchemaVersion(target);
  await makeTables(target);
  await recordSchemaVersion(target, SCHEMA_VERSION);
}

/** `ensureTables`, whatever the version of what is there. */
export async function makeTables(target: Target): Promise<void> {
  for (const table of OTHER_TABLES) {
    await target.command(loadSql(`schema/${table}`), { purpose: `making the table ${table}` });
  }
}

export interface CreateFillsOptions {
  /** Kept with the table wherever EXCHANGE TABLES takes it. */
  readonly comment?: string;
  /** Empties and re-makes a table that exists, in one statement. */
  readonly replace?: boolean;
}

/** Makes a table of the structure of fills; one that exists is left as it is unless `replace` is set. */
export async function createFillsTable(target: Target, table: string, options: CreateFillsOptions = {}): Promise<void> {
  const create = loadSql('schema/fills');
  const statement = options.replace ? create.replace('CREATE TABLE IF NOT EXISTS', 'CREATE OR REPLACE TABLE') : create;
  const settings = (await keepsStatistics(target)) ? "\nSETTINGS auto_statistics_types = ''" : '';
  const comment = options.comment === undefined ? '' : `\nCOMMENT ${quoteString(options.comment)}`;
  await target.command(statement + settings + comment, { names: { table }, purpose: `making the table ${table}` });
}

/**
 * Newer servers keep statistics of every column by themselves, made in each merge: a fifth of what a load costs them (4.2 µs a row
 * instead of 3.3), for queries that join many tables. False where the login may not know: the setting is then left alone.
 */
async function keepsStatistics(target: Target): Promise<boolean> {
  const known = await unlessDenied(() =>
    target.query<{ name: string }>("SELECT name FROM system.merge_tree_settings WHERE name = 'auto_statistics_types'", {
      withoutDatabase: true,
      purpose: 'looking up the settings of tables',
    }),
  );
  return known !== null && known.length > 0;
}

export interface TableState {
  readonly engine: string;
  readonly uuid: string;
  readonly comment: string;
  readonly rows: bigint;
}

/** Undefined when there is no such table, or not even the database. */
export async function describeTable(target: Target, table: string): Promise<TableState | undefined> {
  const rows = await target.query<{ engine: string; uuid: string; comment: string }>(
    `SELECT engine, toString(uuid) AS uuid, comment FROM system.tables
     WHERE database = {database:String} AND name = {table:String}`,
    {
      params: { database: target.database, table },
      withoutDatabase: true,
      purpose: `looking up the table ${table}`,
    },
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const counted = await target.query<{ n: string }>('SELECT count() AS n FROM {table:Identifier}', {
    names: { table },
    purpose: `counting the table ${table}`,
  });
  return { ...row, rows: BigInt(counted[0]?.n ?? '0') };
}

/**
 * How an existing table differs from the structure of fills, one line a difference; empty when it does not. Undefined: there is
 * no such table. A view or a table of another engine of the same name is a difference, too.
 */
export async function checkFillsStructure(target: Target, table: string): Promise<string[] | undefined> {
  const params = { database: target.database, table };
  const withoutDatabase = true;
  const purpose = `comparing the structure of ${table}`;
  const [found] = await target.query<{
    engine: string;
    engine_full: string;
    sorting_key: string;
    partition_key: string;
  }>(
    `SELECT engine, engine_full, sorting_key, partition_key FROM system.tables
     WHERE database = {database:String} AND name = {table:String}`,
    { params, withoutDatabase, purpose },
  );
  if (found === undefined) return undefined;
  const columns = await target.query<{ name: string; type: string; kind: string }>(
    `SELECT name, type, default_kind AS kind FROM system.columns
     WHERE database = {database:String} AND table = {table:String} ORDER BY position`,
    { params, withoutDatabase, purpose },
  );
  return [...compareColumns(columns), ...compareEngine(found)];
}

function compareColumns(columns: readonly { name: string; type: string; kind: string }[]): string[] {
  const differences: string[] = [];
  const byName = new Map(columns.map((column) => [column.name, column]));
  for (const expected of FILLS_COLUMNS) {
    const actual = byName.get(expected.name);
    byName.delete(expected.name);
    if (actual === undefined) differences.push(`column ${expected.name} ${expected.type} is missing`);
    else if (actual.type !== expected.type) {
      differences.push(`column ${expected.name} is ${actual.type}, not ${expected.type}`);
    } else if (actual.kind === 'ALIAS' || actual.kind === 'MATERIALIZED') {
      differences.push(`column ${expected.name} is ${actual.kind}`);
    }
  }
  for (const name of FILLS_ALIASES) {
    const actual = byName.get(name);
    byName.delete(name);
    if (actual?.kind !== 'ALIAS') differences.push(`the ALIAS column ${name} is missing`);
  }
  for (const extra of byName.values()) differences.push(`column ${extra.name} ${extra.type} is not ours`);
  return differences;
}

function compareEngine(found: {
  engine: string;
  engine_full: string;
  sorting_key: string;
  partition_key: string;
}): string[] {
  const differences: string[] = [];
  if (!DEFAULT_DIALECT.replacing.test(found.engine))
    differences.push(`the engine is ${found.engine}, not ReplacingMergeTree`);
  else if (/^ReplacingMergeTree\([^)]/.test(found.engine_full)) {
    differences.push('the engine ReplacingMergeTree has a version column');
  }
  if (found.sorting_key !== FILLS_SORTING_KEY) {
    differences.push(`the sorting key is (${found.sorting_key}), not (${FILLS_SORTING_KEY})`);
  }
  if (found.partition_key !== '') differences.push(`it is partitioned by ${found.partition_key}`);
  return differences;
}
