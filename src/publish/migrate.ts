import type { Work } from '../clickhouse/heavy.js';
import { makeTables } from '../clickhouse/schema.js';
import { readSchemaVersion, recordSchemaVersion, SCHEMA_VERSION } from '../clickhouse/schema-version.js';
import { usageError } from '../core/exit.js';
import { type Lease, withLease } from './lease.js';
import { switchOptions } from './promote-run.js';
import { finishOpen } from './switch.js';

/** One step of the schema. It may be killed anywhere and begun again: what is done already, it leaves as it is. */
export interface Migration {
  /** The version that the database has afterwards. */
  readonly version: number;
  readonly what: string;
  /** Returns what it did, one line each, for people. */
  run(work: Work, lease: Lease): Promise<string[]>;
}

export interface Migrated {
  /** Null: the database had no tables yet. */
  readonly from: number | null;
  readonly to: number;
  readonly done: readonly string[];
}

/** Brings the database up, step by step, under the lease of the target. Throws ExitError(1) for one of a newer version. */
export async function migrateDatabase(
  work: Work,
  migrations: readonly Migration[],
  options: { readonly lease?: Lease } = {},
): Promise<Migrated> {
  const { target, log, signal } = work;
  return withLease(target, options.lease, { what: 'migrate', log, signal }, async (lease) => {
    const from = await readSchemaVersion(target);
    if (from !== null && from > SCHEMA_VERSION) {
      throw usageError(
        `the database ${target.database} is of schema version ${from}, newer than this backfill's ${SCHEMA_VERSION}`,
        'use the backfill that made it',
      );
    }
    await makeTables(target);
    await finishOpen(target, switchOptions(work, lease));
    const done: string[] = [];
    for (const migration of migrations) {
      if (from === null || migration.version <= from) continue;
      log.info(`migrating to version ${migration.version}: ${migration.what}`);
      done.push(...(await migration.run(work, lease)));
      await lease.check();
      await recordSchemaVersion(target, migration.version);
    }
    if (from === null) await recordSchemaVersion(target, SCHEMA_VERSION);
    return { from, to: SCHEMA_VERSION, done };
  });
}
