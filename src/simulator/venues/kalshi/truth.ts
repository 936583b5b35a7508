/** What a right load of Kalshi holds. */
import type { SimulatedClock } from '../clock.js';
import { countUntil } from '../stream.js';
import {
  type BookTruth,
  bookLevels,
  eventsOf,
  type MarketStatus,
  type MarketTruth,
  microsOf,
  type PriceTruth,
  type TradeTruth,
  type VenueTruth,
} from '../truth.js';
import { kalshiDepth } from './books.js';
import { type KalshiMarket, kalshiMarket } from './market.js';
import { closeTimeMs, kalshiEventTitle } from './market-json.js';
import { kalshiTrade } from './trades.js';
import type { KalshiStatus, KalshiUniverse } from './universe.js';

const STATUS: Readonly<Record<KalshiStatus, MarketStatus>> = {
  initialized: 'unopened',
  active: 'open',
  inactive: 'paused',
  closed: 'closed',
  determined: 'determined',
  disputed: 'determined',
  amended: 'determined',
  finalized: 'resolved',
};

export class KalshiTruth implements VenueTruth {
  readonly liveTradesFromMs: number;

  constructor(
    readonly universe: KalshiUniverse,
    readonly clock: SimulatedClock,
  ) {
    this.liveTradesFromMs = universe.cutoffMs;
  }

  /** What the chains of open, unopened and paused hold, without combos: also rows in them that say `closed`. */
  *markets(): Generator<MarketTruth> {
    const { universe } = this;
    const now = this.clock.now();
    for (let i = 0; i < universe.total(now); i++) {
      const status = universe.status(i, now);
      const listed = ['initialized', 'active', 'inactive'].includes(status) || universe.closedInOpen(i, now);
      if (listed && !universe.leakyCombo(i)) yield this.#truthOf(i);
    }
  }

  events() {
    return eventsOf(this.markets(), ({ eventId }) =>
      kalshiEventTitle(this.universe, this.universe.indexOfEventTicker(eventId, this.clock.now()) as number),
    );
  }

  market(marketId: string): MarketTruth | undefined {
    const i = this.universe.indexOfTicker(marketId, this.clock.now());
    return i === undefined ? undefined : this.#truthOf(i);
  }

  *trades(marketId: string): Generator<TradeTruth> {
    const i = this.universe.indexOfTicker(marketId, this.clock.now());
    if (i === undefined) return;
    const count = countUntil(this.universe.stream(i), this.clock.now());
    for (let k = 0; k < count; k++) {
      const trade = kalshiTrade(this.universe, i, k);
      const yes = trade.taker === 'yes';
      yield {
        venue: 'kalshi',
        marketId,
        outcomeId: `${marketId}:${yes ? 0 : 1}`,
        side: 'BUY',
        price: BigInt(yes ? trade.yes : 1_000_000 - trade.yes),
        size: BigInt(trade.size) * 10_000n,
        at: BigInt(trade.atMicros),
        tradeId: trade.tradeId,
        transactionHash: null,
        wallet: null,
      };
    }
  }

  books(marketId: string): BookTruth[] {
    const i = this.universe.indexOfTicker(marketId, this.clock.now());
    if (i === undefined) return [];
    const { bids, asks } = kalshiDepth(this.universe, kalshiMarket(this.universe, i, this.clock.now()));
    const mirrored = (levels: typeof bids) => levels.map(({ price, size }) => ({ price: 1_000_000 - price, size }));
    const book = (outcome: number, below: typeof bids, above: typeof asks): BookTruth => ({
      venue: 'kalshi',
      marketId,
      outcomeId: `${marketId}:${outcome}`,
      bids: bookLevels(below),
      asks: bookLevels(above),
    });
    return [book(0, bids, asks), book(1, mirrored(asks), mirrored(bids))];
  }

  #truthOf(i: number): MarketTruth {
    const { universe } = this;
    const market = kalshiMarket(universe, i, this.clock.now());
    const ticker = universe.ticker(i);
    const won = market.result === 'yes' ? 0 : market.result === 'no' ? 1 : null;
    return {
      venue: 'kalshi',
      marketId: ticker,
      eventId: universe.eventTicker(market.event),
      question: market.title,
      status: STATUS[market.status],
      outcomes: ['Yes', 'No'],
      tokens: [],
      volume: BigInt(market.volume) * 10_000n,
      volume24h: BigInt(market.volume24h) * 10_000n,
      volumeUnit: 'contracts',
      openInterest: BigInt(market.openInterest) * 10_000n,
      closeTime: microsOf(closeTimeMs(market)),
      createdTime: BigInt(market.createdMicros),
      updatedTime: BigInt(market.updatedMicros),
      winner: won === null ? null : `${ticker}:${won}`,
      prices: pricesOf(market, ticker),
    };
  }
}

function pricesOf({ bid, ask, last }: KalshiMarket, ticker: string): PriceTruth[] {
  const mid = bid === null || ask === null ? null : (bid + ask) / 2;
  const big = (value: number | null) => (value === null ? null : BigInt(value));
  const other = (value: number | null) => (value === null ? null : BigInt(1_000_000 - value));
  return [
    { outcomeId: `${ticker}:0`, bid: big(bid), ask: big(ask), mid: big(mid), last: big(last) },
    { outcomeId: `${ticker}:1`, bid: other(ask), ask: other(bid), mid: other(mid), last: other(last) },
  ];
}
