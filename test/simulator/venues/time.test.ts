import { expect, test } from 'vitest';
import { type Body, gammaMarkets, get, kalshiMarkets, opinionRows, START, venuesFor } from './ask.js';

test('the same seed and time give the same bodies, another seed others', async () => {
  const [a, b, c] = await Promise.all([venuesFor(), venuesFor(), venuesFor({ seed: 8 })]);
  const body = async (venues: typeof a) =>
    JSON.stringify(await get(`${venues.urls.gamma}/markets/keyset?limit=50&closed=false`));
  expect(await body(a)).toBe(await body(b));
  expect(await body(a)).not.toBe(await body(c));
  for (const venues of [a, b]) venues.advance(400_000);
  expect(await body(a)).toBe(await body(b));
});

test('time moves: one market opens and one closes a turnover, volumes only grow, quiet markets stay', async () => {
  const venues = await venuesFor({ gammaCacheMs: 0, turnoverMs: 60_000 });
  const before = new Map((await gammaMarkets(venues)).map((row) => [row.id, row]));
  venues.advance(600_000);
  const after = await gammaMarkets(venues);
  expect(after.filter((row) => !before.has(row.id))).toHaveLength(10);
  expect(after).toHaveLength(250);
  const gone = [...before.keys()].filter((id) => !after.some((row) => row.id === id));
  expect(gone).toHaveLength(10);
  const [closed] = await get(`${venues.urls.gamma}/markets?closed=true&id=${gone[0]}`);
  expect(closed).toMatchObject({ closed: true, acceptingOrders: false });
  const kept = after.filter((row) => before.has(row.id));
  const changed = kept.filter((row) => row.updatedAt !== before.get(row.id)?.updatedAt);
  expect(changed.length).toBeGreaterThan(0);
  expect(changed.length).toBeLessThan(kept.length);
  for (const row of kept) expect(row.volumeNum ?? 0).toBeGreaterThanOrEqual(before.get(row.id)?.volumeNum ?? 0);
  for (const row of kept.filter((one) => !changed.includes(one))) {
    expect(row.bestBid).toBe(before.get(row.id)?.bestBid);
  }
});

test('Kalshi lives on: unopened open, open close, are determined, then settled with a stamp', async () => {
  const venues = await venuesFor({ turnoverMs: 60_000 });
  const at = async (status: string) => kalshiMarkets(venues, `status=${status}&mve_filter=exclude`);
  const open = (await at('open')).filter((row) => row.status === 'active').map((row) => row.ticker);
  venues.advance(3_600_000);
  const ended = open.filter((ticker) => venues.truth.kalshi.market(ticker)?.status !== 'open');
  expect(ended.length).toBe(60);
  const statuses = new Set(ended.map((ticker) => venues.truth.kalshi.market(ticker)?.status));
  expect(statuses).toEqual(new Set(['closed', 'determined', 'resolved']));
  const since = START / 1000;
  const settled = await kalshiMarkets(venues, `status=settled&min_settled_ts=${since}&mve_filter=exclude`);
  expect(settled.every((row) => Date.parse(row.settlement_ts) > START)).toBe(true);
  const fresh = await kalshiMarkets(venues, `min_created_ts=${since}&mve_filter=exclude`);
  expect(fresh.length).toBeGreaterThanOrEqual(60);
  const rows = await at('open');
  expect(rows.some((row) => row.status === 'closed' && Date.parse(row.close_time) > START)).toBe(true);
});

test('time may run with the wall clock', async () => {
  const venues = await venuesFor({ speed: 1_000 });
  const first = venues.now();
  while (venues.now() - first < 1_000) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(venues.now()).toBeGreaterThan(first);
});

test('anomalies on demand: a stale listing, a jump without a trade, a crossed book, prices that do not sum to 1', async () => {
  const venues = await venuesFor({
    gammaCacheMs: 0,
    anomalies: [
      { venue: 'polymarket', kind: 'crossed', rate: 0.2 },
      { venue: 'polymarket', kind: 'sum', rate: 0.2 },
      { venue: 'kalshi', kind: 'jump', rate: 0.5 },
      { venue: 'opinion', kind: 'stale', rate: 1, afterMs: 30_000 },
    ],
  });
  const rows = await gammaMarkets(venues);
  expect(rows.some((row) => row.bestBid > row.bestAsk)).toBe(true);
  const sum = (row: Body) =>
    JSON.parse(row.outcomePrices ?? '["1"]').reduce((all: number, price: string) => all + Number(price), 0);
  expect(rows.some((row) => sum(row) > 1.1)).toBe(true);
  const kalshi = async () =>
    new Map((await kalshiMarkets(venues, 'status=open&mve_filter=exclude')).map((row) => [row.ticker, row]));
  const opinion = async () => JSON.stringify(await opinionRows(venues));
  const [before, early] = [await kalshi(), await opinion()];
  venues.advance(125_000);
  const [after, later] = [await kalshi(), await opinion()];
  const jumped = [...after.values()].filter((row) => {
    const old = before.get(row.ticker);
    return (
      old?.volume_fp === row.volume_fp && Math.abs(Number(old?.yes_ask_dollars) - Number(row.yes_ask_dollars)) > 0.2
    );
  });
  expect(jumped.length).toBeGreaterThan(0);
  venues.advance(3_600_000);
  expect(later).not.toBe(early);
  expect(await opinion(), 'the listing stands still since half a minute after the start').toBe(later);
});
