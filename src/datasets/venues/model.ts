/**
 * The one model of all venues. A row's fields are its table's columns (sql/venues/), values as ClickHouse reads them: decimals as
 * text, times as text in UTC with microseconds, null where the venue gives none. Volumes are in the venue's own unit.
 */
export const VENUES = ['polymarket', 'kalshi', 'limitless', 'opinion'] as const;
export type Venue = (typeof VENUES)[number];

export type Status = 'unopened' | 'open' | 'paused' | 'closed' | 'determined' | 'resolved' | 'void';

export interface EventRow {
  readonly venue: Venue;
  /** Polymarket's event id, Kalshi's event ticker, Limitless' group slug, `categorical:<id>`; or the market itself. */
  readonly event_id: string;
  readonly title: string;
  readonly slug: string;
  readonly category: string;
  /** The markets that the event itself lists: what its completeness is crossed with. */
  readonly markets: readonly string[];
  readonly close_time: string | null;
  readonly created_time: string | null;
  readonly updated_time: string | null;
  /** Read off the event itself; false where only its market names it. */
  readonly listed: boolean;
  readonly seen_at: string;
}

export interface MarketRow {
  readonly venue: Venue;
  readonly market_id: string;
  readonly event_id: string;
  readonly question: string;
  readonly slug: string;
  readonly category: string;
  readonly status: Status;
  readonly outcomes: readonly string[];
  /** Token ids, opaque; empty where the venue has none. */
  readonly tokens: readonly string[];
  readonly volume: string | null;
  readonly volume_24h: string | null;
  readonly volume_unit: 'usd' | 'contracts';
  readonly open_interest: string | null;
  /** An order book, or a pool that quotes by a formula and has none. */
  readonly mechanism: 'clob' | 'amm';
  readonly close_time: string | null;
  readonly created_time: string | null;
  readonly updated_time: string | null;
  /** An outcome id, once what decides it has decided. */
  readonly winner: string | null;
  readonly seen_at: string;
}

/** Bid, ask, midpoint and last trade are different things and stay apart. 0 … 1 dollar a contract. */
export interface PriceRow {
  readonly venue: Venue;
  readonly market_id: string;
  readonly outcome_id: string;
  readonly at: string;
  readonly bid: string | null;
  readonly ask: string | null;
  readonly mid: string | null;
  readonly last: string | null;
  readonly origin: 'listing' | 'book' | 'quote' | 'history';
}

export interface BookRow {
  readonly venue: Venue;
  readonly market_id: string;
  readonly outcome_id: string;
  readonly at: string;
  readonly bid: string | null;
  readonly bid_size: string | null;
  readonly ask: string | null;
  readonly ask_size: string | null;
  /** Sizes of all levels together. */
  readonly bid_depth: string;
  readonly ask_depth: string;
  readonly bid_levels: number;
  readonly ask_levels: number;
  /** The venue's own name for this state of the book, or ''. */
  readonly hash: string;
}

export interface TradeRow {
  readonly venue: Venue;
  readonly trade_id: string;
  readonly market_id: string;
  readonly outcome_id: string;
  readonly side: 'BUY' | 'SELL';
  readonly price: string;
  readonly size: string;
  readonly at: string;
}

export interface SilverRows {
  readonly events: EventRow[];
  readonly markets: MarketRow[];
  readonly prices: PriceRow[];
  readonly books: BookRow[];
  readonly trades: TradeRow[];
}

export function noRows(): SilverRows {
  return { events: [], markets: [], prices: [], books: [], trades: [] };
}

/** A record that could not be read. It stays in bronze, is counted, and is written nowhere else. */
export interface Problem {
  readonly venue: Venue;
  readonly endpoint: string;
  readonly recordId: string;
  readonly message: string;
}

/** An outcome by its token, or by its place in the market. */
export function outcomeId(marketId: string, tokens: readonly string[], index: number): string {
  return tokens[index] ?? `${marketId}:${index}`;
}

/** The event of a market that stands alone: the market itself. */
export function ownEvent(row: MarketRow): EventRow {
  return {
    venue: row.venue,
    event_id: row.market_id,
    title: row.question,
    slug: row.slug,
    category: row.category,
    markets: [row.market_id],
    close_time: row.close_time,
    created_time: row.created_time,
    updated_time: row.updated_time,
    listed: false,
    seen_at: row.seen_at,
  };
}

export interface AnomalyRow {
  readonly venue: Venue;
  readonly kind: 'unreadable' | 'stale' | 'jump' | 'crossed' | 'sum';
  readonly market_id: string;
  readonly outcome_id: string;
  readonly at: string;
  readonly detail: string;
}
