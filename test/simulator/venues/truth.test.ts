import { beforeAll, expect, test } from 'vitest';
import type { Venues } from '../../../src/simulator/venues/server.js';
import type { MarketTruth } from '../../../src/simulator/venues/truth.js';
import {
  type Body,
  gammaMarkets,
  get,
  kalshiMarkets,
  limitlessRows,
  micros,
  opinionRows,
  timeMicros,
  venuesFor,
} from './ask.js';

/** The bodies, read by the mapping of the silver model in a few lines each, give exactly the truth. */
let venues: Venues;
beforeAll(async () => {
  venues = await venuesFor();
});

const byId = (rows: Iterable<MarketTruth>) => new Map([...rows].map((row) => [row.marketId, row]));

test('Polymarket: every open market by keyset is the truth, field by field', async () => {
  const truth = byId(venues.truth.polymarket.markets());
  const rows = await gammaMarkets(venues);
  expect(rows.length).toBe(truth.size);
  const real = (value: number | undefined, empty: number) =>
    value === undefined || value === empty ? null : micros(value);
  for (const row of rows) {
    const id = row.conditionId || `gamma:${row.id}`;
    const tokens: string[] = JSON.parse(row.clobTokenIds ?? '[]');
    const mids: string[] = JSON.parse(row.outcomePrices ?? '[]');
    const read: MarketTruth = {
      venue: 'polymarket',
      marketId: id,
      eventId: row.events[0].id,
      question: row.question,
      status: row.active && row.acceptingOrders ? 'open' : 'paused',
      outcomes: JSON.parse(row.outcomes),
      tokens,
      volume: micros(row.volumeNum),
      volume24h: micros(row.volume24hr),
      volumeUnit: 'usd',
      openInterest: null,
      closeTime: timeMicros(row.endDate),
      createdTime: timeMicros(row.createdAt),
      updatedTime: timeMicros(row.updatedAt),
      winner: null,
      prices: tokens.map((outcomeId, k) => ({
        outcomeId,
        bid: k === 0 ? real(row.bestBid, 0) : null,
        ask: k === 0 ? real(row.bestAsk, 1) : null,
        mid: micros(mids[k]),
        last: k === 0 ? real(row.lastTradePrice, 0) : null,
      })),
    };
    expect(read).toEqual(truth.get(id));
  }
  const events = new Map(rows.map((row) => [row.events[0].id, row.events[0].title]));
  expect(new Map([...venues.truth.polymarket.events()].map((event) => [event.eventId, event.title]))).toEqual(events);
});

test('Kalshi: open, unopened and paused chains without combos are the truth, field by field', async () => {
  const truth = byId(venues.truth.kalshi.markets());
  const chains = await Promise.all(
    ['open', 'unopened', 'paused'].map((status) => kalshiMarkets(venues, `status=${status}&mve_filter=exclude`)),
  );
  const rows = chains
    .flat()
    .filter((row) => row.mve_collection_ticker === undefined && row.mve_selected_legs === undefined);
  expect(rows.length).toBe(truth.size);
  const status = { initialized: 'unopened', active: 'open', inactive: 'paused', closed: 'closed' } as Record<
    string,
    MarketTruth['status']
  >;
  for (const row of rows) {
    const side = (price: string, size: string) => (size === '0.00' ? null : micros(price));
    const [bid, ask] = [side(row.yes_bid_dollars, row.yes_bid_size_fp), side(row.yes_ask_dollars, row.yes_ask_size_fp)];
    const last = row.last_price_dollars === '0.0000' ? null : micros(row.last_price_dollars);
    const mid = bid !== null && ask !== null ? (bid + ask) / 2n : null;
    const no = (yes: bigint | null) => (yes === null ? null : 1_000_000n - yes);
    const read: MarketTruth = {
      venue: 'kalshi',
      marketId: row.ticker,
      eventId: row.event_ticker,
      question: row.title,
      status: status[row.status] as MarketTruth['status'],
      outcomes: ['Yes', 'No'],
      tokens: [],
      volume: micros(row.volume_fp),
      volume24h: micros(row.volume_24h_fp),
      volumeUnit: 'contracts',
      openInterest: micros(row.open_interest_fp),
      closeTime: timeMicros(row.close_time),
      createdTime: timeMicros(row.created_time),
      updatedTime: timeMicros(row.updated_time),
      winner: null,
      prices: [
        { outcomeId: `${row.ticker}:0`, bid, ask, mid, last },
        { outcomeId: `${row.ticker}:1`, bid: no(ask), ask: no(bid), mid: no(mid), last: no(last) },
      ],
    };
    expect(read).toEqual(truth.get(row.ticker));
    expect(row.no_bid_dollars).toBe((1 - Number(row.yes_ask_dollars)).toFixed(4));
  }
});

test('Limitless: all rows and the children of groups are the truth', async () => {
  const truth = byId(venues.truth.limitless.markets());
  const rows = await limitlessRows(venues);
  const markets = rows.flatMap((row) =>
    row.marketType === 'group' ? row.markets.map((child: Body) => ({ ...child, group: row })) : [row],
  );
  expect(markets.length).toBe(truth.size);
  for (const row of markets) {
    const tokens = row.tokens ? [row.tokens.yes, row.tokens.no] : row.positionIds;
    const percent = Math.max(...row.prices) > 1;
    const read: MarketTruth = {
      venue: 'limitless',
      marketId: row.slug,
      eventId: row.group?.slug ?? row.slug,
      question: row.title,
      status: row.status === 'FUNDED' && !row.expired ? 'open' : 'closed',
      outcomes: ['Yes', 'No'],
      tokens,
      volume: BigInt(row.volume),
      volume24h: null,
      volumeUnit: 'usd',
      openInterest: row.openInterest === undefined ? null : BigInt(row.openInterest),
      closeTime: BigInt(row.expirationTimestamp) * 1000n,
      createdTime: timeMicros(row.createdAt),
      updatedTime: timeMicros(row.updatedAt),
      winner: null,
      prices: tokens.map((outcomeId: string, k: number) => ({
        outcomeId,
        bid: null,
        ask: null,
        mid: percent ? (micros(row.prices[k]) as bigint) / 100n : micros(row.prices[k]),
        last: null,
      })),
    };
    expect(read).toEqual(truth.get(row.slug));
  }
});

