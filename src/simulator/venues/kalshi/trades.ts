/** Trades of Kalshi, of a ticker or of the whole exchange: the live tier since the cutoff, the historical one before it. */
import { word } from '../../hash.js';
import type { SimulatedClock } from '../clock.js';
import { isoTrimmed } from '../clock.js';
import { type FeedPlace, mergedFeed, WholeFeed } from '../feed.js';
import { type Answer, type Asked, clamped, json, type Route } from '../http/host.js';
import { priceAfter, type StreamTrade, tradeAt } from '../stream.js';
import { badRequest } from './listing.js';
import { structureOf, tickOf } from './market.js';
import { contracts, dollars, tradeId } from './market-json.js';
import type { KalshiUniverse } from './universe.js';

const TRADES_MAX = 1_000;

export interface KalshiTrade extends StreamTrade {
  readonly market: number;
  readonly tradeId: string;
  /** Micro-dollars of yes. */
  readonly yes: number;
  readonly taker: 'yes' | 'no';
  /** Microseconds. */
  readonly atMicros: number;
}

export function kalshiTrade(universe: KalshiUniverse, market: number, k: number): KalshiTrade {
  const stream = universe.stream(market);
  const trade = tradeAt(stream, k);
  return {
    ...trade,
    market,
    tradeId: tradeId(universe, market, k),
    yes: priceAfter(stream, trade.twinOf + 1, tickOf(structureOf(universe, market))),
    taker: trade.buys ? 'yes' : 'no',
    atMicros: trade.atMs * 1000 + ((word(stream.seed ^ 4, trade.twinOf) >>> 0) % 1000),
  };
}

export function tradeRoutes(universe: KalshiUniverse, clock: SimulatedClock): Route[] {
  const whole = new WholeFeed(
    (atMs) => universe.total(atMs),
    (i) => universe.stream(i),
  );
  const list = (asked: Asked, tier: 'live' | 'historical'): Answer => {
    const { query } = asked;
    const now = clock.now();
    const limit = clamped(query, 'limit', 100, TRADES_MAX);
    // Bounds are whole seconds and exclusive.
    const minMs = query.has('min_ts') ? Number(query.get('min_ts')) * 1000 + 1 : 0;
    const maxMs = query.has('max_ts') ? Number(query.get('max_ts')) * 1000 - 1 : now;
    const fromMs = tier === 'live' ? Math.max(minMs, universe.cutoffMs) : minMs;
    const toMs = Math.min(now, tier === 'live' ? maxMs : Math.min(maxMs, universe.cutoffMs - 1));
    const cursor = readCursor(query.get('cursor'));
    if (cursor === null) return badRequest('invalid cursor');
    const ticker = query.get('ticker');
    const market = ticker ? universe.indexOfTicker(ticker, now) : undefined;
    if (ticker && market === undefined) return json({ cursor: '', trades: [] });
    const places =
      market === undefined
        ? whole.newestFirst(fromMs, toMs, cursor)
        : mergedFeed([market], (i) => universe.stream(i), fromMs, toMs, cursor);
    const trades: unknown[] = [];
    let last: FeedPlace | undefined;
    for (const place of places) {
      trades.push(tradeJson(universe, kalshiTrade(universe, place.market, place.k)));
      last = place;
      if (trades.length === limit) break;
    }
    return json({ cursor: trades.length === limit && last ? writeCursor(last) : '', trades });
  };
  return [
    { method: 'GET', path: '/markets/trades', answer: (asked) => list(asked, 'live') },
    { method: 'GET', path: '/historical/trades', answer: (asked) => list(asked, 'historical') },
  ];
}

function tradeJson(universe: KalshiUniverse, trade: KalshiTrade): unknown {
  return {
    count_fp: contracts(trade.size),
    created_time: isoTrimmed(trade.atMicros),
    no_price_dollars: dollars(1_000_000 - trade.yes),
    taker_book_side: trade.taker === 'yes' ? 'bid' : 'ask',
    taker_outcome_side: trade.taker,
    ticker: universe.ticker(trade.market),
    trade_id: trade.tradeId,
    yes_price_dollars: dollars(trade.yes),
  };
}

function writeCursor({ atMs, market, k }: FeedPlace): string {
  return Buffer.from(`${atMs}:${market}:${k}`).toString('base64url');
}

function readCursor(text: string | null): FeedPlace | undefined | null {
  if (!text) return undefined;
  const parts = Buffer.from(text, 'base64url').toString().split(':').map(Number);
  if (parts.length !== 3 || parts.some((part) => !Number.isInteger(part))) return null;
  const [atMs, market, k] = parts as [number, number, number];
  return { atMs, market, k };
}
