/** Candles of one market or of many. Those of a day end at midnight US Eastern. */
import { easternDay, easternMidnightMs, type SimulatedClock } from '../clock.js';
import { type Asked, json, listed, type Route } from '../http/host.js';
import { countUntil, cumulative, priceAfter, type Stream } from '../stream.js';
import { badRequest, notFound } from './listing.js';
import { structureOf, tickOf } from './market.js';
import { contracts, dollars } from './market-json.js';
import type { KalshiUniverse } from './universe.js';

const TICKERS_MAX = 100;
const CANDLES_MAX = 10_000;
/** A market asked for alone gives at most so many. */
const SINGLE_MAX = 5_000;

/** Ends of the periods in [startMs, endMs], milliseconds. */
function ends(startMs: number, endMs: number, minutes: number): number[] {
  const list: number[] = [];
  if (minutes < 1_440) {
    const step = minutes * 60_000;
    for (let end = Math.ceil(startMs / step) * step; end <= endMs; end += step) list.push(end);
    return list;
  }
  let end = easternMidnightMs(easternDay(startMs));
  while (end <= endMs) {
    if (end >= startMs) list.push(end);
    // Noon of the day that begins at `end`, then a day on: safe on the days that have 23 or 25 hours.
    end = easternMidnightMs(easternDay(end + 36 * 3_600_000));
  }
  return list;
}

/** Open, low, high and close of quantities after each trade in (before, after]. */
function range(values: readonly number[]): Record<string, string> {
  return {
    close_dollars: dollars(values.at(-1) as number),
    high_dollars: dollars(Math.max(...values)),
    low_dollars: dollars(Math.min(...values)),
    open_dollars: dollars(values[0] as number),
  };
}

function candle(stream: Stream, tick: number, fromMs: number, endMs: number): unknown {
  const first = countUntil(stream, fromMs);
  const last = countUntil(stream, endMs);
  const prices: number[] = [];
  for (let count = first + 1; count <= last; count++) prices.push(priceAfter(stream, count, tick));
  const before = priceAfter(stream, first, tick);
  const quoted = [before, ...prices];
  const bids = quoted.map((price) => Math.max(0, price - tick));
  const asks = quoted.map((price) => Math.min(1_000_000, price + tick));
  const mean = Math.round(prices.reduce((sum, price) => sum + price, 0) / Math.max(1, prices.length));
  const nothing = {
    close_dollars: null,
    high_dollars: null,
    low_dollars: null,
    mean_dollars: null,
    open_dollars: null,
  };
  const traded = first > 0 ? { previous_dollars: dollars(before) } : { previous_dollars: null };
  return {
    end_period_ts: endMs / 1000,
    open_interest_fp: contracts(Math.floor(cumulative(stream, last) / 3)),
    price:
      prices.length === 0 ? { ...nothing, ...traded } : { ...range(prices), mean_dollars: dollars(mean), ...traded },
    volume_fp: contracts(cumulative(stream, last) - cumulative(stream, first)),
    yes_ask: range(asks),
    yes_bid: range(bids),
  };
}

/** Candles that end in the window, none before the market opened. */
function candlesOf(universe: KalshiUniverse, i: number, ending: readonly number[], minutes: number): unknown[] {
  const stream = universe.stream(i);
  const tick = tickOf(structureOf(universe, i));
  return ending
    .filter((end) => end > stream.createdMs)
    .map((end) => {
      const from = minutes < 1_440 ? end - minutes * 60_000 : easternMidnightMs(easternDay(end - 3_600_000));
      return candle(stream, tick, from, end);
    });
}

interface Window {
  readonly ending: readonly number[];
  readonly minutes: number;
}

function windowOf({ query }: Asked, nowMs: number): Window | string {
  const minutes = Number(query.get('period_interval'));
  if (![1, 60, 1_440].includes(minutes)) return 'period_interval must be 1, 60 or 1440';
  const [start, end] = [Number(query.get('start_ts') ?? Number.NaN), Number(query.get('end_ts') ?? Number.NaN)];
  if (!(start <= end)) return 'start_ts and end_ts are required';
  return { ending: ends(start * 1000, Math.min(end * 1000, nowMs), minutes), minutes };
}

export function candleRoutes(universe: KalshiUniverse, clock: SimulatedClock): Route[] {
  const single = (historical: boolean): Route['answer'] => {
    return (asked, params) => {
      const ticker = params.at(-1) as string;
      const now = clock.now();
      const i = universe.indexOfTicker(ticker, now);
      const old = i !== undefined && universe.life(i).finalizedMs < universe.cutoffMs;
      if (i === undefined || old !== historical) return notFound();
      const window = windowOf(asked, now);
      if (typeof window === 'string') return badRequest(window);
      if (window.ending.length > SINGLE_MAX) return badRequest(`too many candlesticks: ${window.ending.length}`);
      return json({ candlesticks: candlesOf(universe, i, window.ending, window.minutes), ticker });
    };
  };
  return [
    { method: 'GET', path: '/series/:series/markets/:ticker/candlesticks', answer: single(false) },
    { method: 'GET', path: '/historical/markets/:ticker/candlesticks', answer: single(true) },
    {
      method: 'GET',
      path: '/markets/candlesticks',
      answer: (asked) => {
        const tickers = listed(asked.query, 'market_tickers');
        if (tickers.length === 0 || tickers.length > TICKERS_MAX)
          return badRequest('market_tickers: 1 to 100 are required');
        const window = windowOf(asked, clock.now());
        if (typeof window === 'string') return badRequest(window);
        if (window.ending.length * tickers.length > CANDLES_MAX) return badRequest('more than 10000 candlesticks');
        const markets = tickers.flatMap((ticker) => {
          const i = universe.indexOfTicker(ticker, clock.now());
          if (i === undefined) return [];
          return [{ candlesticks: candlesOf(universe, i, window.ending, window.minutes), market_ticker: ticker }];
        });
        return json({ markets });
      },
    },
  ];
}
