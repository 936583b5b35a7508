import { beforeAll, expect, test } from 'vitest';
import type { Venues } from '../../../src/simulator/venues/server.js';
import { type Body, get, micros, opinionRows, START, venuesFor } from './ask.js';

let venues: Venues;
let rows: Body[];
beforeAll(async () => {
  venues = await venuesFor();
  rows = await opinionRows(venues);
});

const opinion = (path: string) => get(`${venues.urls.opinion}${path}`);

test('every error of its own comes with HTTP 200 and an errno', async () => {
  const asked = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(`${venues.urls.opinion}${path}`, { headers });
    return [response.status, ((await response.json()) as Body).errno];
  };
  expect(await asked('/market', {})).toEqual([200, 11_001]);
  expect(await asked('/token/latest-price', { apikey: 'k' })).toEqual([200, 10_000]);
  expect(await asked('/market/999999', { apikey: 'k' })).toEqual([200, 10_000]);
  const strict = await venuesFor({ keys: { opinion: 'right' } });
  expect(await get(`${strict.urls.opinion}/market`, { apikey: 'wrong' })).toMatchObject({
    errno: 11_002,
    result: null,
  });
});

test('the default market type is binary only, the page at most 20', async () => {
  const { result } = await opinion('/market?limit=100');
  expect(result.list).toHaveLength(Math.min(20, result.total));
  expect(result.list.every((row: Body) => row.marketType === 0)).toBe(true);
  expect((await opinion('/market')).result.list).toHaveLength(10);
  expect((await opinion('/market?marketType=2')).result.total).toBe(45);
  expect(rows).toHaveLength(45);
});

test('a parent stays Created, has no tokens, and its volume is that of its children, some of them resolved', () => {
  const parents = rows.filter((row) => row.marketType === 1);
  expect(parents.length).toBeGreaterThan(10);
  for (const parent of parents) {
    expect(parent).toMatchObject({ status: 1, statusEnum: 'Created', yesTokenId: '', conditionId: '', resolvedAt: 0 });
    const sum = parent.childMarkets.reduce((all: bigint, child: Body) => all + (micros(child.volume) as bigint), 0n);
    expect(Math.abs(Number((micros(parent.volume) as bigint) - sum))).toBeLessThan(10_000);
    expect(parent.childMarkets.every((child: Body) => child.volume24h === undefined)).toBe(true);
  }
  const children = parents.flatMap((parent) => parent.childMarkets);
  const resolved = children.filter((child) => child.status === 4);
  expect(resolved.length).toBeGreaterThan(0);
  for (const child of resolved) expect([child.yesTokenId, child.noTokenId]).toContain(child.resultTokenId);
  expect(children.some((child) => child.status === 2 && child.resultTokenId === '')).toBe(true);
});

test('ids of parents and of markets are two sequences that meet', () => {
  const parents = new Set(rows.filter((row) => row.marketType === 1).map((row) => row.marketId));
  const markets = rows
    .flatMap((row) => (row.marketType === 1 ? row.childMarkets : [row]))
    .map((row: Body) => row.marketId);
  expect(new Set(markets).size).toBe(markets.length);
  expect(markets.some((id) => parents.has(id))).toBe(true);
});

test('a market alone: binary and children by id, parents as categorical, each by its own sequence', async () => {
  const parent = rows.find((row) => row.marketType === 1);
  const [child] = parent.childMarkets;
  const { result } = await opinion(`/market/categorical/${parent.marketId}`);
  expect(result.data).toEqual(parent);
  expect((await opinion(`/market/${child.marketId}`)).result.data).toMatchObject({ marketTitle: child.marketTitle });
  expect((await opinion(`/market/slug/${parent.slug}`)).result.data.marketId).toBe(parent.marketId);
});

test('volumes of 18 decimals on the old chain, times of 0, conditions that are empty', () => {
  const markets = rows.flatMap((row) => (row.marketType === 1 ? row.childMarkets : [row]));
  expect(markets.some((row) => /\.\d{18}$/.test(row.volume) && row.chainId === '8453')).toBe(true);
  expect(markets.some((row) => row.cutoffAt === 0)).toBe(true);
  expect(markets.some((row) => row.conditionId === '')).toBe(true);
  expect(markets.some((row) => row.resolvedAt > 0)).toBe(true);
});

test('sorted by volume of a day when asked', async () => {
  const sorted = await opinionRows(venues, 'marketType=2&sortBy=5');
  const volumes = sorted.map((row) => Number(row.volume24h));
  expect(volumes).toEqual(volumes.toSorted((a, b) => b - a));
});

test('prices, books and history are one token at a time; no is one minus yes; strange intervals give days', async () => {
  const row = rows
    .flatMap((one) => one.childMarkets ?? [])
    .find((one: Body) => one.status === 2 && Number(one.volume) > 100);
  const token = (path: string, id: string, query = '') =>
    opinion(`/token/${path}?token_id=${id}${query}`).then((body) => body.result);
  const [yes, no] = [await token('latest-price', row.yesTokenId), await token('latest-price', row.noTokenId)];
  expect(Number(yes.price) + Number(no.price)).toBeCloseTo(1, 6);
  const book = await token('orderbook', row.yesTokenId);
  const truth = venues.truth.opinion.books(String(row.marketId))[0];
  expect(book.bids.map((level: Body) => [micros(level.price), micros(level.size)])).toEqual(
    truth?.bids.map(({ price, size }) => [price, size]),
  );
  const span = `&start_at=${START / 1000 - 4 * 86_400}&end_at=${START / 1000}`;
  const days = (await token('price-history', row.yesTokenId, `&interval=1m${span}`)).history;
  expect(days[1].t - days[0].t).toBe(86_400);
  const hours = (await token('price-history', row.yesTokenId, `&interval=1h${span}`)).history;
  expect(hours[1].t - hours[0].t).toBe(3_600);
});
