import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkFillsStructure, createFillsTable, ensureTables } from '../../src/clickhouse/schema.js';
import { claimStaging, stagingOwner } from '../../src/clickhouse/staging.js';
import { FILLS_ALIASES, FILLS_COLUMN_NAMES, FILLS_COLUMNS } from '../../src/clickhouse/tables.js';
import type { Target } from '../../src/clickhouse/target.js';
import { FillBatch } from '../../src/datasets/fills/fill-batch.js';
import { encodeFill } from '../../src/datasets/fills/fill-encoder.js';
import type { FillSource as FillRow } from '../../src/datasets/fills/subgraph/fill-texts.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const hash = (n: number): string => n.toString(16).padStart(64, '0');
const address = (n: number): string => `0x${n.toString(16).padStart(40, '0')}`;

function fill(over: Partial<FillRow> = {}): FillRow {
  return {
    id: `0x${hash(1)}_0x${hash(2)}`,
    timestamp: '1700000000',
    maker: address(10),
    taker: address(11),
    makerAssetId: '0',
    takerAssetId: '77',
    makerAmountFilled: '500000',
    takerAmountFilled: '1000000',
    fee: '0',
    ...over,
  };
}

async function insertFills(target: Target, table: string, rows: readonly FillRow[]): Promise<void> {
  const batch = new FillBatch(rows.length);
  for (const row of rows) expect(encodeFill(row, batch)).toBeNull();
  await target.insertRowBinary(table, FILLS_COLUMN_NAMES, batch.take());
}

test('the table of fills has the columns that the encoder writes, in its order', async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'clob_fills');
  const columns = await target.query<{ name: string; type: string; kind: string }>(
    `SELECT name, type, default_kind AS kind FROM system.columns
     WHERE database = {d:String} AND table = 'clob_fills' ORDER BY position`,
    { params: { d: target.database } },
  );
  const physical = columns.filter((column) => column.kind !== 'ALIAS').map(({ name, type }) => ({ name, type }));
  expect(physical).toEqual(FILLS_COLUMNS.map(({ name, type }) => ({ name, type })));
  expect(columns.filter((column) => column.kind === 'ALIAS').map((column) => column.name)).toEqual(FILLS_ALIASES);
  expect(await checkFillsStructure(target, 'clob_fills')).toEqual([]);
});

test('the table of fills is made without the statistics that the server would keep, and with its comment', async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f', { comment: "it's ours" });
  const [made] = await target.query<{ engine_full: string; comment: string }>(
    "SELECT engine_full, comment FROM system.tables WHERE database = {d:String} AND name = 'f'",
    { params: { d: target.database } },
  );
  expect(made?.comment).toBe("it's ours");
  expect(made?.engine_full).toContain("auto_statistics_types = ''");
  await insertFills(target, 'f', [fill()]);
  await target.command('OPTIMIZE TABLE f FINAL');
  const [stored] = await target.query<{ n: string }>(
    "SELECT count() AS n FROM system.parts_columns WHERE database = {d:String} AND table = 'f' AND notEmpty(statistics)",
    { params: { d: target.database } },
  );
  expect(stored).toEqual({ n: '0' });
});

test('a replayed chunk changes nothing: copies collapse to one row', async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  const rows = [fill(), fill({ id: `0x${hash(1)}_0x${hash(3)}` })];
  for (let i = 0; i < 3; i++) await insertFills(target, 'f', rows);
  expect(await target.query('SELECT count() AS n FROM f FINAL')).toEqual([{ n: '2' }]);
  await target.longCommand('OPTIMIZE TABLE f FINAL');
  expect(await target.query('SELECT count() AS n FROM f')).toEqual([{ n: '2' }]);
});

test('rows that were deleted and inserted again are there again: no insert is swallowed as a copy', async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  await target.command('ALTER TABLE f MODIFY SETTING non_replicated_deduplication_window = 1000');
  await insertFills(target, 'f', [fill()]);
  await target.command('TRUNCATE TABLE f');
  await insertFills(target, 'f', [fill()]);
  expect(await target.query('SELECT count() AS n FROM f')).toEqual([{ n: '1' }]);
});

test('readable forms: hex as people write it, a price where there is one', async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  await insertFills(target, 'f', [
    fill(),
    fill({ id: `0x${hash(5)}_0x${hash(6)}`, makerAmountFilled: '0' }),
    fill({ id: `0x${hash(7)}_0x${hash(8)}`, takerAmountFilled: '0' }),
    fill({
      id: `0x${hash(9)}_0x${hash(10)}`,
      makerAmountFilled: '999999999999999999',
      takerAmountFilled: '999999999999999999',
    }),
  ]);
  const rows = await target.query(
    'SELECT wallet_hex, counterparty_hex, tx_hash_hex, order_hash_hex, price FROM f ORDER BY tx_hash',
  );
  expect(rows[0]).toEqual({
    wallet_hex: address(10),
    counterparty_hex: address(11),
    tx_hash_hex: `0x${hash(1)}`,
    order_hash_hex: `0x${hash(2)}`,
    price: 0.5,
  });
  expect(rows.map((row) => (row as { price: number | null }).price)).toEqual([0.5, null, null, 1]);
});

