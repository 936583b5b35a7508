import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFillsTable } from '../../../src/clickhouse/schema.js';
import { FILLS_COLUMN_NAMES, FILLS_COLUMNS } from '../../../src/clickhouse/tables.js';
import type { Target } from '../../../src/clickhouse/target.js';
import { FILL, FILL_BYTES } from '../../../src/datasets/fills/table.js';
import { EXCHANGES } from '../../../src/sources/chain/exchanges.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';

let server: TestClickHouse;
let target: Target;
beforeAll(async () => {
  server = await startTestClickHouse();
  target = await server.database();
  await createFillsTable(target, 'f');
});
afterAll(() => server?.stop());

const sql = (name: string): string =>
  readFileSync(new URL(`../../../sql/${name}.sql`, import.meta.url), 'utf8').replace(/--[^\n]*/g, '');

test.each(['verify/checksum', 'verify/range', 'migrate/copy_fills'])('%s names every column of the table', (file) => {
  const text = sql(file);
  expect(FILLS_COLUMN_NAMES.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});

test('encoders have an offset for every column, one after the other without gaps', () => {
  const offsets = Object.values(FILL);
  expect(offsets).toHaveLength(FILLS_COLUMNS.length);
  const ends = offsets.map((at, i) => at + (FILLS_COLUMNS[i]?.bytes ?? 0));
  expect(ends).toEqual([...offsets.slice(1), FILL_BYTES]);
});

test('the enum of the table has the exchanges of the chain, and one for the subgraph', () => {
  const type = FILLS_COLUMNS.find(({ name }) => name === 'exchange')?.type ?? '';
  const values = [...type.matchAll(/'(\w+)' = (\d+)/g)].map(([, name, value]) => [name, Number(value)]);
  expect(values).toEqual([['v1', 1], ...EXCHANGES.map(({ name, enumValue }) => [name, enumValue])]);
});

/** What a fill of 10 shares for 4 USDC with a fee of 0.5 means. */
test.each([
  // exchange, side, fee_usdc, fee_shares, cash, net_shares
  ['v1', 'BUY', '0', '0.5', '-4', '9.5'],
  ['v1', 'SELL', '0.5', '0', '3.5', '-10'],
  ['v1_ctf', 'BUY', '0', '0.5', '-4', '9.5'],
  ['v1_neg_risk', 'SELL', '0.5', '0', '3.5', '-10'],
  ['v2_ctf', 'BUY', '0.5', '0', '-4.5', '10'],
  ['v2_ctf', 'SELL', '0.5', '0', '3.5', '-10'],
  ['v2_neg_risk', 'BUY', '0.5', '0', '-4.5', '10'],
  ['v2_neg_risk_b', 'SELL', '0.5', '0', '3.5', '-10'],
  ['v3', 'BUY', '0.5', '0', '-4.5', '10'],
  ['v3', 'SELL', '0.5', '0', '3.5', '-10'],
])('%s %s: what a fee means', async (exchange, side, feeUsdc, feeShares, cash, netShares) => {
  await target.command('TRUNCATE TABLE f');
  await target.command(
    `INSERT INTO f (side, shares, usdc, fee, exchange) VALUES ('${side}', 10, 4, 0.5, '${exchange}')`,
  );
  expect(await target.query('SELECT fee_usdc, fee_shares, cash, net_shares FROM f')).toEqual([
    { fee_usdc: feeUsdc, fee_shares: feeShares, cash, net_shares: netShares },
  ]);
});

test('the largest amounts that a row may hold do not overflow, nor do their sums', async () => {
  await target.command('TRUNCATE TABLE f');
  const most = "reinterpret(toInt64(999999999999999999), 'Decimal(18, 6)')";
  await target.command(
    `INSERT INTO f (tx_hash, side, shares, usdc, fee, exchange)
     SELECT unhex(leftPad(hex(number), 64, '0')), 'BUY', ${most}, ${most}, ${most}, 'v2_ctf' FROM numbers(1000)`,
  );
  expect(await target.query('SELECT sum(cash) AS cash, sum(net_shares) AS net FROM f')).toEqual([
    { cash: '-1999999999999999.998', net: '999999999999999.999' },
  ]);
});
