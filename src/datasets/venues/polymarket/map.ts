/** Polymarket's records as rows. Gamma's lists inside strings, its floats and its flags are explained at each field. */
import { createHash } from 'node:crypto';
import type { RawRecord } from '../../../sources/rest/json.js';
import { bookRows, levelsOf } from '../book.js';
import type { Mapped, Seen } from '../chain.js';
import { askMicros, BadField, bidMicros, Fields, microsFrom, priceText } from '../fields.js';
import { type EventRow, type MarketRow, outcomeId, ownEvent, type PriceRow, type Status } from '../model.js';

const venue = 'polymarket' as const;

/** The condition; markets of the first years have none. */
export function marketIdOf(market: Fields): string {
  const condition = market.text('conditionId');
  return condition === '' ? `gamma:${market.id('id')}` : condition;
}

export function mapMarket(record: RawRecord, seen: Seen): Mapped {
  const market = Fields.of(record.value, 'the market');
  const id = marketIdOf(market);
  const outcomes = market.packedTexts('outcomes');
  const clobTokens = market.packedTexts('clobTokenIds');
  // Since April 2026 a position id stands in place of the token id: both are opaque names.
  const tokens = clobTokens.length > 0 ? clobTokens : market.packedTexts('positionIds');
  if (tokens.length > 0 && tokens.length !== outcomes.length) {
    throw new BadField(`${tokens.length} tokens for ${outcomes.length} outcomes`);
  }
  const quoted = market.packedTexts('outcomePrices').map((text, i) => microsFrom(text, `outcomePrices[${i}]`));
  const row: MarketRow = {
    venue,
    market_id: id,
    event_id: market.children('events')[0]?.text('id') || id,
    question: market.text('question'),
    slug: market.text('slug'),
    category: market.text('category'),
    status: statusOf(market),
    outcomes,
    tokens,
    volume: market.has('volumeNum') ? market.decimal('volumeNum') : market.decimal('volume'),
    volume_24h: market.decimal('volume24hr'),
    volume_unit: 'usd',
    open_interest: null,
    mechanism: 'clob',
    close_time: market.instant('endDate'),
    created_time: market.instant('createdAt'),
    updated_time: market.instant('updatedAt'),
    winner: winnerOf(market, quoted, (index) => outcomeId(id, tokens, index)),
    seen_at: seen.receivedAt,
  };
  return {
    id,
    rows: { markets: [row], events: eventsOf(market, row, seen), prices: pricesOf(market, row, quoted, seen) },
  };
}

function statusOf(market: Fields): Status {
  if (market.flag('closed')) return market.text('umaResolutionStatus') === 'resolved' ? 'resolved' : 'closed';
  return market.flag('active') && market.flag('acceptingOrders') ? 'open' : 'paused';
}

/** Only once UMA has resolved it do final prices of 1 and 0 name the winner; a price near 1 never does. */
function winnerOf(market: Fields, quoted: readonly (bigint | null)[], idOf: (index: number) => string): string | null {
  if (market.text('umaResolutionStatus') !== 'resolved') return null;
  const winners = quoted.flatMap((price, index) => (price === 1_000_000n ? [index] : []));
  const decided = winners.length === 1 && quoted.every((price) => price === 0n || price === 1_000_000n);
  return decided ? idOf(winners[0] as number) : null;
}

/**
 * `outcomePrices` are midpoints, one for each outcome; bid, ask and last trade are those of the first. Closed markets of the first
 * years show ["0","0"], which is no price.
 */
function pricesOf(market: Fields, row: MarketRow, quoted: readonly (bigint | null)[], seen: Seen): PriceRow[] {
  const priced = quoted.some((price) => price !== null && price !== 0n);
  return row.outcomes.map((_, index) => {
    const first = index === 0;
    return {
      venue,
      market_id: row.market_id,
      outcome_id: outcomeId(row.market_id, row.tokens, index),
      at: seen.trueAt,
      bid: first ? priceText(bidMicros(market.micros('bestBid')), 'bestBid') : null,
      ask: first ? priceText(askMicros(market.micros('bestAsk')), 'bestAsk') : null,
      mid: priced ? priceText(quoted[index] ?? null, 'outcomePrices') : null,
      last: first ? priceText(bidMicros(market.micros('lastTradePrice')), 'lastTradePrice') : null,
      origin: 'listing',
    };
  });
}

