import { beforeAll, expect, test } from 'vitest';
import type { Venues } from '../../../src/simulator/venues/server.js';
import { type Body, get, limitlessRows, venuesFor } from './ask.js';

let venues: Venues;
let rows: Body[];
beforeAll(async () => {
  venues = await venuesFor();
  rows = await limitlessRows(venues);
});

const limitless = (path: string) => get(`${venues.urls.limitless}${path}`);

test('a page holds 25 at most and no pagination object; the total counts rows, not the children of groups', async () => {
  const body = await limitless('/markets/active?limit=100');
  expect(Object.keys(body).sort()).toEqual(['data', 'totalMarketsCount']);
  expect(body.data).toHaveLength(25);
  expect(body.totalMarketsCount).toBe(60);
  expect(rows).toHaveLength(60);
  const children = rows.filter((row) => row.marketType === 'group').flatMap((row) => row.markets);
  expect(children.length).toBeGreaterThan(5);
  const slugs = new Set(rows.map((row) => row.slug));
  expect(children.some((child) => slugs.has(child.slug))).toBe(false);
});

test('page numbers shift when a market comes in between two pages: one row comes twice', async () => {
  const moving = await venuesFor();
  const page = (n: number) => get(`${moving.urls.limitless}/markets/active?limit=25&page=${n}`);
  const first = (await page(1)).data;
  moving.insertLimitless();
  const second = (await page(2)).data;
  expect(second[0].slug).toBe(first[24].slug);
  const front = (await page(1)).data[0].slug;
  expect(first.map((row: Body) => row.slug)).not.toContain(front);
  expect(moving.truth.limitless.market(front)?.status).toBe('open');
});

test('the lists of slugs and of categories agree with the listing', async () => {
  const slugs = await limitless('/markets/active/slugs');
  expect(slugs.map((row: Body) => row.slug)).toEqual(rows.map((row) => row.slug));
  const { category, totalCount } = await limitless('/markets/categories/count');
  expect(totalCount).toBe(60);
  const [id, count] = Object.entries(category)[0] as [string, number];
  expect((await limitless(`/markets/active/${id}?limit=25`)).totalMarketsCount).toBe(count);
});

test('only active markets are listed: one that closed is found by its slug, with its winner', async () => {
  const live = await venuesFor({ turnoverMs: 1_000 });
  const before = await limitlessRows(live);
  live.advance(10_000);
  const after = new Set((await limitlessRows(live)).map((row) => row.slug));
  const gone = before.filter((row) => !after.has(row.slug));
  expect(gone).toHaveLength(10);
  const single = gone.find((row) => row.marketType === 'single');
  const body = await get(`${live.urls.limitless}/markets/${single.slug}`);
  expect(body).toMatchObject({ status: 'RESOLVED', slug: single.slug });
  expect([0, 1]).toContain(body.winningOutcomeIndex);
  expect((await fetch(`${live.urls.limitless}/markets/no-such-market`)).status).toBe(404);
});

test('volumes are micro-dollars beside dollars; AMM prices may be percent; some rows have position ids', () => {
  const markets = rows.flatMap((row) => row.markets ?? [row]);
  for (const row of markets) expect(Number(row.volume) / 1e6).toBeCloseTo(Number(row.volumeFormatted), 6);
  const amm = markets.filter((row) => row.tradeType === 'amm');
  expect(amm.some((row) => row.prices[0] > 1 || row.prices[1] > 1)).toBe(true);
  expect(markets.some((row) => row.positionIds && !row.tokens)).toBe(true);
  expect(markets.every((row) => row.volume24h === undefined)).toBe(true);
  expect(typeof markets[0].id).toBe('number');
});

test('a book is of yes, best first; AMM markets have none', async () => {
  const clob = rows.find(
    (row) => row.tradeType === 'clob' && row.marketType === 'single' && row.prices[0] > 0.05 && row.prices[0] < 0.95,
  );
  const book = await limitless(`/markets/${clob.slug}/orderbook`);
  const [truth] = venues.truth.limitless.books(clob.slug);
  expect(book.bids.map((level: Body) => [Math.round(level.price * 1e6), level.size])).toEqual(
    truth?.bids.map(({ price, size }) => [Number(price), Number(size)]),
  );
  expect(book.tokenId).toBe(clob.tokens?.yes ?? clob.positionIds[0]);
  const amm = rows.find((row) => row.tradeType === 'amm');
  expect((await fetch(`${venues.urls.limitless}/markets/${amm.slug}/orderbook`)).status).toBe(400);
});

test('sorted by value; by change time through a cursor; history by interval', async () => {
  const values = (await limitlessRows(venues, 'sortBy=high_value')).map((row) => Number(row.volume));
  expect(values).toEqual(values.toSorted((a, b) => b - a));
  const changed: Body[] = [];
  let cursor = '';
  do {
    const body = await limitless(`/market-pages/home/markets?sort=-updatedAt&limit=25&cursor=${cursor}`);
    changed.push(...body.data);
    cursor = body.cursor.nextCursor ?? '';
  } while (cursor);
  const times = changed.map((row) => Date.parse(row.updatedAt));
  expect(times).toHaveLength(60);
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  const old = rows.at(-1);
  const { prices } = await limitless(`/markets/${old.slug}/historical-price?interval=1d`);
  expect(prices.length).toBe(97);
});

test('five-minute markets come and go between polls; the timeline of one gives the others', async () => {
  const live = await venuesFor({ turnoverMs: 30_000 });
  live.advance(120_000);
  const early = await limitlessRows(live);
  const recurring = early.find((row) => row.expirationTimestamp - Date.parse(row.createdAt) === 300_000);
  live.advance(3_600_000);
  const late = new Set((await limitlessRows(live)).map((row) => row.slug));
  const { data } = await get(`${live.urls.limitless}/markets/${recurring.slug}/timeline?before=0&after=500`);
  expect(data.length).toBeGreaterThan(20);
  const missed = data.filter((row: Body) => !late.has(row.slug));
  expect(missed.length).toBeGreaterThan(10);
  expect(missed.every((row: Body) => row.status === 'RESOLVED')).toBe(true);
});
