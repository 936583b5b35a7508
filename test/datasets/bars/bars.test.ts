import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { easternMidnightMs } from '../../../src/core/eastern.js';
import { readBars, requestOf } from '../../../src/datasets/bars/answer.js';
import { loadBars } from '../../../src/datasets/bars/load.js';
import { planBars } from '../../../src/datasets/bars/plan.js';
import { startVenues, type Venues } from '../../../src/simulator/venues/server.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';

const LOADED_AT = '2026-11-24 12:00:00.000';
const DAY = { kind: 'range', symbol: 'AAPL', timespan: 'day', from: '2005-04-01', to: '2005-04-04' } as const;

describe('plan', () => {
  it('minutes are cut into windows of 52 days, days come for all symbols at once where that is fewer', () => {
    const minutes = planBars({ symbols: ['A', 'B'], from: '2026-01-01', to: '2026-12-31', timespans: ['minute'] });
    expect(minutes).toHaveLength(2 * 8);
    expect(minutes[0]).toEqual({
      kind: 'range',
      symbol: 'A',
      timespan: 'minute',
      from: '2026-01-01',
      to: '2026-02-21',
    });
    expect(minutes[7]).toMatchObject({ symbol: 'A', from: '2026-12-31', to: '2026-12-31' });
    const many = Array.from({ length: 100 }, (_, i) => `S${i}`);
    const week = { from: '2026-11-16', to: '2026-11-22', timespans: ['day'] as const };
    expect(planBars({ symbols: many, ...week })).toEqual(
      ['16', '17', '18', '19', '20'].map((d) => ({ kind: 'grouped', day: `2026-11-${d}` })),
    );
    expect(planBars({ symbols: ['A', 'B'], ...week })).toHaveLength(2);
  });

  it('a day begins at midnight in New York', () => {
    expect(new Date(easternMidnightMs('2005-04-01')).toISOString()).toBe('2005-04-01T05:00:00.000Z');
    expect(new Date(easternMidnightMs('2005-04-04')).toISOString()).toBe('2005-04-04T04:00:00.000Z');
  });
});

describe('answers', () => {
  it('numbers are read by their digits, absent figures are null, no results are none', () => {
    const body =
      '{"status":"DELAYED","results":[{"v":642646396.0,"o":1.5032,"c":1.4604,"h":1.50645,"l":1.4489,"t":1112331600000}]}';
    expect(readBars(body, DAY, new Set(), LOADED_AT).bars).toEqual([
      {
        symbol: 'AAPL',
        timespan: 'day',
        start: '2005-04-01 05:00:00.000',
        open: '1.5032',
        high: '1.50645',
        low: '1.4489',
        close: '1.4604',
        volume: '642646396',
        vwap: null,
        trades: null,
        loaded_at: LOADED_AT,
      },
    ]);
    expect(readBars('{"status":"OK","queryCount":0,"resultsCount":0}', DAY, new Set(), LOADED_AT)).toEqual({
      bars: [],
      next: null,
    });
    expect(() => readBars('{"status":"ERROR","error":"no"}', DAY, new Set(), LOADED_AT)).toThrow('status ERROR');
  });

  it('the next page is asked for at our own host, with the key in the header only', () => {
    const next =
      'https://elsewhere.example/v2/aggs/ticker/AAPL/range/1/minute/1658156340000/2023-02-03?cursor=bGltaXQ&apiKey=secret';
    expect(readBars(`{"status":"OK","next_url":"${next}"}`, DAY, new Set(), LOADED_AT).next).toEqual({
      path: '/v2/aggs/ticker/AAPL/range/1/minute/1658156340000/2023-02-03',
      query: [['cursor', 'bGltaXQ']],
    });
    expect(JSON.stringify(requestOf(DAY))).toContain('50000');
  });

  const recorded = new URL('../../../../shared/data/bars/polygon_responses.ndjson', import.meta.url);
  it.skipIf(!existsSync(recorded))('recorded bodies', () => {
    const lines = readFileSync(recorded, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const days = readBars(JSON.stringify(lines[0].body), DAY, new Set(), LOADED_AT).bars;
    expect(days.map(({ start, trades }) => [start, trades])).toEqual([
      ['2005-04-01 05:00:00.000', '82132'],
      ['2005-04-04 04:00:00.000', '65543'],
    ]);
    // Stamped with the end of the session: the day begins at its own midnight.
    const grouped = readBars(
      JSON.stringify(lines[3].body),
      { kind: 'grouped', day: '2020-10-14' },
      new Set(['GIK']),
      LOADED_AT,
    );
    expect(grouped.bars).toMatchObject([{ symbol: 'GIK', start: '2020-10-14 04:00:00.000' }]);
  });
});

describe('load', () => {
  const TIMEOUT_MS = 120_000;
  let clickhouse: TestClickHouse;
  let venues: Venues;
  beforeAll(async () => {
    clickhouse = await startTestClickHouse();
    venues = await startVenues({ seed: 5, limitScale: 0, keepLog: true, startMs: Date.parse('2026-11-24T12:00:00Z') });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await venues.close();
    await clickhouse.stop();
  });

  it('bars are those of the universe, day bars alike by symbol and by day', { timeout: TIMEOUT_MS }, async () => {
    const target = await clickhouse.database();
    const load = (symbols: string[], from: string, to: string, timespans: ('minute' | 'day')[]) =>
      loadBars(
        target,
        { symbols, from, to, timespans },
        {
          url: venues.urls.massive,
          key: 'key-of-massive',
          rpm: 6000,
          deadlineMs: 10_000,
          retryBaseMs: 10,
          giveUpAfterMs: 5000,
          stop: new AbortController().signal,
          sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms, true)),
          onRetry: () => undefined,
        },
      );
    const report = await load(['AAPL'], '2026-11-02', '2026-11-06', ['minute', 'day']);
    expect([report.requests, report.planned, report.empty]).toEqual([2, 2, []]);
    const [minutes] = await target.query<{ n: string }>("SELECT count() AS n FROM bars WHERE timespan = 'minute'");
    const days = ['2026-11-02', '2026-11-03', '2026-11-04', '2026-11-05', '2026-11-06'];
    const truth = days.flatMap((day) => venues.bars.minutesOf('AAPL', day, true, venues.now()));
    expect(Number(minutes?.n)).toBe(truth.length);
    const select =
      "SELECT symbol, start, open, high, low, close, volume, vwap, trades FROM bars WHERE timespan = 'day' AND symbol = 'AAPL' ORDER BY start";
    const bySymbol = await target.query(select);
    expect(bySymbol).toHaveLength(5);
    // Six symbols and five days: one request a day.
    const grouped = await load(['AAPL', 'MSFT', 'GOOG', 'AMZN', 'NVDA', 'TSLA'], '2026-11-02', '2026-11-06', ['day']);
    expect(grouped.requests).toBe(5);
    expect(await target.query(select)).toEqual(bySymbol);
    expect(venues.log.filter(({ path }) => path.includes('key-of-massive'))).toEqual([]);
  });
});
