/**
 * Kalshi's records as rows. Every figure is a fixed-point string; the integer cents and counts of before March 2026 are gone and are
 * not read. A contract has no tokens: its outcomes are `<ticker>:0` (yes) and `<ticker>:1` (no).
 */
import type { RawRecord } from '../../../sources/rest/json.js';
import { bookRows, type Level } from '../book.js';
import type { Mapped, Seen } from '../chain.js';
import { askMicros, BadField, bidMicros, Fields, microsFrom, midOf, oneMinus, priceText } from '../fields.js';
import { type EventRow, type MarketRow, outcomeId, type PriceRow, type Status } from '../model.js';

const venue = 'kalshi' as const;

/** Answered statuses; they are not the ones that are asked for. */
const STATUS: Readonly<Record<string, Status>> = {
  initialized: 'unopened',
  active: 'open',
  inactive: 'paused',
  closed: 'closed',
  determined: 'determined',
  disputed: 'determined',
  amended: 'determined',
  finalized: 'resolved',
};

export function mapMarket(record: RawRecord, seen: Seen): Mapped {
  const market = Fields.of(record.value, 'the market');
  const ticker = market.id('ticker');
  // Combos that users make fill any list that they get into; `mve_filter` alone does not keep them all out.
  const combo = market.text('mve_collection_ticker') !== '' || market.list('mve_selected_legs').length > 0;
  if (combo) return { id: ticker, rows: {}, dropped: true };
  const status = STATUS[market.text('status')];
  if (status === undefined) throw new BadField(`status is not known: ${market.text('status')}`);
  const row: MarketRow = {
    venue,
    market_id: ticker,
    event_id: market.text('event_ticker') || ticker,
    question: questionOf(market),
    slug: ticker.toLowerCase(),
    // Since January 2026 it is on the event and the series only.
    category: '',
    status,
    outcomes: ['Yes', 'No'],
    tokens: [],
    volume: market.decimal('volume_fp'),
    volume_24h: market.decimal('volume_24h_fp'),
    volume_unit: 'contracts',
    open_interest: market.decimal('open_interest_fp'),
    mechanism: 'clob',
    close_time: market.instant('close_time'),
    created_time: market.instant('created_time'),
    updated_time: market.instant('updated_time'),
    winner: winnerOf(market, ticker),
    seen_at: seen.receivedAt,
  };
  const event: EventRow = {
    venue,
    event_id: row.event_id,
    title: '',
    slug: row.event_id.toLowerCase(),
    category: '',
    markets: [],
    close_time: null,
    created_time: null,
    updated_time: null,
    listed: false,
    seen_at: seen.receivedAt,
  };
  return { id: ticker, rows: { markets: [row], events: [event], prices: listedPrices(market, ticker, seen) } };
}

/** The markets of one event often share a title and differ in what yes stands for. */
function questionOf(market: Fields): string {
  const [title, yes] = [market.text('title'), market.text('yes_sub_title')];
  return yes === '' || title.includes(yes) ? title : `${title} (${yes})`;
}

/** A scalar result pays both sides in part: nobody wins. */
function winnerOf(market: Fields, ticker: string): string | null {
  const result = market.text('result');
  if (result === 'yes') return outcomeId(ticker, [], 0);
  return result === 'no' ? outcomeId(ticker, [], 1) : null;
}

function listedPrices(market: Fields, ticker: string, seen: Seen): PriceRow[] {
  const bid = bidMicros(market.micros('yes_bid_dollars'));
  const ask = askMicros(market.micros('yes_ask_dollars'));
  const last = bidMicros(market.micros('last_price_dollars'));
  return yesAndNo(ticker, seen.trueAt, { bid, ask, last }, 'listing');
}

interface YesPrices {
  readonly bid: bigint | null;
  readonly ask: bigint | null;
  readonly last: bigint | null;
}

/** No is 1 − yes for bid, ask and midpoint, exactly; the last trade is given for yes. */
export function yesAndNo(ticker: string, at: string, yes: YesPrices, origin: PriceRow['origin']): PriceRow[] {
  const mid = midOf(yes.bid, yes.ask);
  const names = { venue, market_id: ticker, at, origin };
  return [
    {
      ...names,
      outcome_id: outcomeId(ticker, [], 0),
      bid: priceText(yes.bid, 'the bid'),
      ask: priceText(yes.ask, 'the ask'),
      mid: priceText(mid, 'the midpoint'),
      last: priceText(yes.last, 'the last price'),
    },
    {
      ...names,
      outcome_id: outcomeId(ticker, [], 1),
      bid: priceText(oneMinus(yes.ask), 'the bid'),
      ask: priceText(oneMinus(yes.bid), 'the ask'),
      mid: priceText(oneMinus(mid), 'the midpoint'),
      last: null,
    },
  ];
}

