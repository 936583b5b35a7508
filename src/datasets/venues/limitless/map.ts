/** Limitless' records as rows. A row is a market, or a group whose children are the markets. Volumes are micro-USDC in a string. */
import { elementTexts, memberText, parseJson, type RawRecord } from '../../../sources/rest/json.js';
import { bookRows, levelsOf } from '../book.js';
import type { Mapped, Seen } from '../chain.js';
import { BadField, Fields, inRange, microsFrom, priceText } from '../fields.js';
import { type EventRow, type MarketRow, outcomeId, ownEvent, type PriceRow, type Status } from '../model.js';
import type { MarketRef } from '../parts.js';

const venue = 'limitless' as const;

/** A row of the listing or the answer of one slug. A group is an event, never a market. */
export function mapRow(record: RawRecord, seen: Seen): Mapped {
  const row = Fields.of(record.value, 'the row');
  const slug = row.id('slug');
  if (row.text('marketType') !== 'group') return marketOf(row, null, seen);
  const texts = elementTexts(memberText(record.raw, 'markets') ?? '[]', 'markets');
  const children = texts.map((raw) => ({
    raw,
    mapped: marketOf(Fields.of(parseJson(raw, 'a child'), 'a child'), row, seen),
  }));
  const event: EventRow = {
    venue,
    event_id: slug,
    title: row.text('title'),
    slug,
    category: row.texts('categories')[0] ?? '',
    markets: children.map(({ mapped }) => mapped.id),
    close_time: row.epoch('expirationTimestamp', 'ms'),
    created_time: row.instant('createdAt'),
    updated_time: row.instant('updatedAt'),
    listed: true,
    seen_at: seen.receivedAt,
  };
  return {
    id: slug,
    rows: {
      events: [event],
      markets: children.flatMap(({ mapped }) => mapped.rows.markets ?? []),
      prices: children.flatMap(({ mapped }) => mapped.rows.prices ?? []),
    },
    inner: children.map(({ raw, mapped }) => ({ endpoint: '/markets/active#markets', id: mapped.id, raw })),
  };
}

function marketOf(market: Fields, group: Fields | null, seen: Seen): Mapped {
  const slug = market.id('slug');
  const tokens = tokensOf(market);
  const winner = market.text('winningOutcomeIndex');
  const row: MarketRow = {
    venue,
    market_id: slug,
    event_id: group === null ? slug : group.id('slug'),
    question: group === null ? market.text('title') : `${group.text('title')}: ${market.text('title')}`,
    slug,
    category: market.texts('categories')[0] ?? '',
    status: statusOf(market),
    outcomes: ['Yes', 'No'],
    tokens,
    volume: scaled(market, 'volume'),
    // There is no volume of 24 hours.
    volume_24h: null,
    volume_unit: 'usd',
    open_interest: scaled(market, 'openInterest'),
    mechanism: market.text('tradeType') === 'amm' ? 'amm' : 'clob',
    close_time: market.epoch('expirationTimestamp', 'ms'),
    created_time: market.instant('createdAt'),
    updated_time: market.instant('updatedAt'),
    winner: winner === '' ? null : outcomeId(slug, tokens, Number(winner)),
    seen_at: seen.receivedAt,
  };
  const prices = pricesOf(market, row, seen);
  return { id: slug, rows: { markets: [row], prices, ...(group === null ? { events: [ownEvent(row)] } : {}) } };
}

/** `{yes, no}`, or since the change of exchange a list of positions. */
function tokensOf(market: Fields): string[] {
  const positions = market.texts('positionIds');
  if (positions.length > 0) return positions;
  const tokens = market.child('tokens');
  return tokens === null ? [] : [tokens.id('yes'), tokens.id('no')];
}

function statusOf(market: Fields): Status {
  const status = market.text('status');
  if (status === 'RESOLVED') return 'resolved';
  if (status !== 'FUNDED') throw new BadField(`status is not known: ${status}`);
  return market.flag('expired') ? 'closed' : 'open';
}

/** A figure in the collateral's smallest unit, as dollars. */
function scaled(market: Fields, key: string): string | null {
  const text = market.text(key);
  if (text === '') return null;
  const decimals = market.child('collateralToken')?.text('decimals') || '6';
  return inRange(microsFrom(`${text}e-${decimals}`, key) as bigint, key);
}

/** Quotes of yes and no. Pools once gave percents: if either is over 1, both are. [0, 0] is no price. */
function pricesOf(market: Fields, row: MarketRow, seen: Seen): PriceRow[] {
  const quoted = market.list('prices').map((price) => microsFrom(price, 'prices'));
  if (quoted.every((price) => price === null || price === 0n)) return [];
  const percent = quoted.some((price) => price !== null && price > 1_000_000n);
  return row.outcomes.map((_, index) => {
    const price = quoted[index] ?? null;
    // Half up, as everywhere.
    const mid = price === null || !percent ? price : (price + 50n) / 100n;
    return {
      venue,
      market_id: row.market_id,
      outcome_id: outcomeId(row.market_id, row.tokens, index),
      at: seen.trueAt,
      bid: null,
      ask: null,
      mid: priceText(mid, 'a price'),
      last: null,
      origin: 'listing',
    };
  });
}

/** The book of yes; prices in dollars, sizes in micro-shares. */
export function mapBook(record: RawRecord, market: MarketRef, seen: Seen): Mapped {
  const book = Fields.of(record.value, 'the book');
  const names = {
    venue,
    market_id: market.marketId,
    outcome_id: book.text('tokenId') || outcomeId(market.marketId, market.tokens, 0),
    at: seen.trueAt,
  };
  const [bids, asks] = [levelsOf(book, 'bids', true), levelsOf(book, 'asks', true)];
  return { id: market.marketId, rows: bookRows(names, bids, asks, { last: book.micros('lastTradePrice') }) };
}

export function historyRow(market: MarketRef, point: Fields): PriceRow {
  // Milliseconds, in some answers seconds or a text.
  const text = point.text('timestamp');
  const at = /^\d+$/.test(text) ? point.epoch('timestamp', text.length > 11 ? 'ms' : 's') : point.instant('timestamp');
  const price = microsFrom(point.text('price'), 'price');
  if (at === null || price === null) throw new BadField('a point without time or price');
  return {
    venue,
    market_id: market.marketId,
    outcome_id: outcomeId(market.marketId, market.tokens, 0),
    at,
    bid: null,
    ask: null,
    mid: priceText(price > 1_000_000n ? (price + 50n) / 100n : price, 'a point'),
    last: null,
    origin: 'history',
  };
}
