import { afterAll, beforeAll, expect, it } from 'vitest';
import { OddsCollector } from '../../../src/datasets/odds/collect.js';
import { OddsSeen, readOdds } from '../../../src/datasets/odds/odds.js';
import { startVenues, type Venues } from '../../../src/simulator/venues/server.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';

const TIMEOUT_MS = 120_000;
const KEY = 'key-of-odds-456';
let clickhouse: TestClickHouse;
let venues: Venues;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  venues = await startVenues({ seed: 4, limitScale: 0, keepLog: true });
}, TIMEOUT_MS);
afterAll(async () => {
  await venues.close();
  await clickhouse.stop();
});

const body = (price: string, stamp: string) =>
  `[{"id":"e1","sport_key":"s","commence_time":"2026-11-24T01:15:00Z","home_team":"A","away_team":"B","bookmakers":[{"key":"dk",
  "title":"DK","last_update":"${stamp}","markets":[{"key":"spreads","last_update":"${stamp}","outcomes":[{"name":"A","price":${price},"point":-3.5}]}]}]}]`;

it('a row counts when its price or its stamp is new', () => {
  const seen = new OddsSeen();
  const read = (price: string, stamp: string) => readOdds(body(price, stamp), 's', '2026-11-24 12:00:00.000');
  const first = read('1.91', '2026-11-24T11:59:00Z');
  expect(first).toMatchObject([
    { price: '1.91', point: '-3.5', bookmaker: 'dk', last_update: '2026-11-24 11:59:00.000' },
  ]);
  expect(seen.only(first)).toHaveLength(1);
  seen.written('s', first);
  expect(seen.only(first)).toEqual([]);
  expect(seen.only(read('1.91', '2026-11-24T12:00:00Z'))).toHaveLength(1);
  expect(seen.only(read('1.95', '2026-11-24T11:59:00Z'))).toHaveLength(1);
  expect(() => readOdds('{"message":"x"}', 's', '')).toThrow();
});

it('odds and credits are stored, the key is in no table', { timeout: TIMEOUT_MS }, async () => {
  const target = await clickhouse.database();
  const odds = new OddsCollector(target, ['basketball_nba'], {
    url: venues.urls.odds,
    key: KEY,
    deadlineMs: 10_000,
    retrying: {
      retryBaseMs: 10,
      giveUpAfterMs: 5000,
      stop: new AbortController().signal,
      nowMs: () => performance.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms, true)),
      random: Math.random,
      onRetry: () => undefined,
    },
  });
  await odds.open();
  const written = await odds.round();
  expect(written).toBeGreaterThan(10);
  // Within the cache's time nothing is asked, and nothing is paid.
  expect(await odds.round()).toBe(0);
  await odds.close();
  const [stored] = await target.query<{ n: string }>('SELECT count() AS n FROM silver_odds');
  expect(Number(stored?.n)).toBe(written);
  const credits = await target.query<Record<string, string>>('SELECT * FROM odds_credits');
  expect(credits).toMatchObject([{ last: '3' }]);
  expect(JSON.stringify(credits)).not.toContain(KEY);
  expect(venues.log.filter(({ path }) => path.includes('apiKey'))).toHaveLength(1);
});
