import { beforeAll, expect, test } from 'vitest';
import type { Venues } from '../../../src/simulator/venues/server.js';
import { type Body, chain, get, kalshiMarkets, START, timeMicros, venuesFor } from './ask.js';

let venues: Venues;
let open: Body[];
beforeAll(async () => {
  venues = await venuesFor();
  open = await kalshiMarkets(venues, 'status=open&mve_filter=exclude');
});

const kalshi = (path: string) => get(`${venues.urls.kalshi}${path}`);
const isCombo = (row: Body) => row.mve_collection_ticker !== undefined || row.mve_selected_legs !== undefined;
const now = START / 1000;

test('combos fill the listing unless they are excluded, and some are left even then', async () => {
  const first = await kalshi('/markets?limit=200&status=open');
  expect(first.markets.filter(isCombo).length).toBeGreaterThan(120);
  const age = START - Date.parse(first.markets.at(-1).created_time);
  expect(age).toBeLessThan(30 * 60_000);
  const left = open.filter(isCombo);
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(10);
  expect(left.some((row) => row.mve_collection_ticker === undefined)).toBe(true);
});

test('newest first by created time and ticker, each once; the end is an empty cursor', async () => {
  const pages = await chain(
    `${venues.urls.kalshi}/markets?limit=150&status=open&mve_filter=exclude`,
    'cursor',
    (b) => b.cursor,
  );
  expect(pages.at(-1).cursor).toBe('');
  const rows = pages.flatMap((page) => page.markets);
  expect(rows.map((row) => row.ticker)).toEqual(open.map((row) => row.ticker));
  const keys = rows.map((row) => `${row.created_time} ${row.ticker}`);
  expect(new Set(keys).size).toBe(keys.length);
  for (let n = 1; n < rows.length; n++) {
    const [a, b] = [rows[n - 1], rows[n]];
    const older = timeMicros(b.created_time) < timeMicros(a.created_time);
    expect(older || b.ticker < a.ticker, `${keys[n - 1]} before ${keys[n]}`).toBe(true);
  }
});

test('a cursor is the created time and ticker of the last row, as recorded', async () => {
  const { cursor, markets } = await kalshi('/markets?limit=10&status=open&mve_filter=exclude');
  const bytes = Buffer.from(cursor, 'base64url');
  expect([bytes[0], bytes[2]]).toEqual([0x0a, 0x08]);
  expect(bytes.toString('latin1').endsWith(markets.at(-1).ticker)).toBe(true);
  expect((await fetch(`${venues.urls.kalshi}/markets?cursor=nonsense`)).status).toBe(400);
});

test('asked status and answered status are different words; closed rows turn up in the open chain', async () => {
  const statuses = async (status: string) =>
    new Set((await kalshiMarkets(venues, `status=${status}&mve_filter=exclude`)).map((row) => row.status));
  expect(new Set(open.map((row) => row.status))).toEqual(new Set(['active', 'closed']));
  expect(await statuses('unopened')).toEqual(new Set(['initialized']));
  expect(await statuses('paused')).toEqual(new Set(['inactive']));
  expect((await statuses('closed')).has('determined')).toBe(true);
  expect(await statuses('settled')).toEqual(new Set(['finalized']));
  expect((await fetch(`${venues.urls.kalshi}/markets?status=active`)).status).toBe(400);
});

test('fixed-point strings only: none of the removed fields, and what is no price looks like one', async () => {
  const removed = [
    'category',
    'yes_bid',
    'yes_ask',
    'no_bid',
    'no_ask',
    'last_price',
    'volume',
    'volume_24h',
    'open_interest',
    'tick_size',
    'response_price_units',
    'fractional_trading_enabled',
    'liquidity',
  ];
  for (const field of removed)
    expect(
      open.some((row) => field in row),
      field,
    ).toBe(false);
  for (const row of open) {
    expect(row.yes_bid_dollars).toMatch(/^\d\.\d{4}$/);
    expect(row.volume_fp).toMatch(/^\d+\.\d\d$/);
    if (row.yes_bid_size_fp === '0.00') expect(row.yes_bid_dollars).toBe('0.0000');
    if (row.yes_ask_size_fp === '0.00') expect(row.yes_ask_dollars).toBe('1.0000');
    expect(row.liquidity_dollars).toBe('0.0000');
  }
  expect(open.some((row) => row.yes_bid_size_fp === '0.00' && row.status === 'active')).toBe(true);
  expect(open.some((row) => row.last_price_dollars === '0.0000' && row.volume_fp === '0.00')).toBe(true);
  expect(open.some((row) => !row.volume_fp.endsWith('00'))).toBe(true);
  const fractions = new Set(open.map((row) => /\.(\d+)Z$/.exec(row.created_time)?.[1]?.length ?? 0));
  expect(fractions.size).toBeGreaterThan(1);
});