export function mapEvent(record: RawRecord, seen: Seen): Mapped {
  const event = Fields.of(record.value, 'the event');
  const id = event.id('event_ticker');
  const row: EventRow = {
    venue,
    event_id: id,
    title: event.text('title'),
    slug: id.toLowerCase(),
    category: event.text('category'),
    markets: event.children('markets').map((market) => market.id('ticker')),
    close_time: event.instant('strike_date'),
    created_time: null,
    updated_time: event.instant('last_updated_ts'),
    listed: true,
    seen_at: seen.receivedAt,
  };
  return { id, rows: { events: [row] } };
}

/** Bids of both sides only: an ask for yes is a bid for no at 1 − its price. */
export function mapBook(record: RawRecord, ticker: string, seen: Seen): Mapped {
  const holder = Fields.of(record.value, 'the book');
  const book = holder.child('orderbook_fp');
  if (book === null) throw new BadField('orderbook_fp is missing');
  const [yes, no] = [levelsOf(book, 'yes_dollars'), levelsOf(book, 'no_dollars')];
  const names = { venue, market_id: ticker, at: seen.trueAt } as const;
  const rows = [
    bookRows({ ...names, outcome_id: outcomeId(ticker, [], 0) }, yes, mirrored(no)),
    bookRows({ ...names, outcome_id: outcomeId(ticker, [], 1) }, no, mirrored(yes)),
  ];
  return {
    id: ticker,
    rows: { books: rows.flatMap(({ books }) => books), prices: rows.flatMap(({ prices }) => prices) },
  };
}

/** `["0.1200", "250.00"]`. */
function levelsOf(book: Fields, key: string): Level[] {
  return book.list(key).map((level) => {
    const [price, size] = Array.isArray(level) ? level : [];
    const micros = { price: microsFrom(price ?? '', key), size: microsFrom(size ?? '', key) };
    if (micros.price === null || micros.size === null) throw new BadField(`a level of ${key} without price or size`);
    return { price: micros.price, size: micros.size };
  });
}

function mirrored(levels: readonly Level[]): Level[] {
  return levels.map(({ price, size }) => ({ price: oneMinus(price) as bigint, size }));
}

/** A trade is a purchase of its outcome by the taker, at that outcome's price. */
export function mapTrade(record: RawRecord): Mapped {
  const trade = Fields.of(record.value, 'the trade');
  const id = trade.id('trade_id');
  const ticker = trade.id('ticker');
  const side = trade.text('taker_outcome_side') || trade.text('taker_side');
  if (side !== 'yes' && side !== 'no') throw new BadField(`the taker's side is neither yes nor no: ${side}`);
  const yes = trade.micros('yes_price_dollars');
  const price = side === 'yes' ? yes : (trade.micros('no_price_dollars') ?? oneMinus(yes));
  // `count` of before March 2026 is the same figure in whole contracts.
  const size = trade.has('count_fp') ? trade.decimal('count_fp') : trade.decimal('count');
  const at = trade.instant('created_time');
  if (price === null || size === null || at === null) throw new BadField('price, count or created_time is missing');
  return {
    id,
    rows: {
      trades: [
        {
          venue,
          trade_id: id,
          market_id: ticker,
          outcome_id: outcomeId(ticker, [], side === 'yes' ? 0 : 1),
          side: 'BUY',
          price: priceText(price, 'the price') as string,
          size,
          at,
        },
      ],
    },
  };
}

/** A candle ends at `end_period_ts`; its closing bid and ask and its last trade hold then. Daily ones end at midnight US Eastern. */
export function candleRows(ticker: string, candle: Fields): PriceRow[] {
  const at = candle.epoch('end_period_ts', 's');
  if (at === null) throw new BadField('end_period_ts is missing');
  const close = (key: string) => candle.child(key)?.micros('close_dollars') ?? null;
  const yes = { bid: bidMicros(close('yes_bid')), ask: askMicros(close('yes_ask')), last: bidMicros(close('price')) };
  return yesAndNo(ticker, at, yes, 'history');
}