/** The events that a market names: also archived ones, which no list of events shows. */
function eventsOf(market: Fields, row: MarketRow, seen: Seen): EventRow[] {
  const events = market.children('events');
  return events.length === 0 ? [ownEvent(row)] : events.map((event) => eventRow(event, [], false, seen));
}

export function mapEvent(record: RawRecord, seen: Seen): Mapped {
  const event = Fields.of(record.value, 'the event');
  // An open event keeps its closed markets, which no list of open ones shows.
  const open = event.children('markets').filter((market) => !market.flag('closed'));
  const markets = open.map(marketIdOf);
  return { id: event.id('id'), rows: { events: [eventRow(event, markets, true, seen)] } };
}

function eventRow(event: Fields, markets: readonly string[], listed: boolean, seen: Seen): EventRow {
  return {
    venue,
    event_id: event.id('id'),
    title: event.text('title'),
    slug: event.text('slug'),
    category: event.text('category'),
    markets,
    close_time: event.instant('endDate'),
    created_time: event.instant('createdAt'),
    updated_time: event.instant('updatedAt'),
    listed,
    seen_at: seen.receivedAt,
  };
}

/** A book of the CLOB: bids ascend and asks descend, so the best level is the last; the best is found by price all the same. */
export function mapBook(record: RawRecord): Mapped {
  const book = Fields.of(record.value, 'the book');
  const token = book.id('asset_id');
  const at = book.epoch('timestamp', 'ms');
  if (at === null) throw new BadField('timestamp is missing');
  const names = { venue, market_id: book.id('market'), outcome_id: token, at } as const;
  const [bids, asks] = [levelsOf(book, 'bids'), levelsOf(book, 'asks')];
  return {
    id: token,
    rows: bookRows(names, bids, asks, { last: book.micros('last_trade_price'), hash: book.text('hash') }),
  };
}

/** Ordinals of equal trades within a transaction, carried from page to page. */
export type Ordinals = Record<string, number>;

/**
 * A trade has no id, and one transaction may hold several equal ones: the id is the transaction, a digest of everything that tells its
 * trades apart, and an ordinal. The ordinals of a transaction that goes on in the next page are handed over in `ordinals`.
 */
export function mapTrade(record: RawRecord, ordinals: Ordinals): Mapped {
  const trade = Fields.of(record.value, 'the trade');
  const transaction = trade.id('transaction_hash');
  const token = trade.id('token_id');
  const side = trade.text('side');
  if (side !== 'BUY' && side !== 'SELL') throw new BadField(`side is neither BUY nor SELL: ${side}`);
  const [price, size, at] = [trade.micros('price'), trade.decimal('size'), trade.epoch('timestamp', 's')];
  if (price === null || size === null || at === null) throw new BadField('price, size or timestamp is missing');
  const parts = [token, trade.text('proxy_wallet'), side, price, size].join(' ');
  const key = `${transaction}:${createHash('sha256').update(parts).digest('hex').slice(0, 16)}`;
  const ordinal = ordinals[key] ?? 0;
  ordinals[key] = ordinal + 1;
  const id = `${key}:${ordinal}`;
  return {
    id,
    rows: {
      trades: [
        {
          venue,
          trade_id: id,
          market_id: trade.id('condition_id'),
          // `outcome_index` is 999 where the venue does not know it; the token always names the outcome.
          outcome_id: token,
          side,
          price: priceText(price, 'price') as string,
          size,
          at,
        },
      ],
    },
  };
}

/** Points of a price history: midpoints of one token. */
export function historyRows(marketId: string, token: string, points: readonly Fields[]): PriceRow[] {
  return points.flatMap((point) => {
    const at = point.epoch(point.has('t') ? 't' : 'timestamp', 's');
    const mid = priceText(point.micros(point.has('p') ? 'p' : 'price'), 'a point');
    if (at === null || mid === null) return [];
    return [
      { venue, market_id: marketId, outcome_id: token, at, bid: null, ask: null, mid, last: null, origin: 'history' },
    ];
  });
}