test('min_updated_ts is of metadata only, and stands alone', async () => {
  const traded = open.filter((row) => row.volume_24h_fp !== '0.00');
  expect(traded.some((row) => Date.parse(row.updated_time) < START - 86_400_000)).toBe(true);
  const since = now - 3 * 86_400;
  const updated = await kalshiMarkets(venues, `min_updated_ts=${since}&mve_filter=exclude`);
  expect(updated.length).toBeGreaterThan(0);
  expect(updated.every((row) => Date.parse(row.updated_time) > since * 1000)).toBe(true);
  expect((await fetch(`${venues.urls.kalshi}/markets?min_updated_ts=${since}&status=open`)).status).toBe(400);
});

test('time filters are whole seconds and exclusive, one group at a time', async () => {
  const row = open.find((one) => one.created_time.includes('.'));
  const second = Math.floor(Date.parse(row.created_time) / 1000);
  const between = await kalshiMarkets(
    venues,
    `min_created_ts=${second}&max_created_ts=${second + 1}&mve_filter=exclude`,
  );
  expect(between.map((one) => one.ticker)).toContain(row.ticker);
  const settled = await kalshiMarkets(
    venues,
    `status=settled&min_settled_ts=${now - 86_400}&max_settled_ts=${now}&mve_filter=exclude`,
  );
  expect(settled.length).toBeGreaterThan(0);
  expect((await fetch(`${venues.urls.kalshi}/markets?min_created_ts=1&min_close_ts=1`)).status).toBe(400);
});

test('tickers: unknown ones are left out, the order is another', async () => {
  const wanted = open
    .slice(0, 300)
    .map((row) => row.ticker)
    .reverse();
  const { markets, cursor } = await kalshi(`/markets?tickers=${[...wanted, 'KXNONE-26NOV24AAAAA-T00'].join(',')}`);
  expect(markets.map((row: Body) => row.ticker).sort()).toEqual([...wanted].sort());
  expect(markets.map((row: Body) => row.ticker)).not.toEqual(wanted);
  expect(cursor).toBe('');
});

test('events: no complete parent list, year-1 stamps, nested markets, several by name', async () => {
  const pages = await chain(`${venues.urls.kalshi}/events?limit=500&status=open`, 'cursor', (b) => b.cursor);
  expect(pages[0].events).toHaveLength(200);
  const listed = new Set(pages.flatMap((page) => page.events).map((event: Body) => event.event_ticker));
  const missing = open.filter((row) => row.status === 'active' && !listed.has(row.event_ticker));
  expect(missing.length).toBeGreaterThan(0);
  const stamps = pages.flatMap((page) => page.events).map((event: Body) => event.last_updated_ts);
  expect(stamps).toContain('0001-01-01T00:00:00Z');
  const { event, markets } = await kalshi(`/events/${missing[0].event_ticker}`);
  expect(event.event_ticker).toBe(missing[0].event_ticker);
  expect(markets.map((row: Body) => row.ticker)).toContain(missing[0].ticker);
  const names = [...new Set(open.map((row) => row.event_ticker))].slice(0, 117);
  const named = await kalshi(`/events?limit=200&event_ticker=${names.join(',')}&with_nested_markets=true`);
  expect(named.events).toHaveLength(names.length);
  expect(named.events[0].markets[0].event_ticker).toBe(named.events[0].event_ticker);
});

test('the category of a market is that of its event and series', async () => {
  const [row] = open;
  const { event } = await kalshi(`/events/${row.event_ticker}`);
  const { series } = await kalshi('/series');
  expect(series.find((one: Body) => one.ticker === event.series_ticker).category).toBe(event.category);
  expect(open.some((one) => 'category' in one)).toBe(false);
});

