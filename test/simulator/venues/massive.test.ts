import { beforeAll, expect, test } from 'vitest';
import type { Venues } from '../../../src/simulator/venues/server.js';
import { type Body, get, START, venuesFor } from './ask.js';

let venues: Venues;
beforeAll(async () => {
  venues = await venuesFor();
});

const range = (path: string, query = 'limit=50000') => get(`${venues.urls.massive}/v2/aggs/ticker/${path}?${query}`);

async function pages(path: string, query: string): Promise<Body[]> {
  const all = [await range(path, query)];
  while (all.at(-1).next_url) all.push(await get(all.at(-1).next_url));
  return all;
}

test('days begin at Eastern midnight, the change of clocks between them; weekends and holidays have no bar', async () => {
  const { results, status, count, resultsCount, queryCount } = await range('AAPL/range/1/day/2026-10-26/2026-11-06');
  const hours = new Set(results.map((bar: Body) => new Date(bar.t).toISOString().slice(11, 16)));
  expect(hours).toEqual(new Set(['04:00', '05:00']));
  expect(results.length).toBeLessThanOrEqual(10);
  expect([status, count, resultsCount, queryCount]).toEqual(['OK', results.length, results.length, results.length]);
});

test('the limit counts base bars: an hour eats its minutes, the part at the cut is dropped and comes with the next page', async () => {
  const path = 'AAPL/range/1/hour/2026-11-16/2026-11-20';
  const whole = await range(path);
  const parts = await pages(path, 'limit=500&sort=asc');
  expect(parts.length).toBeGreaterThan(3);
  expect(parts[0].results.length).toBeLessThan(20);
  expect(parts[0].queryCount).toBe(500);
  expect(parts.flatMap((page) => page.results)).toEqual(whole.results);
});

test('next_url has no key in it and only moves from; bounds are inclusive; windows join without a seam', async () => {
  const path = 'IBM/range/1/minute/2026-11-16/2026-11-17';
  const whole = await range(path);
  const [first, ...rest] = await pages(path, 'limit=300&apiKey=secret');
  expect(first.next_url).toMatch(/\/range\/1\/minute\/\d{13}\/2026-11-17\?cursor=/);
  expect(first.next_url).not.toContain('secret');
  expect(Buffer.from(first.next_url.split('cursor=')[1], 'base64url').toString()).toBe('limit=300&sort=asc');
  expect([first, ...rest].flatMap((page) => page.results)).toEqual(whole.results);
  expect(rest.at(-1).next_url).toBeUndefined();
  const last = whole.results.at(-1);
  const window = await range(`IBM/range/1/minute/${last.t}/${last.t}`);
  expect(window.results).toEqual([last]);
  const down = await pages(path, 'limit=300&sort=desc');
  expect(down.flatMap((page) => page.results)).toEqual(whole.results.toReversed());
});

test('fields that may be absent, floats with a point, DELAYED, and no results at all', async () => {
  const { results } = await range('MSFT/range/1/minute/2026-11-16/2026-11-20');
  expect(results.some((bar: Body) => bar.vw === undefined)).toBe(true);
  expect(results.some((bar: Body) => bar.n === undefined)).toBe(true);
  const text = await (
    await fetch(`${venues.urls.massive}/v2/aggs/ticker/MSFT/range/1/day/2026-11-16/2026-11-17?apiKey=k`)
  ).text();
  expect(text).toMatch(/"v":\d+\.0,/);
  expect((await range('NVDA/range/1/day/2026-11-16/2026-11-17')).status).toBe('DELAYED');
  expect((await range('GIK/range/1/day/2026-11-16/2026-11-17')).results[0].otc).toBe(true);
  const none = await range('NOSUCH/range/1/day/2026-11-16/2026-11-17');
  expect('results' in none).toBe(false);
  expect(none).toMatchObject({ queryCount: 0, resultsCount: 0, status: 'OK' });
});

test('the minutes of a day sum to no more than the day, and make its range', async () => {
  const minutes = (await range('F/range/1/minute/2026-11-17/2026-11-17')).results;
  const [day] = (await range('F/range/1/day/2026-11-17/2026-11-17')).results;
  const sum = minutes.reduce((all: number, bar: Body) => all + bar.v, 0);
  expect(sum).toBeLessThanOrEqual(day.v);
  expect([minutes[0].o, minutes.at(-1).c]).toEqual([day.o, day.c]);
  expect(Math.max(...minutes.map((bar: Body) => bar.h))).toBe(day.h);
  expect(day.t).toBe(Date.parse('2026-11-17T05:00:00Z'));
});

test('grouped: every symbol of a day in one answer, stamped with the close; OTC only when asked for', async () => {
  const url = `${venues.urls.massive}/v2/aggs/grouped/locale/us/market/stocks`;
  const { results } = await get(`${url}/2026-11-17`);
  const apple = results.find((bar: Body) => bar.T === 'AAPL');
  expect(apple.t).toBe(Date.parse('2026-11-17T21:00:00Z'));
  const [day] = (await range('AAPL/range/1/day/2026-11-17/2026-11-17')).results;
  expect({ ...apple, t: 0 }).toEqual({ ...day, T: 'AAPL', t: 0 });
  expect(results.some((bar: Body) => bar.T === 'GIK')).toBe(false);
  expect((await get(`${url}/2026-11-17?include_otc=true`)).results).toHaveLength(results.length + 1);
  expect('results' in (await get(`${url}/2026-11-21`))).toBe(false);
  const previous = await get(`${venues.urls.massive}/v2/aggs/ticker/AAPL/prev`);
  expect(previous.results[0].T).toBe('AAPL');
  const open = await get(`${venues.urls.massive}/v1/open-close/AAPL/2026-11-17`);
  expect(open).toMatchObject({ status: 'OK', from: '2026-11-17', open: day.o, close: day.c });
  expect((await fetch(`${venues.urls.massive}/v1/open-close/AAPL/2026-11-21?apiKey=k`)).status).toBe(404);
});

test('a split rewrites all adjusted bars before it; the bar that is open changes', async () => {
  const live = await venuesFor({ startMs: START + 6 * 3_600_000 });
  const ask = (path: string, query = '') => get(`${live.urls.massive}/v2/aggs/ticker/${path}?limit=50000&${query}`);
  const path = 'TSLA/range/1/day/2026-11-16/2026-11-17';
  const before = (await ask(path)).results;
  const [open] = (await ask('IBM/range/1/day/2026-11-24/2026-11-24')).results;
  live.advance(86_400_000);
  const after = (await ask(path)).results;
  for (const [n, bar] of after.entries()) {
    expect(bar.c * 3).toBeCloseTo(before[n].c, 2);
    expect(bar.v).toBe(before[n].v * 3);
  }
  expect((await ask(path, 'adjusted=false')).results).toEqual(before);
  const [closed] = (await ask('IBM/range/1/day/2026-11-24/2026-11-24')).results;
  expect(closed.v).toBeGreaterThan(open.v);
});

test('a key is asked for, in a header or the query', async () => {
  const url = `${venues.urls.massive}/v2/aggs/ticker/IBM/prev`;
  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(`${url}?apiKey=k`)).status).toBe(200);
  expect((await range('IBM/range/1/century/2026-11-16/2026-11-17')).status).toBe('ERROR');
});
