/** What a right load of Opinion holds. */
import type { SimulatedClock } from '../clock.js';
import {
  type BookTruth,
  bookLevels,
  eventsOf,
  type MarketStatus,
  type MarketTruth,
  microsOf,
  type TradeTruth,
  type VenueTruth,
} from '../truth.js';
import { opinionMarket, topTitle } from './market.js';
import { opinionDepth } from './opinion.js';
import type { OpinionUniverse } from './universe.js';

const STATUS: Readonly<Record<2 | 3 | 4, MarketStatus>> = { 2: 'open', 3: 'closed', 4: 'resolved' };

export class OpinionTruth implements VenueTruth {
  readonly liveTradesFromMs = 0;

  constructor(
    readonly universe: OpinionUniverse,
    readonly clock: SimulatedClock,
  ) {}

  /** Live binary markets, and all children of live parents: also those that are resolved. */
  *markets(): Generator<MarketTruth> {
    const now = this.clock.now();
    for (let t = 0; t < this.universe.total(now); t++) {
      if (this.universe.closesMs(t) <= now) continue;
      const children = this.universe.childCount(t);
      if (children === 0) yield this.#truthOf(t, 0);
      for (let child = 1; child <= children; child++) yield this.#truthOf(t, child);
    }
  }

  events() {
    return eventsOf(this.markets(), ({ eventId }) => {
      const parent = /^categorical:(\d+)$/.exec(eventId)?.[1];
      const now = this.clock.now();
      const t =
        parent === undefined
          ? this.universe.placeOf(Number(eventId), now)?.t
          : this.universe.parentOf(Number(parent), now);
      return topTitle(this.universe, t as number);
    });
  }

  market(marketId: string): MarketTruth | undefined {
    const place = this.universe.placeOf(Number(marketId), this.clock.now());
    return place && this.#truthOf(place.t, place.child);
  }

  /** Public trades come over a websocket only. */
  trades(): TradeTruth[] {
    return [];
  }

  books(marketId: string): BookTruth[] {
    const place = this.universe.placeOf(Number(marketId), this.clock.now());
    if (!place) return [];
    const market = opinionMarket(this.universe, place.t, place.child, this.clock.now());
    return [0, 1].map((outcome) => {
      const { bids, asks } = opinionDepth(this.universe, market, outcome);
      const outcomeId = this.universe.token(place.t, place.child, outcome);
      return { venue: 'opinion', marketId, outcomeId, bids: bookLevels(bids), asks: bookLevels(asks) };
    });
  }

  #truthOf(t: number, child: number): MarketTruth {
    const { universe } = this;
    const market = opinionMarket(universe, t, child, this.clock.now());
    const tokens = [universe.token(t, child, 0), universe.token(t, child, 1)];
    return {
      venue: 'opinion',
      marketId: String(market.id),
      eventId: child === 0 ? String(market.id) : `categorical:${universe.topId(t)}`,
      question: market.title,
      status: STATUS[market.status],
      outcomes: market.labels,
      tokens,
      volume: BigInt(market.volume.micros),
      // Rows of the list give it to the cent; children have none.
      volume24h: child === 0 ? BigInt(Math.round(market.volume24hMicros / 10_000)) * 10_000n : null,
      volumeUnit: 'usd',
      openInterest: null,
      closeTime: microsOf(market.cutoffAt * 1000),
      createdTime: microsOf(Math.floor(market.createdMs / 1000) * 1000),
      updatedTime: null,
      winner: market.winner === null ? null : (tokens[market.winner] as string),
      prices: [],
    };
  }
}
