import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Target } from '../../../src/clickhouse/target.js';
import { VENUE_PARTS } from '../../../src/datasets/venues/all.js';
import { VenueCollector } from '../../../src/datasets/venues/collect.js';
import { VenueHosts } from '../../../src/datasets/venues/hosts.js';
import { type MarketRow, type PriceRow, VENUES, type Venue } from '../../../src/datasets/venues/model.js';
import { collapseVenueTables, ensureVenueTables } from '../../../src/datasets/venues/tables.js';
import { Watch } from '../../../src/datasets/venues/watch.js';
import { startVenues, type Venues } from '../../../src/simulator/venues/server.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';
import { EVERYTHING } from './harness.js';

const TIMEOUT_MS = 240_000;
let clickhouse: TestClickHouse;
let venues: Venues;
let target: Target;
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  const size = { polymarket: 110, kalshi: 80, limitless: 26, opinion: 8 };
  venues = await startVenues({ seed: 2, size, limitScale: 0, gammaCacheMs: 0, busiestTrades: 300 });
  target = await clickhouse.database();
  await ensureVenueTables(target);
}, TIMEOUT_MS);
afterAll(async () => {
  for (const close of closers) await close();
  await venues.close();
  await clickhouse.stop();
});

function collectorOf(venue: Venue): VenueCollector {
  const parts = VENUE_PARTS[venue];
  const stop = new AbortController().signal;
  const hosts = new VenueHosts(parts.hosts, {
    urls: venues.urls,
    keys: { opinion: 'any' },
    deadlineMs: 20_000,
    retryBaseMs: 5,
    giveUpAfterMs: 20_000,
    stop,
    paceScale: 100,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms, true)),
    onRetry: () => undefined,
  });
  closers.push(() => hosts.close());
  const log = { info: () => undefined, warn: () => undefined };
  return new VenueCollector(parts, EVERYTHING, {
    target,
    hosts,
    runId: 'test',
    stop,
    now: () => Math.max(Date.now(), venues.now()),
    onPage: () => undefined,
    log,
  });
}

it('a round in which nothing happened writes nothing; what happens is written, settled markets too', {
  timeout: TIMEOUT_MS,
}, async () => {
  const collectors = VENUES.map((venue) => ({ venue, collector: collectorOf(venue) }));
  const open = new Map(
    VENUES.map((venue) => [venue, [...venues.truth[venue].markets()].map(({ marketId }) => marketId)]),
  );
  for (const { venue, collector } of collectors) {
    expect([venue, await collector.round()]).toEqual([
      venue,
      expect.objectContaining({ complete: true, failure: null }),
    ]);
    // What came between the load and its repetition: a delta asks for more than the listing.
    await collector.round();
    expect([venue, await collector.round()]).toEqual([venue, expect.objectContaining({ complete: true, rows: 0 })]);
  }
  venues.advance(600_000);
  for (const { venue, collector } of collectors) {
    const report = await collector.round();
    expect([venue, report.complete, report.rows > 0]).toEqual([venue, true, true]);
  }
  await collapseVenueTables(target);
  for (const venue of VENUES) {
    const rows = await target.query<{ market_id: string; status: string }>(
      'SELECT market_id, status FROM silver_markets WHERE venue = {venue:String}',
      { params: { venue } },
    );
    const status = new Map(rows.map((row) => [row.market_id, row.status]));
    const now = [...venues.truth[venue].markets()];
    const absent = now.filter(({ marketId }) => !status.has(marketId)).map(({ marketId }) => marketId);
    expect([venue, absent]).toEqual([venue, []]);
    const gone = (open.get(venue) ?? []).filter((id) => !now.some(({ marketId }) => marketId === id));
    const late = gone.filter((id) => status.get(id) === 'open');
    expect([venue, late]).toEqual([venue, []]);
  }
});

it('crossed books, sums and jumps without a trade are seen, ordinary moves are not', () => {
  const watch = new Watch();
  const market = (volume: string) =>
    ({ venue: 'kalshi', market_id: 'M', outcomes: ['Yes', 'No'], volume }) as unknown as MarketRow;
  const price = (outcome: number, over: Partial<PriceRow>): PriceRow => ({
    venue: 'kalshi',
    market_id: 'M',
    outcome_id: `M:${outcome}`,
    at: '2026-11-24 12:00:00.000000',
    bid: null,
    ask: null,
    mid: null,
    last: null,
    origin: 'listing',
    ...over,
  });
  const kinds = (volume: string, yes: Partial<PriceRow>, no: Partial<PriceRow>) =>
    watch.look({ markets: [market(volume)], prices: [price(0, yes), price(1, no)] }).map(({ kind }) => kind);
  expect(kinds('1', { mid: '0.3' }, { mid: '0.7' })).toEqual([]);
  expect(kinds('2', { mid: '0.6' }, { mid: '0.4' })).toEqual([]);
  expect(kinds('2', { mid: '0.9' }, { mid: '0.1' })).toEqual(['jump', 'jump']);
  expect(kinds('2', { mid: '0.9' }, { mid: '0.3' })).toEqual(['jump', 'sum']);
  expect(kinds('3', { mid: '0.8', bid: '0.81', ask: '0.79' }, { mid: '0.2' })).toEqual(['crossed']);
});
