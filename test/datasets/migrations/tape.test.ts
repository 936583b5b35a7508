import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkFillsStructure, ensureTables, makeTables } from '../../../src/clickhouse/schema.js';
import { readSchemaVersion, SCHEMA_VERSION } from '../../../src/clickhouse/schema-version.js';
import { claimStaging, stagingOwner } from '../../../src/clickhouse/staging.js';
import type { Target } from '../../../src/clickhouse/target.js';
import { MIGRATIONS } from '../../../src/datasets/migrations/list.js';
import { migrateDatabase } from '../../../src/publish/migrate.js';
import { record } from '../../../src/publish/promotions.js';
import { rollback } from '../../../src/publish/rollback.js';
import { uuidsOf } from '../../../src/publish/switch.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';
import { workOn } from '../pnl/universe/universe.js';

let server: TestClickHouse;
let target: Target;
beforeAll(async () => {
  server = await startTestClickHouse();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  target = await server.database();
});

/** As the version before the tape made it. */
async function oldTable(name: string, run: string, rows: number): Promise<void> {
  await target.command(
    `CREATE TABLE ${name}
    (
        tx_hash FixedString(32), order_hash FixedString(32), block_time DateTime('UTC'), wallet FixedString(20),
        counterparty FixedString(20), token_id UInt256, side Enum8('BUY' = 1, 'SELL' = 2), shares Decimal(18, 6),
        usdc Decimal(18, 6), fee Decimal(18, 6),
        wallet_hex String ALIAS concat('0x', lower(hex(wallet))),
        counterparty_hex String ALIAS concat('0x', lower(hex(counterparty))),
        tx_hash_hex String ALIAS concat('0x', lower(hex(tx_hash))),
        order_hash_hex String ALIAS concat('0x', lower(hex(order_hash))),
        price Nullable(Float64) ALIAS if(shares = 0 OR usdc = 0, NULL, reinterpretAsInt64(usdc) / reinterpretAsInt64(shares)),
        INDEX wallet_hex_bloom concat('0x', lower(hex(wallet))) TYPE bloom_filter(0.01) GRANULARITY 1
    )
    ENGINE = ReplacingMergeTree ORDER BY (token_id, block_time, tx_hash, order_hash) COMMENT 'backfill run ${run}'`,
  );
  await target.command(
    `INSERT INTO ${name} SELECT unhex(leftPad(hex(number), 64, '0')), unhex(repeat('ab', 32)), toDateTime(1700000000 + number, 'UTC'),
       unhex(repeat('cd', 20)), unhex(repeat('ef', 20)), number % 7 + 1, if(number % 2 = 0, 'BUY', 'SELL'), number, number / 2, 0.5 FROM numbers(${rows})`,
  );
}

const BACKUP = 'clob_fills_backup_20260101_000000_000';
async function oldDatabase(): Promise<void> {
  await oldTable(BACKUP, 'r1', 50);
  await oldTable('clob_fills', 'r2', 100);
  await oldTable('clob_fills_staging', 'r3', 30);
  await makeTables(target);
  await target.command('DROP TABLE schema_version');
  const uuids = await uuidsOf(target, [BACKUP, 'clob_fills']);
  const promotion = {
    id: '20260101_000000_000-promote',
    action: 'promote',
    run: 'r2',
    rows: 100,
    checksum: '',
    live: 'clob_fills',
    incoming: 'clob_fills_staging',
    outgoing: BACKUP,
    newUuid: uuids.get('clob_fills') ?? '',
    oldUuid: uuids.get(BACKUP) ?? '',
  } as const;
  await record(target, [promotion], null);
  await record(target, [promotion], 'done');
}

const CONTENT =
  'SELECT count() AS n, sum(cityHash64(tx_hash, order_hash, block_time, wallet, counterparty, token_id, toInt8(side), toString(shares), toString(usdc), toString(fee))) AS h FROM';

test('a database of before is refused (1) with the command that brings it up', async () => {
  await oldDatabase();
  await expect(ensureTables(target)).rejects.toMatchObject({
    code: 1,
    message: expect.stringContaining('schema version 1'),
    hint: expect.stringContaining('backfill migrate'),
  });
  expect(await uuidsOf(target, ['schema_version'])).toEqual(new Map());
});

test('live, staging and backups are brought up with every row, their owners and their way back', async () => {
  await oldDatabase();
  const tables = [BACKUP, 'clob_fills', 'clob_fills_staging'];
  const before = await Promise.all(tables.map((table) => target.query(`${CONTENT} ${table}`)));
  expect(await migrateDatabase(workOn(target), MIGRATIONS)).toMatchObject({ from: 1, to: SCHEMA_VERSION });
  for (const table of tables) expect(await checkFillsStructure(target, table)).toEqual([]);
  expect(await Promise.all(tables.map((table) => target.query(`${CONTENT} ${table}`)))).toEqual(before);
  expect(await target.query('SELECT DISTINCT exchange, block_number AS b, log_index AS l FROM clob_fills')).toEqual([
    { exchange: 'v1', b: 0, l: -1 },
  ]);
  expect((await stagingOwner(target, 'clob_fills'))?.owner).toBe('r2');
  await claimStaging(target, 'clob_fills_staging', 'r3');
  await ensureTables(target);
  expect(await readSchemaVersion(target)).toBe(SCHEMA_VERSION);
  expect(await rollback(workOn(target))).toMatchObject({ run: 'r1', rows: 50 });
  expect(await migrateDatabase(workOn(target), MIGRATIONS)).toMatchObject({ from: SCHEMA_VERSION, done: [] });
});

test('what a killed migration left is dropped by the next one, and every table is brought up once', async () => {
  await oldDatabase();
  await migrateDatabase(workOn(target), MIGRATIONS);
  await oldTable('clob_fills_backup_20250101_000000_000', 'r0', 10);
  await target.command('CREATE TABLE clob_fills_migration_0123456789ab AS clob_fills');
  await target.command('DROP TABLE schema_version');
  expect(await migrateDatabase(workOn(target), MIGRATIONS)).toMatchObject({
    from: 1,
    done: ['clob_fills_backup_20250101_000000_000: 10 rows'],
  });
  const left = await target.query(
    "SELECT name FROM system.tables WHERE database = {d:String} AND match(name, '_migration_|_probe_|_incoming_')",
    {
      params: { d: target.database },
    },
  );
  expect(left).toEqual([]);
});

test('a database that a newer backfill has made is refused (1)', async () => {
  await ensureTables(target);
  await target.command(`INSERT INTO schema_version (version) VALUES (${SCHEMA_VERSION + 1})`);
  await expect(ensureTables(target)).rejects.toMatchObject({
    code: 1,
    message: expect.stringContaining('schema version'),
  });
  await expect(migrateDatabase(workOn(target), MIGRATIONS)).rejects.toMatchObject({ code: 1 });
});
