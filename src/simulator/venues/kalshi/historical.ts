/** The historical tier: what was settled, or traded, before the cutoff answers here and nowhere else. */
import { isoMicros, type SimulatedClock } from '../clock.js';
import { clamped, json, listed, type Route } from '../http/host.js';
import { readKalshiCursor, writeKalshiCursor } from './cursor.js';
import { badRequest, downFrom, MARKETS_MAX } from './listing.js';
import { kalshiMarket } from './market.js';
import { kalshiMarketJson } from './market-json.js';
import type { KalshiUniverse } from './universe.js';

export function historicalRoutes(universe: KalshiUniverse, clock: SimulatedClock): Route[] {
  return [
    {
      method: 'GET',
      path: '/historical/cutoff',
      answer: () => {
        const cutoff = isoMicros(universe.cutoffMs * 1000, 0);
        return json({ market_settled_ts: cutoff, orders_updated_ts: cutoff, trades_created_ts: cutoff });
      },
    },
    {
      method: 'GET',
      path: '/historical/markets',
      answer: ({ query }) => {
        const now = clock.now();
        const limit = clamped(query, 'limit', 100, MARKETS_MAX);
        const text = query.get('cursor');
        const cursor = text ? readKalshiCursor(text) : undefined;
        if (text && !cursor) return badRequest('invalid cursor');
        const tickers = new Set(listed(query, 'tickers').map((ticker) => universe.indexOfTicker(ticker, now)));
        const accepts = (i: number) =>
          universe.life(i).finalizedMs < universe.cutoffMs && (tickers.size === 0 || tickers.has(i));
        const rows: { i: number; micros: number }[] = [];
        for (const row of downFrom(universe, cursor, now, accepts)) {
          rows.push(row);
          if (rows.length === limit) break;
        }
        const last = rows.length === limit ? rows.at(-1) : undefined;
        return json({
          cursor: last ? writeKalshiCursor({ micros: last.micros, ticker: universe.ticker(last.i) }) : '',
          markets: rows.map(({ i }) => kalshiMarketJson(universe, kalshiMarket(universe, i, now))),
        });
      },
    },
  ];
}
