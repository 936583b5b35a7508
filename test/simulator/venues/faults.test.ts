import { expect, test } from 'vitest';
import type { FaultRule } from '../../../src/simulator/venues/http/faults.js';
import { type Body, gammaMarkets, get, opinionRows, venuesFor } from './ask.js';

const KEY = { headers: { apikey: 'k' } };

async function struck(rule: FaultRule, path: (urls: Record<string, string>) => string) {
  const venues = await venuesFor({ faults: [rule] });
  return { venues, url: path(venues.urls) };
}

test('a refusal of the way, a reset, a body that is cut: the same request again is answered when the rule has had its times', async () => {
  for (const kind of ['5xx', 'throttled', 'reset', 'cut-body', 'cut-json', 'html'] as const) {
    const { venues, url } = await struck({ host: 'kalshi', kind, times: 1 }, (urls) => `${urls.kalshi}/series`);
    const first = await fetch(url).then(
      async (response) => ({
        status: response.status,
        json: await response.json().then(
          () => true,
          () => false,
        ),
      }),
      () => ({ status: 0, json: false }),
    );
    expect(first.status === 200 && first.json, kind).toBe(false);
    expect((await get(url)).series.length, kind).toBeGreaterThan(0);
    expect(venues.stats().kalshi.faults).toEqual({ [kind]: 1 });
  }
});

test('a host that hangs holds the request until the client gives up', async () => {
  const { venues, url } = await struck(
    { host: 'limitless', kind: 'hang' },
    (urls) => `${urls.limitless}/markets/active`,
  );
  await expect(fetch(url, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  expect((await fetch(`${venues.urls.kalshi}/historical/cutoff`)).status).toBe(200);
});

test('one host is down, the others are not; then it is back', async () => {
  const venues = await venuesFor();
  venues.goDown('opinion', 3_600_000);
  expect((await fetch(`${venues.urls.opinion}/market`, KEY)).status).toBe(503);
  expect((await fetch(`${venues.urls.kalshi}/historical/cutoff`)).status).toBe(200);
  venues.goDown('opinion', 0);
  expect((await fetch(`${venues.urls.opinion}/market`, KEY)).status).toBe(200);
  venues.goDown('gamma', 3_600_000, 'gone');
  await expect(fetch(`${venues.urls.gamma}/markets`)).rejects.toThrow();
});

test('Opinion errors under HTTP 200 strike by what is asked, at their rate', async () => {
  const { venues } = await struck({ host: 'opinion', kind: 'errno', rate: 0.3, times: 1 }, () => '');
  const errnos: number[] = [];
  for (let n = 1; n <= 60; n++) errnos.push((await get(`${venues.urls.opinion}/market?page=${n}`)).errno);
  const hit = errnos.filter((errno) => errno !== 0).length;
  expect(hit).toBeGreaterThan(8);
  expect(hit).toBeLessThan(30);
  venues.setFaults([]);
  expect(await opinionRows(venues, 'marketType=2')).toHaveLength(45);
});

test('listings that lie: a cursor that loops, the first page again, a row left out, a row twice, a total that is off, an early end', async () => {
  const venues = await venuesFor();
  const whole = await gammaMarkets(venues);
  const page = `${venues.urls.gamma}/markets/keyset?limit=100&closed=false`;
  const { next_cursor } = await get(page);
  const second = `${page}&after_cursor=${next_cursor}`;
  const under = async (rule: FaultRule, url: string): Promise<Body> => {
    venues.setFaults([rule]);
    return get(url);
  };
  expect((await under({ kind: 'cursor-loop' }, second)).next_cursor).toBe(next_cursor);
  expect((await under({ kind: 'first-page' }, second)).markets[0].id).toBe(whole[0].id);
  expect((await under({ kind: 'empty-list' }, page)).markets).toEqual([]);
  expect((await under({ kind: 'short-page' }, page)).markets).toHaveLength(50);
  const left = (await under({ kind: 'missing-row', rate: 0.05 }, page)).markets.length;
  expect(left).toBeGreaterThan(80);
  expect(left).toBeLessThan(100);
  expect((await under({ kind: 'missing-row', rate: 0.05 }, page)).markets.length, 'the same rows each time').toBe(left);
  expect((await under({ kind: 'doubled-row', rate: 0.05 }, page)).markets.length).toBeGreaterThan(100);
  const rows = await under({ kind: 'wrong-total', by: 3 }, `${venues.urls.limitless}/markets/active`);
  expect(rows.totalMarketsCount).toBe(63);
  expect((await under({ kind: 'wrong-type', rate: 1 }, page)).markets.at(-1).volumeNum).toBe('a lot');
});

test('a market comes in while the list is read (insert), and numbers are written with a point (decimal-point)', async () => {
  const venues = await venuesFor({ faults: [{ host: 'limitless', kind: 'insert', matching: 'page=2', times: 1 }] });
  const list = (page: number) => get(`${venues.urls.limitless}/markets/active?limit=25&page=${page}`);
  const first = await list(1);
  const second = await list(2);
  expect(second.data[0].slug).toBe(first.data[24].slug);
  expect(second.totalMarketsCount).toBe(first.totalMarketsCount + 1);
  venues.setFaults([{ kind: 'decimal-point' }]);
  const text = await (await fetch(`${venues.urls.gamma}/markets/keyset?limit=1`)).text();
  expect(text).toContain('"orderMinSize":5.0,');
});

test('rules strike between two requests of a host, and stats count them', async () => {
  const venues = await venuesFor({ faults: [{ host: 'kalshi', kind: '5xx', fromRequest: 1, untilRequest: 3 }] });
  const statuses: boolean[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await fetch(`${venues.urls.kalshi}/historical/cutoff`)).ok);
  expect(statuses).toEqual([true, false, false, true]);
  expect(venues.stats().kalshi.faults).toEqual({ '5xx': 2 });
});
