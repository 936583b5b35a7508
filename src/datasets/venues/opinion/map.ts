/** Opinion's records as rows. A categorical parent is an event and its children are the markets; a binary market is its own event. */
import { elementTexts, memberText, parseJson, type RawRecord } from '../../../sources/rest/json.js';
import { bookRows, levelsOf } from '../book.js';
import type { Mapped, Seen } from '../chain.js';
import { BadField, bidMicros, Fields, priceText } from '../fields.js';
import { type EventRow, type MarketRow, ownEvent, type PriceRow, type Status } from '../model.js';
import type { MarketRef } from '../parts.js';

const venue = 'opinion' as const;
const CATEGORICAL = '1';

const STATUS: Readonly<Record<string, Status>> = {
  '1': 'unopened',
  '2': 'open',
  '3': 'closed',
  '4': 'resolved',
  '5': 'void',
  '6': 'void',
};

/** Parents are numbered in another sequence than markets and may bear the same number. */
export function parentId(marketId: string): string {
  return `categorical:${marketId}`;
}

export function mapTop(record: RawRecord, seen: Seen): Mapped {
  const top = Fields.of(record.value, 'the market');
  const categorical = top.text('marketType') === CATEGORICAL || top.list('childMarkets').length > 0;
  if (!categorical) return marketOf(top, null, seen);
  const texts = elementTexts(memberText(record.raw, 'childMarkets') ?? '[]', 'childMarkets');
  const children = texts.map((raw) => ({
    raw,
    mapped: marketOf(Fields.of(parseJson(raw, 'a child'), 'a child'), top, seen),
  }));
  const id = parentId(top.id('marketId'));
  const event: EventRow = {
    venue,
    event_id: id,
    title: top.text('marketTitle'),
    slug: top.text('slug'),
    category: top.texts('labels')[0] ?? '',
    markets: children.map(({ mapped }) => mapped.id),
    close_time: top.epoch('cutoffAt', 's'),
    created_time: top.epoch('createdAt', 's'),
    updated_time: null,
    listed: true,
    seen_at: seen.receivedAt,
  };
  return {
    id,
    rows: { events: [event], markets: children.flatMap(({ mapped }) => mapped.rows.markets ?? []) },
    inner: children.map(({ raw, mapped }) => ({ endpoint: '/market#childMarkets', id: mapped.id, raw })),
  };
}

/** A market asked for by its number. */
export function mapOne(record: RawRecord, parent: string | null, seen: Seen): Mapped {
  const { id, rows } = marketOf(Fields.of(record.value, 'the market'), null, seen);
  if (parent === null || parent === id) return { id, rows };
  // A child does not name its parent: that is known from the list.
  return { id, rows: { markets: (rows.markets ?? []).map((row) => ({ ...row, event_id: parent })) } };
}

function marketOf(market: Fields, parent: Fields | null, seen: Seen): Mapped {
  const id = market.id('marketId');
  const tokens = ['yesTokenId', 'noTokenId'].map((key) => market.text(key)).filter((token) => token !== '');
  if (tokens.length === 1) throw new BadField('one token where there are none or two');
  const status = STATUS[market.text('status')];
  if (status === undefined) throw new BadField(`status is not known: ${market.text('status')}`);
  const result = market.text('resultTokenId');
  const title = market.text('marketTitle');
  const row: MarketRow = {
    venue,
    market_id: id,
    event_id: parent === null ? id : parentId(parent.id('marketId')),
    question: parent === null ? title : `${parent.text('marketTitle')}: ${title}`,
    slug: market.text('slug'),
    category: (parent ?? market).texts('labels')[0] ?? '',
    status,
    outcomes: [market.text('yesLabel') || 'Yes', market.text('noLabel') || 'No'],
    tokens,
    volume: market.decimal('volume'),
    volume_24h: market.decimal('volume24h'),
    volume_unit: 'usd',
    open_interest: null,
    mechanism: 'clob',
    close_time: market.epoch('cutoffAt', 's'),
    created_time: market.epoch('createdAt', 's'),
    updated_time: null,
    winner: tokens.includes(result) ? result : null,
    seen_at: seen.receivedAt,
  };
  return { id, rows: { markets: [row], ...(parent === null ? { events: [ownEvent(row)] } : {}) } };
}

/** The latest trade of one token. A token that never traded has price 0 and time 0. */
export function mapLatestPrice(record: RawRecord, market: MarketRef, token: string): Mapped {
  const latest = Fields.of(record.value, 'the price');
  const at = latest.epoch('timestamp', 'ms');
  const last = priceText(bidMicros(latest.micros('price')), 'the price');
  const row = { venue, market_id: market.marketId, outcome_id: token, bid: null, ask: null, mid: null } as const;
  return { id: token, rows: at === null || last === null ? {} : { prices: [{ ...row, at, last, origin: 'quote' }] } };
}

export function mapBook(record: RawRecord, market: MarketRef, token: string, seen: Seen): Mapped {
  const book = Fields.of(record.value, 'the book');
  const at = book.epoch('timestamp', 'ms') ?? seen.trueAt;
  const names = { venue, market_id: market.marketId, outcome_id: token, at };
  return { id: token, rows: bookRows(names, levelsOf(book, 'bids'), levelsOf(book, 'asks')) };
}

export function historyRow(market: MarketRef, token: string, point: Fields): PriceRow {
  const at = point.epoch('t', 's');
  if (at === null) throw new BadField('a point without a time');
  const last = priceText(bidMicros(point.micros('p')), 'a point');
  return {
    venue,
    market_id: market.marketId,
    outcome_id: token,
    at,
    bid: null,
    ask: null,
    mid: null,
    last,
    origin: 'history',
  };
}
