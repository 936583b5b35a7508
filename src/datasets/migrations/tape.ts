import { randomUUID } from 'node:crypto';
import { dropScratch, longQueryFile, only, runFile, type Work } from '../../clickhouse/heavy.js';
import { createFillsTable, describeTable } from '../../clickhouse/schema.js';
import { outdatedFills } from '../../clickhouse/schema-version.js';
import { loadSql } from '../../clickhouse/sql.js';
import { stagingOwner } from '../../clickhouse/staging.js';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import type { Lease } from '../../publish/lease.js';
import type { Migration } from '../../publish/migrate.js';
import { space } from '../../publish/preflight.js';
import { switchOptions } from '../../publish/promote-run.js';
import { history, promotionId } from '../../publish/promotions.js';
import { liveSelection } from '../../publish/scope.js';
import { carryOutAll } from '../../publish/switch.js';
import { formatBytes, formatCount } from '../../report/format.js';

/**
 * Fills get exchange, block and log, and a sort key that ends with the log: ClickHouse cannot alter the key with a default of -1 in
 * place, so each table is copied, compared and exchanged. Live, staging and backups alike: an unfinished run goes on, and a
 * rollback still finds its table.
 */
export const TAPE: Migration = {
  version: 2,
  what: 'fills say which exchange, block and log they are of',
  run: async (work, lease) => {
    const done: string[] = [];
    await dropLeftovers(work);
    for (const table of await outdatedFills(work.target)) done.push(await rebuildTable(work, lease, table));
    return done;
  },
};

async function rebuildTable(work: Work, lease: Lease, table: string): Promise<string> {
  const { target, log } = work;
  const old = await describeTable(target, table);
  if (old === undefined) throw new Error(`${table} is gone`);
  await checkRoom(work, table);
  const copy = `${table}_migration_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await createFillsTable(target, copy, { comment: old.comment });
  await runFile(work, 'migrate/copy_fills', { names: { from: table, to: copy } });
  const [before, after] = [await contentOf(work, table), await contentOf(work, copy)];
  if (before.rows !== after.rows || before.checksum !== after.checksum) {
    throw new ExitError(
      EXIT.gateFailed,
      `the copy of ${table} is not equal to it: ${after.rows} of ${before.rows} rows`,
      'the table is as it was; find out what else writes to it, then run `backfill migrate` again',
    );
  }
  const made = await describeTable(target, copy);
  const promotions = await history(target);
  const owner = (await stagingOwner(target, table))?.owner;
  const selection = await liveSelection(target, promotions, { uuid: old.uuid, owner });
  await carryOutAll(
    target,
    [
      {
        id: promotionId(new Date(), 'migrate', promotions.at(-1)?.id),
        action: 'migrate',
        run: owner ?? '',
        rows: Number(after.rows),
        checksum: '',
        live: table,
        incoming: copy,
        outgoing: null,
        newUuid: made?.uuid ?? '',
        oldUuid: old.uuid,
        ...(selection === null ? {} : { selection }),
      },
    ],
    switchOptions(work, lease),
  );
  log.info(`${table}: ${formatCount(Number(after.rows))} rows brought up`);
  return `${table}: ${formatCount(Number(after.rows))} rows`;
}

/** The table stands twice for a while. */
async function checkRoom(work: Work, table: string): Promise<void> {
  const found = await space(work.target, table);
  if (found === null || found.freeBytes === null || found.freeBytes > found.bytes * 1.2) return;
  throw usageError(
    `${table} takes ${formatBytes(found.bytes)} and only ${formatBytes(found.freeBytes)} are free: its copy would not fit`,
    'make room on the ClickHouse disk, or drop old backups (clob_fills_backup_*), then run `backfill migrate` again',
  );
}

async function contentOf(work: Work, fills: string): Promise<{ rows: string; checksum: string }> {
  return only(await longQueryFile(work, 'migrate/old_checksum', { names: { fills } }), fills);
}

async function dropLeftovers(work: Work): Promise<void> {
  const { target } = work;
  const found = await target.query<{ name: string }>(loadSql('migrate/leftovers'), {
    params: { database: target.database },
    purpose: 'looking for unfinished copies',
  });
  await dropScratch(
    work,
    found.map(({ name }) => name),
  );
}