test("WHERE wallet_hex = '0x…' skips granules by the bloom filter", async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  // 20 granules of distinct wallets.
  await target.command(
    `INSERT INTO f (tx_hash, order_hash, block_time, wallet, counterparty, token_id, side, shares, usdc, fee)
     SELECT toString(number), toString(number), 0, toString(number), '', number, 'BUY', 1, 1, 0 FROM numbers(160000)`,
  );
  const wallet = `0x${Buffer.from('12345').toString('hex').padEnd(40, '0')}`;
  const plan = await target.query<{ explain: string }>(
    'EXPLAIN indexes = 1 SELECT count() FROM f WHERE wallet_hex = {wallet:String}',
    { params: { wallet } },
  );
  const text = plan.map((row) => row.explain).join('\n');
  expect(text).toContain('wallet_hex_bloom');
  const granules = /wallet_hex_bloom[\s\S]*?Granules: (\d+)\/(\d+)/.exec(text);
  expect(Number(granules?.[1])).toBeLessThan(Number(granules?.[2]) / 4);
  expect(
    await target.query('SELECT count() AS n FROM f WHERE wallet_hex = {wallet:String}', { params: { wallet } }),
  ).toEqual([{ n: '1' }]);
});

test('a table of another structure is told apart, column by column', async () => {
  const target = await clickhouse.database();
  expect(await checkFillsStructure(target, 'nothing')).toBeUndefined();

  await target.command('CREATE TABLE other (tx_hash String, shares Float64) ENGINE = MergeTree ORDER BY tx_hash');
  const differences = (await checkFillsStructure(target, 'other'))?.join('\n') ?? '';
  expect(differences).toContain('column tx_hash is String, not FixedString(32)');
  expect(differences).toContain('column order_hash FixedString(32) is missing');
  expect(differences).toContain('the engine is MergeTree, not ReplacingMergeTree');
  expect(differences).toContain('the sorting key is (tx_hash)');

  await createFillsTable(target, 'more');
  await target.command('ALTER TABLE more ADD COLUMN note String, DROP COLUMN price');
  expect(await checkFillsStructure(target, 'more')).toEqual([
    'the ALIAS column price is missing',
    'column note String is not ours',
  ]);
  await target.command('CREATE VIEW v AS SELECT 1 AS x');
  expect((await checkFillsStructure(target, 'v'))?.length).toBeGreaterThan(0);
  await expect(claimStaging(target, 'other', 'r1')).rejects.toMatchObject({ name: 'ExitError', code: 1 });
});

test('a staging table belongs to one run', async () => {
  const target = await clickhouse.database();
  expect(await stagingOwner(target, 's')).toBeUndefined();
  const claimed = await claimStaging(target, 's', "r'1\\");
  expect(claimed).toMatchObject({ owner: "r'1\\", rows: 0n });
  await insertFills(target, 's', [fill()]);
  // The same run resumes.
  expect(await claimStaging(target, 's', "r'1\\")).toMatchObject({ owner: "r'1\\", rows: 1n, uuid: claimed.uuid });
  // Another is refused and changes nothing.
  await expect(claimStaging(target, 's', 'r2')).rejects.toThrow(/belongs to the run r'1/);
  expect(await stagingOwner(target, 's')).toMatchObject({ owner: "r'1\\", rows: 1n });
  // Unless it starts over.
  expect(await claimStaging(target, 's', 'r2', { fresh: true })).toMatchObject({ owner: 'r2', rows: 0n });
});

test('a table without an owner is adopted when it is empty and refused when it is not', async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 's');
  await insertFills(target, 's', [fill()]);
  await expect(claimStaging(target, 's', 'r1')).rejects.toThrow(/1 rows of unknown origin/);
  await target.command('TRUNCATE TABLE s');
  expect(await claimStaging(target, 's', 'r1')).toMatchObject({ owner: 'r1', rows: 0n });
});

test('the owner travels with EXCHANGE TABLES', async () => {
  const target = await clickhouse.database();
  await claimStaging(target, 'a', 'run-a');
  await claimStaging(target, 'b', 'run-b');
  await target.command('EXCHANGE TABLES a AND b');
  expect((await stagingOwner(target, 'a'))?.owner).toBe('run-b');
  expect((await stagingOwner(target, 'b'))?.owner).toBe('run-a');
});

test('of runs that start together, one has the table', async () => {
  const target = await clickhouse.database();
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((run) => claimStaging(target, 's', run)));
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  expect(winners).toHaveLength(1);
});

test('the small tables are made once, hold the largest values, and a rewrite replaces', async () => {
  const target = await clickhouse.database();
  await ensureTables(target);
  await ensureTables(target);
  const largest = (2n ** 256n - 1n).toString();
  const condition = 'ab'.repeat(32);
  for (const [numerator, denominator] of [
    ['0', '0'],
    ['1', '2'],
  ]) {
    await target.command(
      `INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source)
       VALUES ({token:UInt256}, unhex({condition:String}), 1, {numerator:UInt256}, {denominator:UInt256}, 'pnl')`,
      { params: { token: largest, condition, numerator, denominator } },
    );
  }
  await target.insertRows('outcome_tokens', [{ token_id: 5n, condition_id: null, source: 'counts' }]);
  const tokens = await target.query(
    `SELECT token_id, condition_id_hex, outcome_index, payout_numerator, payout_denominator, source, resolved
     FROM outcome_tokens FINAL ORDER BY token_id`,
  );
  expect(tokens).toEqual([
    {
      token_id: '5',
      condition_id_hex: null,
      outcome_index: null,
      payout_numerator: '0',
      payout_denominator: '0',
      source: 'counts',
      resolved: false,
    },
    {
      token_id: largest,
      condition_id_hex: `0x${condition}`,
      outcome_index: 1,
      payout_numerator: '1',
      payout_denominator: '2',
      source: 'pnl',
      resolved: true,
    },
  ]);

  const counts = {
    run: 'r',
    token_id: largest,
    buys: '18446744073709551615',
    sells: '0',
    buy_usdc: '12345678901234567890.123456',
    sell_usdc: '0.000007',
  };
  await target.insertRows('source_counts', [counts]);
  await target.insertRows('source_counts', [counts]);
  expect(await target.query('SELECT * FROM source_counts FINAL')).toEqual([counts]);
});
