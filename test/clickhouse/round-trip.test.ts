import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFillsTable } from '../../src/clickhouse/schema.js';
import { FILLS_COLUMN_NAMES } from '../../src/clickhouse/tables.js';
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

/** What ClickHouse says it holds, in the source's words again, by integers only. */
const READ_BACK = `
  SELECT concat(tx_hash_hex, '_', order_hash_hex) AS id, toString(toUnixTimestamp(block_time)) AS timestamp,
         wallet_hex AS maker, counterparty_hex AS taker, toString(side) AS side, toString(token_id) AS token,
         toString(reinterpretAsInt64(shares)) AS shares, toString(reinterpretAsInt64(usdc)) AS usdc,
         toString(reinterpretAsInt64(fee)) AS fee
  FROM f ORDER BY id`;

function expected(row: FillRow) {
  const buy = row.makerAssetId === '0';
  return {
    id: row.id,
    timestamp: row.timestamp,
    maker: row.maker,
    taker: row.taker,
    side: buy ? 'BUY' : 'SELL',
    token: buy ? row.takerAssetId : row.makerAssetId,
    shares: buy ? row.takerAmountFilled : row.makerAmountFilled,
    usdc: buy ? row.makerAmountFilled : row.takerAmountFilled,
    fee: row.fee,
  };
}

async function readBack(target: Target, rows: readonly FillRow[]): Promise<unknown[]> {
  const batch = new FillBatch(rows.length);
  for (const row of rows) expect(encodeFill(row, batch)).toBeNull();
  await target.insertRowBinary('f', FILLS_COLUMN_NAMES, batch.take());
  return target.query(READ_BACK);
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

test('extreme values come back as they went in', async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  const largest = (10n ** 18n - 1n).toString();
  const row = (digit: string, over: Partial<FillRow>): FillRow => ({
    id: `0x${digit.repeat(64)}_0x${'f'.repeat(64)}`,
    timestamp: '0',
    maker: `0x${'0'.repeat(40)}`,
    taker: `0x${'f'.repeat(40)}`,
    makerAssetId: '0',
    takerAssetId: '1',
    makerAmountFilled: '0',
    takerAmountFilled: '0',
    fee: '0',
    ...over,
  });
  const rows = [
    row('0', {}),
    row('1', {
      timestamp: '4294967295',
      takerAssetId: (2n ** 256n - 1n).toString(),
      makerAmountFilled: largest,
      takerAmountFilled: largest,
      fee: largest,
    }),
    row('2', {
      makerAssetId: (2n ** 255n).toString(),
      takerAssetId: '0',
      makerAmountFilled: '1',
      takerAmountFilled: largest,
    }),
    row('3', { timestamp: '2147483648', takerAssetId: (2n ** 64n).toString() }),
  ];
  expect(await readBack(target, rows)).toEqual(rows.map(expected));
  expect(await target.query('SELECT max(block_time) AS last, max(shares) AS s, sum(usdc) AS u FROM f')).toEqual([
    { last: '2106-02-07 06:28:15', s: '999999999999.999999', u: '1999999999999.999998' },
  ]);
});

test('whatever fills are encoded, ClickHouse reads back the same', async () => {
  const hex = (bytes: number) =>
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => `0x${Buffer.from(value).toString('hex')}`);
  const amount = fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }).map(String);
  const fill = fc
    .record({
      tx: hex(32),
      order: hex(32),
      timestamp: fc.integer({ min: 0, max: 0xffff_ffff }).map(String),
      maker: hex(20),
      taker: hex(20),
      token: fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }).map(String),
      buy: fc.boolean(),
      makerAmountFilled: amount,
      takerAmountFilled: amount,
      fee: amount,
    })
    .map(
      ({ tx, order, token, buy, ...rest }): FillRow => ({
        ...rest,
        id: `${tx}_${order}`,
        makerAssetId: buy ? '0' : token,
        takerAssetId: buy ? token : '0',
      }),
    );
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fill, { minLength: 1, maxLength: 200, selector: (row) => row.id }),
      async (rows) => {
        await target.command('TRUNCATE TABLE f');
        expect(await readBack(target, rows)).toEqual(rows.map(expected).sort(byId));
      },
    ),
    { numRuns: 20 },
  );
});
