import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Target } from '../../../src/clickhouse/target.js';
import { VENUES } from '../../../src/datasets/venues/model.js';
import { collapseVenueTables, ensureVenueTables } from '../../../src/datasets/venues/tables.js';
import { startVenues, type Venues } from '../../../src/simulator/venues/server.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';
import { failedChecks, ingest } from './harness.js';

const TIMEOUT_MS = 120_000;
let clickhouse: TestClickHouse;
let venues: Venues;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  venues = await startVenues({ seed: 7, size: 'tiny', limitScale: 0, keepLog: true });
}, TIMEOUT_MS);
afterAll(async () => {
  await venues.close();
  await clickhouse.stop();
});

async function tables(): Promise<Target> {
  const target = await clickhouse.database();
  await ensureVenueTables(target);
  return target;
}

const counts = (target: Target, table: string) =>
  target.query<{ venue: string; rows: string }>(
    `SELECT venue, count() AS rows FROM ${table} GROUP BY venue ORDER BY venue`,
  );

it('a static load is complete at all four venues, and a second run adds no bronze row', {
  timeout: TIMEOUT_MS,
}, async () => {
  const target = await tables();
  for (const venue of VENUES) {
    const report = await ingest(target, venues, venue);
    expect([venue, report.type, report.complete, failedChecks(report), report.failure]).toEqual([
      venue,
      'static',
      true,
      [],
      null,
    ]);
  }
  await collapseVenueTables(target);
  const bronze = await counts(target, 'bronze_responses');
  const markets = await counts(target, 'silver_markets');
  for (const venue of VENUES) {
    const report = await ingest(target, venues, venue, { runId: 'second' });
    expect([venue, report.type, report.complete, failedChecks(report)]).toEqual([venue, 'delta', true, []]);
  }
  await collapseVenueTables(target);
  expect(await counts(target, 'bronze_responses')).toEqual(bronze);
  expect(await counts(target, 'silver_markets')).toEqual(markets);
  const orphans = await target.query(
    'SELECT venue, event_id FROM silver_markets WHERE (venue, event_id) NOT IN (SELECT venue, event_id FROM silver_events)',
  );
  expect(orphans).toEqual([]);
  for (const view of ['gold_markets', 'gold_latest_prices', 'gold_movers', 'gold_volume_by_day', 'gold_trade_bars']) {
    await target.query(`SELECT * FROM ${view} LIMIT 1`);
  }
});

it('bodies are stored byte for byte', { timeout: TIMEOUT_MS }, async () => {
  const target = await tables();
  await ingest(target, venues, 'polymarket');
  const [row] = await target.query<{ body: string; record_id: string }>(
    "SELECT body, record_id FROM bronze_responses WHERE endpoint = '/markets/keyset' ORDER BY record_id LIMIT 1",
  );
  const answer = await fetch(
    `${venues.urls.gamma}/markets/keyset?closed=false&limit=100&condition_ids=${row?.record_id}`,
  );
  expect(await answer.text()).toContain(row?.body);
});

it('a run that was stopped goes on where it was', { timeout: TIMEOUT_MS }, async () => {
  const target = await tables();
  await expect(ingest(target, venues, 'kalshi', { stopAfterPages: 5 })).rejects.toThrow('stopped by the test');
  const asked = venues.log.length;
  const report = await ingest(target, venues, 'kalshi', { runId: 'another' });
  expect([report.run, report.resumed, report.complete]).toEqual(['first', true, true]);
  const again = venues.log.slice(asked).map(({ path }) => path);
  expect(again.length).toBeLessThan(11);
  const [seen] = await target.query<{ n: string }>(
    "SELECT uniqExact(market_id) AS n FROM silver_markets WHERE venue = 'kalshi'",
  );
  expect(Number(seen?.n)).toBeGreaterThanOrEqual(2000);
});

it('a venue that stays away is a report with its reason, and its run goes on later', {
  timeout: TIMEOUT_MS,
}, async () => {
  const target = await tables();
  venues.setFaults([{ host: 'opinion', kind: '5xx', rate: 1 }]);
  try {
    const report = await ingest(target, venues, 'opinion', { giveUpAfterMs: 50 });
    expect(report).toMatchObject({ complete: false, failure: { code: 'http_5xx' } });
  } finally {
    venues.setFaults([]);
  }
  expect(await ingest(target, venues, 'opinion', { runId: 'later' })).toMatchObject({ run: 'first', complete: true });
});