test('Opinion: binary markets and children of live parents are the truth', async () => {
  const truth = byId(venues.truth.opinion.markets());
  const rows = await opinionRows(venues);
  const markets = rows.flatMap((row) =>
    row.marketType === 1 ? row.childMarkets.map((child: Body) => ({ ...child, parent: row })) : [row],
  );
  expect(markets.length).toBe(truth.size);
  const status = { 2: 'open', 3: 'closed', 4: 'resolved' } as Record<number, MarketTruth['status']>;
  const seconds = (value: number) => (value === 0 ? null : BigInt(value) * 1_000_000n);
  for (const row of markets) {
    const read: MarketTruth = {
      venue: 'opinion',
      marketId: String(row.marketId),
      eventId: row.parent ? `categorical:${row.parent.marketId}` : String(row.marketId),
      question: row.marketTitle,
      status: status[row.status] as MarketTruth['status'],
      outcomes: [row.yesLabel, row.noLabel],
      tokens: [row.yesTokenId, row.noTokenId],
      volume: micros(row.volume),
      volume24h: micros(row.volume24h),
      volumeUnit: 'usd',
      openInterest: null,
      closeTime: seconds(row.cutoffAt),
      createdTime: seconds(row.createdAt),
      updatedTime: null,
      winner: row.resultTokenId || null,
      prices: [],
    };
    expect(read).toEqual(truth.get(String(row.marketId)));
  }
});

test('settled markets are told by their ids, with their winners', async () => {
  const closed = (await gammaMarkets(venues, 'closed=true')).find((row) => row.umaResolutionStatus === 'resolved');
  const winner = JSON.parse(closed.outcomePrices).indexOf('1');
  expect(venues.truth.polymarket.market(closed.conditionId)).toMatchObject({
    status: 'resolved',
    winner: JSON.parse(closed.clobTokenIds)[winner],
  });
  const settled = (await kalshiMarkets(venues, 'status=settled&mve_filter=exclude')).filter(
    (row) => row.result === 'no',
  )[0];
  expect(venues.truth.kalshi.market(settled.ticker)).toMatchObject({
    status: 'resolved',
    winner: `${settled.ticker}:1`,
  });
  const [resolved] = await opinionRows(venues, 'status=resolved&marketType=0');
  expect(venues.truth.opinion.market(String(resolved.marketId))?.winner).toBe(resolved.resultTokenId);
  expect(venues.truth.kalshi.market('KXNOTHING-26NOV24AAAAA-T00')).toBeUndefined();
});

test('trades and books of the busiest markets are the truth', async () => {
  const [top] = (await get(`${venues.urls.gamma}/markets/keyset?limit=1&closed=false&order=volumeNum&ascending=false`))
    .markets;
  const rows: Body[] = [];
  let cursor: string | null = '';
  do {
    const url = `${venues.urls.dataApi}/v2/trades?condition=${top.conditionId}&limit=500${cursor && `&cursor=${cursor}`}`;
    const body: Body = await get(url);
    rows.push(...body.data);
    cursor = body.pagination.next_cursor;
  } while (cursor);
  const read = rows.map((row) => [
    row.transaction_hash,
    row.proxy_wallet,
    row.token_id,
    row.side,
    micros(row.price),
    micros(row.size),
    BigInt(row.timestamp) * 1_000_000n,
  ]);
  const truth = [...venues.truth.polymarket.trades(top.conditionId)];
  expect(read.reverse()).toEqual(
    truth.map((t) => [t.transactionHash, t.wallet, t.outcomeId, t.side, t.price, t.size, t.at]),
  );
  const [busy] = (await kalshiMarkets(venues, 'status=open&mve_filter=exclude')).toSorted(
    (a, b) => b.volume_fp - a.volume_fp,
  );
  const { trades } = await get(`${venues.urls.kalshi}/markets/trades?ticker=${busy.ticker}&limit=1000`);
  const live = [...venues.truth.kalshi.trades(busy.ticker)].slice(-trades.length);
  expect(trades.map((row: Body) => row.trade_id).reverse()).toEqual(live.map((trade) => trade.tradeId));
  const sum = [...venues.truth.kalshi.trades(busy.ticker)].reduce((all, trade) => all + trade.size, 0n);
  expect(sum, 'the volume of a market is that of its trades').toBe(micros(busy.volume_fp));
  const { orderbook_fp } = await get(`${venues.urls.kalshi}/markets/${busy.ticker}/orderbook`);
  const [yes] = venues.truth.kalshi.books(busy.ticker);
  const prices = (levels: string[][] | null) => (levels ?? []).map(([price]) => micros(price) as bigint).reverse();
  expect(prices(orderbook_fp.yes_dollars)).toEqual(yes?.bids.map(({ price }) => price));
  expect(prices(orderbook_fp.no_dollars).map((no) => 1_000_000n - no)).toEqual(yes?.asks.map(({ price }) => price));
});
