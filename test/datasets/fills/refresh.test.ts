import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createFillsTable, ensureTables } from '../../../src/clickhouse/schema.js';
import type { Target } from '../../../src/clickhouse/target.js';
import type { TokenCount } from '../../../src/datasets/fills/plan/chunk.js';
import type { Planned } from '../../../src/datasets/fills/planning.js';
import { copyLive, planRefresh } from '../../../src/datasets/fills/refresh.js';
import type { StepContext } from '../../../src/report/step.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';
import { silentLog } from '../pnl/universe/universe.js';

let server: TestClickHouse;
let target: Target;
beforeAll(async () => {
  server = await startTestClickHouse();
});
afterAll(() => server?.stop());

const step = { log: silentLog } as unknown as StepContext;
const count = (token: string, buys: number): TokenCount => ({
  token,
  buys,
  sells: 0,
  buyMicros: String(buys * 1_000_000),
  sellMicros: '0',
});
const planned = (...tokens: TokenCount[]): Planned =>
  ({ known: { tokens, uncounted: [] }, selected: { tokens, uncounted: [] } }) as unknown as Planned;

/** Live holds 5 purchases of token 1 and, of 3 that the source counts, 2 of token 2, as verify has found. */
beforeEach(async () => {
  target = await server.database();
  await ensureTables(target);
  await createFillsTable(target, 'clob_fills', { comment: 'backfill run r1' });
  await target.command(
    `INSERT INTO clob_fills (tx_hash, order_hash, wallet, counterparty, token_id, side, shares, usdc, fee)
     SELECT unhex(leftPad(hex(number), 64, '0')), unhex(repeat('ab', 32)), unhex(repeat('cd', 20)), unhex(repeat('ef', 20)), if(number < 5, 1, 2), 'BUY', 2, 1, 0 FROM numbers(7)`,
  );
  await planRefresh(target, planned(count('1', 5)));
  await target.command("INSERT INTO source_short VALUES ('r1', 2, 'BUY', 3, 2, 3, 2)");
});

test('nothing differs where the source is as short as the live run has found it', async () => {
  expect(await planRefresh(target, planned(count('1', 5), count('2', 3)))).toMatchObject({
    differing: [],
    foreignTokens: 0,
  });
});

test('what the source counts anew, or what is missing of what it served, differs', async () => {
  const changed = await planRefresh(target, planned(count('1', 5), count('2', 4)));
  expect(changed.differing.map(({ token }) => token)).toEqual(['2']);
  await target.command('ALTER TABLE clob_fills DELETE WHERE token_id = 2 SETTINGS mutations_sync = 2');
  const lost = await planRefresh(target, planned(count('1', 5), count('2', 3)));
  expect(lost.differing.map(({ token }) => token)).toEqual(['2']);
});

test('staging keeps what does not differ, loses what does, and its parts carry no deleted rows along', async () => {
  // As an earlier version refreshed: with a mask.
  await target.command("DELETE FROM clob_fills WHERE tx_hash = unhex(leftPad(hex(6), 64, '0'))");
  await target.command("INSERT INTO source_counts VALUES ('r2', 1, 6, 0, 6, 0), ('r2', 2, 1, 0, 1, 0)");
  await createFillsTable(target, 'clob_fills_staging', { comment: 'backfill run r2' });
  await copyLive(step, target, 'r2');
  const held = 'SELECT token_id AS token, count() AS n FROM clob_fills_staging GROUP BY token_id ORDER BY token_id';
  expect(await target.query(held)).toEqual([{ token: '2', n: '1' }]);
  const [parts] = await target.query(
    "SELECT sum(rows) AS n FROM system.parts WHERE active AND database = {d:String} AND table = 'clob_fills_staging'",
    { params: { d: target.database } },
  );
  expect(parts).toEqual({ n: '1' });
});

test('rows of the chain stay, whatever the subgraph counts', async () => {
  await target.command(
    `INSERT INTO clob_fills (tx_hash, order_hash, token_id, side, shares, usdc, exchange, block_number, log_index)
     VALUES (unhex(repeat('11', 32)), unhex(repeat('22', 32)), 9, 'BUY', 1, 1, 'v2_ctf', 90000000, 3)`,
  );
  expect(await planRefresh(target, planned(count('1', 5), count('2', 3)))).toMatchObject({
    differing: [],
    foreignTokens: 0,
  });
  await target.command("INSERT INTO source_counts VALUES ('r2', 1, 6, 0, 6, 0)");
  await createFillsTable(target, 'clob_fills_staging', { comment: 'backfill run r2' });
  await copyLive(step, target, 'r2');
  expect(await target.query('SELECT toString(token_id) AS token FROM clob_fills_staging')).toEqual([{ token: '9' }]);
});
