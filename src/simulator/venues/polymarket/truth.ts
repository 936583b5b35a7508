/** What a right load of Polymarket holds. */
import type { SimulatedClock } from '../clock.js';
import { countUntil } from '../stream.js';
import {
  type BookTruth,
  bookLevels,
  eventsOf,
  type MarketTruth,
  microsOf,
  type PriceTruth,
  type TradeTruth,
  type VenueTruth,
} from '../truth.js';
import { hasBook, polymarketDepth } from './book.js';
import { eventTitle } from './event-json.js';
import { type PolymarketMarket, polymarketMarket } from './market.js';
import { polymarketTrade } from './trades.js';
import type { PolymarketUniverse } from './universe.js';

const big = (value: number | null) => (value === null ? null : BigInt(value));

export class PolymarketTruth implements VenueTruth {
  readonly liveTradesFromMs = 0;

  constructor(
    readonly universe: PolymarketUniverse,
    readonly clock: SimulatedClock,
  ) {}

  *markets(): Generator<MarketTruth> {
    const now = this.clock.now();
    for (let i = 0; i < this.universe.total(now); i++) {
      if (!this.universe.isClosed(i, now)) yield this.#truthOf(i);
    }
  }

  events() {
    return eventsOf(this.markets(), ({ eventId }) => eventTitle(this.universe, Number(eventId) - 20_000));
  }

  market(marketId: string): MarketTruth | undefined {
    const i = this.#indexOf(marketId);
    return i === undefined ? undefined : this.#truthOf(i);
  }

  *trades(marketId: string): Generator<TradeTruth> {
    const i = this.#indexOf(marketId);
    if (i === undefined) return;
    const tokens = this.universe.tokens(i);
    const count = countUntil(this.universe.stream(i), this.clock.now());
    for (let k = 0; k < count; k++) {
      const trade = polymarketTrade(this.universe, i, k);
      yield {
        venue: 'polymarket',
        marketId,
        outcomeId: tokens[trade.outcome] as string,
        side: trade.side,
        price: BigInt(trade.price),
        size: BigInt(trade.size) * 10_000n,
        at: BigInt(Math.floor(trade.atMs / 1000)) * 1_000_000n,
        tradeId: null,
        transactionHash: trade.transactionHash,
        wallet: trade.wallet,
      };
    }
  }

  books(marketId: string): BookTruth[] {
    const i = this.#indexOf(marketId);
    if (i === undefined) return [];
    const market = polymarketMarket(this.universe, i, this.clock.now());
    if (!hasBook(this.universe, market)) return [];
    return this.universe.tokens(i).map((outcomeId, outcome) => {
      const { bids, asks } = polymarketDepth(this.universe, market, outcome);
      return { venue: 'polymarket', marketId, outcomeId, bids: bookLevels(bids), asks: bookLevels(asks) };
    });
  }

  #indexOf(marketId: string): number | undefined {
    const now = this.clock.now();
    const bare = /^gamma:(\d+)$/.exec(marketId)?.[1];
    return bare === undefined ? this.universe.indexOfCondition(marketId, now) : this.universe.indexOfId(bare, now);
  }

  #truthOf(i: number): MarketTruth {
    const { universe } = this;
    const market = polymarketMarket(universe, i, this.clock.now());
    const condition = universe.conditionId(i);
    const tokens = universe.tokens(i);
    const resolved = market.closed && !market.legacy;
    return {
      venue: 'polymarket',
      marketId: condition === '' ? `gamma:${universe.id(i)}` : condition,
      eventId: market.legacy ? '' : universe.eventId(market.event),
      question: market.question,
      status: resolved ? 'resolved' : market.closed ? 'closed' : market.acceptingOrders ? 'open' : 'paused',
      outcomes: market.outcomes,
      tokens,
      ...volumesOf(market, condition === ''),
      volumeUnit: 'usd',
      openInterest: null,
      closeTime: microsOf(market.endMs),
      createdTime: BigInt(market.legacy ? Math.floor(market.createdMicros / 1000) * 1000 : market.createdMicros),
      updatedTime: BigInt(market.updatedMicros),
      winner: resolved && market.winner !== null ? (tokens[market.winner] as string) : null,
      prices: pricesOf(market, tokens),
    };
  }
}

/** `volumeNum` of legacy markets is rounded to cents; a market that was never deployed shows zeros. */
function volumesOf(market: PolymarketMarket, bare: boolean): Pick<MarketTruth, 'volume' | 'volume24h'> {
  if (bare) return { volume: 0n, volume24h: 0n };
  const { volume, volume24h } = market;
  if (market.legacy) return { volume: BigInt(Math.round((volume?.micros ?? 0) / 1e4)) * 10_000n, volume24h: 0n };
  return { volume: big(volume?.micros ?? null), volume24h: big(volume24h?.micros ?? null) };
}

function pricesOf({ bid, ask, last, mids }: PolymarketMarket, tokens: readonly string[]): PriceTruth[] {
  if (mids === null) return [];
  const priced = mids.some((mid) => mid > 0);
  return tokens.map((outcomeId, k) => ({
    outcomeId,
    bid: k === 0 ? big(bid) : null,
    ask: k === 0 ? big(ask) : null,
    mid: priced ? big(mids[k] as number) : null,
    last: k === 0 ? big(last) : null,
  }));
}
