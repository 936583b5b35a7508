/** Order books of Kalshi: bids of yes and bids of no, ascending, the best last. An ask of yes is one minus a bid of no. */
import { draw, word } from '../../hash.js';
import type { SimulatedClock } from '../clock.js';
import { type Depth, depthOf } from '../depth.js';
import { type Asked, json, listed, type Route } from '../http/host.js';
import { badRequest, notFound } from './listing.js';
import { type KalshiMarket, kalshiMarket } from './market.js';
import { contracts, dollars } from './market-json.js';
import type { KalshiUniverse } from './universe.js';

const BATCH_MAX = 100;

/** Of yes: bids, and asks. */
export function kalshiDepth(universe: KalshiUniverse, market: KalshiMarket): Depth {
  const key = word(word(universe.seed ^ 40, market.index), market.trades ^ (market.bid ?? 0));
  return depthOf(key, market.bid, market.ask, market.tick, [market.bidSize, market.askSize]);
}

function bookJson(universe: KalshiUniverse, market: KalshiMarket, depth: number): unknown {
  const { bids, asks } = kalshiDepth(universe, market);
  const levels = (list: Depth['bids'], price: (micros: number) => number) => {
    const shown = depth > 0 ? list.slice(0, depth) : list;
    // An empty side is null, not an empty list.
    return shown.length === 0
      ? null
      : shown.map((level) => [dollars(price(level.price)), contracts(level.size)]).reverse();
  };
  return {
    no_dollars: levels(asks, (ask) => 1_000_000 - ask),
    yes_dollars: levels(bids, (bid) => bid),
  };
}

export function bookRoutes(universe: KalshiUniverse, clock: SimulatedClock): Route[] {
  const depthIn = ({ query }: Asked) => Number(query.get('depth') ?? 0);
  return [
    {
      method: 'GET',
      path: '/markets/orderbooks',
      answer: (asked) => {
        const now = clock.now();
        const tickers = listed(asked.query, 'tickers');
        if (tickers.length === 0 || tickers.length > BATCH_MAX) return badRequest('tickers: 1 to 100 are required');
        const found = [...new Set(tickers)].flatMap((ticker) => universe.indexOfTicker(ticker, now) ?? []);
        // Unknown tickers are left out, and the order is the venue's own.
        found.sort((a, b) => draw(universe.seed, String(a), 0) - draw(universe.seed, String(b), 0));
        const orderbooks = found.map((i) => ({
          orderbook_fp: bookJson(universe, kalshiMarket(universe, i, now), depthIn(asked)),
          ticker: universe.ticker(i),
        }));
        return json({ orderbooks });
      },
    },
    {
      method: 'GET',
      path: '/markets/:ticker/orderbook',
      answer: (asked, [ticker]) => {
        const i = universe.indexOfTicker(ticker as string, clock.now());
        if (i === undefined) return notFound();
        return json({ orderbook_fp: bookJson(universe, kalshiMarket(universe, i, clock.now()), depthIn(asked)) });
      },
    },
  ];
}
