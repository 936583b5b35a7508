import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRecordedUniverse, readRecordedEvents } from '../../src/simulator/recorded.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { spawnBackfill } from '../support/program.js';
import { makeScenario, outcome } from '../support/scenario.js';

/** 123 real fills, as recorded in ../shared/data. */
const EVENTS = fileURLToPath(new URL('../simulator/fixtures/order_filled_events.ndjson', import.meta.url));

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

test('recorded fills arrive as they were: rows, shares of a wallet, a fee in shares; again adds nothing', {
  timeout: 60_000,
}, async () => {
  const universe = createRecordedUniverse({ events: await readRecordedEvents(EVENTS) });
  const scenario = await makeScenario(clickhouse, { universe });
  for (let sitting = 0; sitting < 2; sitting++) {
    expect(outcome(await scenario.fills())).toMatchObject({ code: 0 });
    expect(await scenario.compare()).toEqual({ rows: 123, problems: [] });
    const wallet = await scenario.target.query(
      `SELECT toString(sum(shares)) AS shares, count() AS fills, any(side) AS side FROM clob_fills_staging FINAL
       WHERE startsWith(toString(token_id), '10171926') AND startsWith(wallet_hex, '0xcce2')`,
    );
    expect(wallet).toEqual([{ shares: '33894.328603', fills: '65', side: 'BUY' }]);
    const fee = await scenario.target.query(
      `SELECT side, toString(shares) AS shares, toString(usdc) AS usdc, toString(fee) AS amount FROM clob_fills_staging FINAL
       WHERE tx_hash_hex = '0x31d5dca405136cb4ed09bcf817d2b6c2ce1331b18d4b5738eae2e76f7e73e391' AND fee > 0`,
    );
    expect(fee).toEqual([{ side: 'BUY', shares: '17.7', usdc: '7.434', amount: '1.77' }]);
  }
});

test('`simulate --events` and `fills`, two processes as a person would start them', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  const source = spawnBackfill(['simulate', '--events', EVENTS, '--json'], { cwd: scenario.dir });
  await source.waitFor('"url"');
  const { url, fills } = JSON.parse(source.stdout());
  expect(fills).toBe(123);
  const ended = await scenario.fills('--source-url', url, '--json');
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(JSON.parse(ended.stdout)).toMatchObject({ complete: true, rows: { expected: 123, loaded: 123, rejected: 0 } });
  source.kill('SIGTERM');
  expect((await source.ended).code).toBe(130);
});