test('trades: of a ticker, and of the whole exchange since the cutoff; old ones in the historical tier', async () => {
  const [busy] = open.toSorted((a, b) => b.volume_fp - a.volume_fp);
  const of = (path: string, query: string) =>
    chain(`${venues.urls.kalshi}${path}?limit=1000&${query}`, 'cursor', (b) => b.cursor).then((pages) =>
      pages.flatMap((page) => page.trades),
    );
  const live = await of('/markets/trades', `ticker=${busy.ticker}`);
  const old = await of('/historical/trades', `ticker=${busy.ticker}`);
  expect(live.length + old.length).toBe([...venues.truth.kalshi.trades(busy.ticker)].length);
  expect(new Set([...live, ...old].map((row) => row.trade_id)).size).toBe(live.length + old.length);
  for (const row of live.slice(0, 50)) {
    expect(Number(row.yes_price_dollars) + Number(row.no_price_dollars)).toBeCloseTo(1, 6);
    expect(['yes', 'no']).toContain(row.taker_outcome_side);
    expect('taker_side' in row).toBe(false);
  }
  const { trades_created_ts } = await kalshi('/historical/cutoff');
  const whole = await of('/markets/trades', `min_ts=${now - 86_400}&max_ts=${now}`);
  expect(whole.some((row) => row.ticker !== busy.ticker)).toBe(true);
  const times = whole.map((row) => Date.parse(row.created_time));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  expect(live.every((row) => Date.parse(row.created_time) >= Date.parse(trades_created_ts))).toBe(true);
});

test('what was settled before the cutoff answers in the historical tier and nowhere else', async () => {
  const pages = await chain(`${venues.urls.kalshi}/historical/markets?limit=1000`, 'cursor', (b) => b.cursor);
  const old = pages.flatMap((page) => page.markets);
  expect(old.length).toBeGreaterThan(0);
  const settled = new Set((await kalshiMarkets(venues, 'status=settled&mve_filter=exclude')).map((row) => row.ticker));
  expect(old.some((row) => settled.has(row.ticker))).toBe(false);
});

test('books: bids only, ascending, best last, an empty side null; batches of 100 in an order of their own', async () => {
  const rows = open.filter((row) => row.status === 'active').slice(0, 99);
  const query = rows.map((row) => `tickers=${row.ticker}`).join('&');
  const { orderbooks } = await kalshi(`/markets/orderbooks?${query}&tickers=KXNONE-26NOV24AAAAA-T00`);
  expect(orderbooks).toHaveLength(99);
  expect(orderbooks.map((book: Body) => book.ticker)).not.toEqual(rows.map((row) => row.ticker));
  for (const { ticker, orderbook_fp } of orderbooks) {
    const row = rows.find((one) => one.ticker === ticker);
    const best = orderbook_fp.yes_dollars?.at(-1);
    expect(best ?? ['0.0000', '0.00']).toEqual([row.yes_bid_dollars, row.yes_bid_size_fp]);
    expect(orderbook_fp.no_dollars?.at(-1)[0] ?? '0.0000').toBe(row.no_bid_dollars);
  }
  expect(orderbooks.some((book: Body) => book.orderbook_fp.yes_dollars === null)).toBe(true);
  expect((await fetch(`${venues.urls.kalshi}/markets/orderbooks?${query}&${query}`)).status).toBe(400);
});

test('candles: days end at Eastern midnight, price is null without trades, batches have their bounds', async () => {
  const busy = open.findLast(
    (row) => Number(row.volume_fp) > 100 && Date.parse(row.created_time) < START - 60 * 86_400_000,
  );
  const span = `start_ts=${now - 40 * 86_400}&end_ts=${now}`;
  const { markets } = await kalshi(
    `/markets/candlesticks?market_tickers=${busy.ticker},KXNONE-26NOV24AAAAA-T00&${span}&period_interval=1440`,
  );
  expect(markets.map((one: Body) => one.market_ticker)).toEqual([busy.ticker]);
  const hours = new Set(
    markets[0].candlesticks.map((candle: Body) => new Date(candle.end_period_ts * 1000).toISOString().slice(11, 16)),
  );
  expect(hours).toEqual(new Set(['04:00', '05:00']));
  const quiet = open.find((row) => row.volume_fp === '0.00' && row.status === 'active');
  const one = await kalshi(
    `/series/KX/markets/${quiet.ticker}/candlesticks?start_ts=${now - 86_400}&end_ts=${now}&period_interval=60`,
  );
  expect(
    one.candlesticks.every((candle: Body) => candle.price.close_dollars === null && candle.volume_fp === '0.00'),
  ).toBe(true);
  const tickers = open.slice(0, 101).map((row) => row.ticker);
  const asked = (names: string[], minutes: number) =>
    fetch(
      `${venues.urls.kalshi}/markets/candlesticks?market_tickers=${names.join(',')}&${span}&period_interval=${minutes}`,
    );
  expect((await asked(tickers, 1_440)).status).toBe(400);
  expect((await asked(tickers.slice(0, 100), 60)).status).toBe(400);
  expect((await asked(tickers.slice(0, 100), 1_440)).status).toBe(200);
});
