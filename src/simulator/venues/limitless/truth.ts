/** What a right load of Limitless holds. */
import type { SimulatedClock } from '../clock.js';
import {
  type BookTruth,
  bookLevels,
  eventsOf,
  type MarketTruth,
  microsOf,
  type TradeTruth,
  type VenueTruth,
} from '../truth.js';
import { limitlessBook } from './book.js';
import { limitlessMarket, placeOfSlug } from './market.js';
import { type LimitlessUniverse, TRAIT } from './universe.js';

export class LimitlessTruth implements VenueTruth {
  readonly liveTradesFromMs = 0;

  constructor(
    readonly universe: LimitlessUniverse,
    readonly clock: SimulatedClock,
  ) {}

  /** Markets of their own, and the children of groups. */
  *markets(): Generator<MarketTruth> {
    const now = this.clock.now();
    for (let i = 0; i < this.universe.total(now); i++) {
      if (!this.universe.isActive(i, now)) continue;
      const children = this.universe.childCount(i);
      if (children === 0) yield this.#truthOf(i, 0);
      for (let child = 1; child <= children; child++) yield this.#truthOf(i, child);
    }
  }

  events() {
    return eventsOf(this.markets(), ({ eventId }) => {
      const place = placeOfSlug(this.universe, eventId, this.clock.now()) as { i: number; child: number };
      return limitlessMarket(this.universe, place.i, 0, this.clock.now()).title;
    });
  }

  market(marketId: string): MarketTruth | undefined {
    const place = placeOfSlug(this.universe, marketId, this.clock.now());
    // The slug of a group names an event, no market.
    if (!place || (place.child === 0 && this.universe.childCount(place.i) > 0)) return undefined;
    return this.#truthOf(place.i, place.child);
  }

  /** The venue has no public list of trades. */
  trades(): TradeTruth[] {
    return [];
  }

  books(marketId: string): BookTruth[] {
    const now = this.clock.now();
    const place = placeOfSlug(this.universe, marketId, now);
    if (!place) return [];
    const market = limitlessMarket(this.universe, place.i, place.child, now);
    if (market.amm) return [];
    const { bids, asks } = limitlessBook(this.universe, market);
    const outcomeId = this.universe.tokens(place.i, place.child).yes;
    return [{ venue: 'limitless', marketId, outcomeId, bids: bookLevels(bids), asks: bookLevels(asks) }];
  }

  #truthOf(i: number, child: number): MarketTruth {
    const { universe } = this;
    const market = limitlessMarket(universe, i, child, this.clock.now());
    const { yes, no } = universe.tokens(i, child);
    const tokens = [yes, no];
    const expired = universe.flag(TRAIT.expired, i, 0.01);
    const group = limitlessMarket(universe, i, 0, this.clock.now());
    return {
      venue: 'limitless',
      marketId: market.slug,
      eventId: group.slug,
      question: market.title,
      status: !market.active ? 'resolved' : expired ? 'closed' : 'open',
      outcomes: ['Yes', 'No'],
      tokens,
      volume: BigInt(market.volume),
      volume24h: null,
      volumeUnit: 'usd',
      openInterest: market.openInterest === null ? null : BigInt(market.openInterest),
      closeTime: microsOf(market.closesMs),
      createdTime: microsOf(market.createdMs),
      updatedTime: microsOf(market.updatedMs),
      winner: market.winner === null ? null : (tokens[market.winner] as string),
      prices: tokens.map((outcomeId, k) => ({
        outcomeId,
        bid: null,
        ask: null,
        mid: BigInt(market.mids[k] as number),
        last: null,
      })),
    };
  }
}
