/**
 * What a right load of the simulated venues holds: the silver rows, made from the universe itself and never from the bodies it
 * serves. Micro-units are bigint, times are microseconds since 1970; null is "the venue does not say".
 *
 * What a venue shows in place of a price is null here: Kalshi's bid 0 and ask 1 with size 0, a last price of 0, and the same three on
 * Gamma. Bid, ask and last of Gamma are those of outcome 0; the mid of each outcome is its `outcomePrices`.
 */
import type { Venue } from './options.js';

export type MarketStatus = 'unopened' | 'open' | 'paused' | 'closed' | 'determined' | 'resolved' | 'void';

export interface PriceTruth {
  readonly outcomeId: string;
  readonly bid: bigint | null;
  readonly ask: bigint | null;
  readonly mid: bigint | null;
  readonly last: bigint | null;
}

export interface MarketTruth {
  readonly venue: Venue;
  readonly marketId: string;
  readonly eventId: string;
  readonly question: string;
  readonly status: MarketStatus;
  readonly outcomes: readonly string[];
  /** Empty where the venue has no tokens. */
  readonly tokens: readonly string[];
  readonly volume: bigint | null;
  readonly volume24h: bigint | null;
  readonly volumeUnit: 'usd' | 'contracts';
  readonly openInterest: bigint | null;
  readonly closeTime: bigint | null;
  readonly createdTime: bigint | null;
  readonly updatedTime: bigint | null;
  /** The outcome's token, or `<market_id>:<index>`; null while nothing decides it. */
  readonly winner: string | null;
  /** As the listing gives them, one an outcome; empty where the listing has none. */
  readonly prices: readonly PriceTruth[];
}

export interface EventTruth {
  readonly venue: Venue;
  readonly eventId: string;
  readonly title: string;
}

export interface TradeTruth {
  readonly venue: Venue;
  readonly marketId: string;
  readonly outcomeId: string;
  readonly side: 'BUY' | 'SELL';
  readonly price: bigint;
  readonly size: bigint;
  /** Microseconds, in the resolution the venue gives. */
  readonly at: bigint;
  /** The venue's own id of the trade; null where it has none (then several rows may be equal in all fields). */
  readonly tradeId: string | null;
  readonly transactionHash: string | null;
  readonly wallet: string | null;
}

export interface BookLevel {
  readonly price: bigint;
  readonly size: bigint;
}

export interface BookTruth {
  readonly venue: Venue;
  readonly marketId: string;
  readonly outcomeId: string;
  /** Best first. */
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

export interface VenueTruth {
  /**
   * Everything that is listed and unsettled now: the static load. It tells rows as they stand now; a listing that comes from a
   * cache may be older.
   */
  markets(): Iterable<MarketTruth>;
  /** The events that those markets name, each once. */
  events(): Iterable<EventTruth>;
  /** Any market that ever was, also a settled one; undefined when there is none of this id. */
  market(marketId: string): MarketTruth | undefined;
  /** All trades that the venue's public feeds hold of a market, oldest first; empty where it has no public trades. */
  trades(marketId: string): Iterable<TradeTruth>;
  /** Trades before this time are in the historical tier only; 0 where there is no such tier. */
  readonly liveTradesFromMs: number;
  /** One book an outcome that has one. */
  books(marketId: string): readonly BookTruth[];
}

/** Milliseconds to microseconds, 0 and less to null. */
export function microsOf(ms: number): bigint | null {
  return ms > 0 ? BigInt(Math.floor(ms)) * 1000n : null;
}

/** Hundredths of shares or contracts to micro-units, prices as they are. */
export function bookLevels(levels: readonly { readonly price: number; readonly size: number }[]): BookLevel[] {
  return levels.map(({ price, size }) => ({ price: BigInt(price), size: BigInt(size) * 10_000n }));
}

/** The events of some markets, each once, in the order of the markets. */
export function* eventsOf(
  markets: Iterable<MarketTruth>,
  title: (market: MarketTruth) => string,
): Generator<EventTruth> {
  const seen = new Set<string>();
  for (const market of markets) {
    if (market.eventId === '' || seen.has(market.eventId)) continue;
    seen.add(market.eventId);
    yield { venue: market.venue, eventId: market.eventId, title: title(market) };
  }
}
