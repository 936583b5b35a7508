/** An order book as one row: best levels and depth. Where a venue puts its best level differs; here it is found by price. */
import { BadField, bidMicros, type Fields, inRange, midOf, priceText } from './fields.js';
import type { BookRow, PriceRow, SilverRows } from './model.js';

/** Micro-dollars and micro-shares. */
export interface Level {
  readonly price: bigint;
  readonly size: bigint;
}

type Names = Pick<BookRow, 'venue' | 'market_id' | 'outcome_id' | 'at'>;

export interface BookExtras {
  readonly last?: bigint | null;
  /** The venue's own midpoint, where it gives one. */
  readonly hash?: string;
}

/** The row of the book, and the prices that it shows. */
export function bookRows(
  names: Names,
  bids: readonly Level[],
  asks: readonly Level[],
  { last = null, hash = '' }: BookExtras = {},
): Pick<SilverRows, 'books' | 'prices'> {
  const [highest, lowest] = [bestOf(bids, (a, b) => a > b), bestOf(asks, (a, b) => a < b)];
  const bid = priceText(highest?.price ?? null, 'a bid');
  const ask = priceText(lowest?.price ?? null, 'an ask');
  const book: BookRow = {
    ...names,
    bid,
    bid_size: highest === null ? null : inRange(highest.size, 'a size'),
    ask,
    ask_size: lowest === null ? null : inRange(lowest.size, 'a size'),
    bid_depth: inRange(depthOf(bids), 'the depth'),
    ask_depth: inRange(depthOf(asks), 'the depth'),
    bid_levels: bids.length,
    ask_levels: asks.length,
    hash,
  };
  const price: PriceRow = {
    ...names,
    bid,
    ask,
    mid: priceText(midOf(highest?.price ?? null, lowest?.price ?? null), 'the midpoint'),
    last: priceText(bidMicros(last), 'the last price'),
    origin: 'book',
  };
  return { books: [book], prices: [price] };
}

function bestOf(levels: readonly Level[], better: (a: bigint, b: bigint) => boolean): Level | null {
  return levels.reduce<Level | null>((top, at) => (top === null || better(at.price, top.price) ? at : top), null);
}

function depthOf(levels: readonly Level[]): bigint {
  return levels.reduce((sum, { size }) => sum + size, 0n);
}

/** Levels given as `{price, size}`; `sizeUnit` is how many micro-shares one unit of `size` is, as a power of ten. */
export function levelsOf(book: Fields, key: string, sizeInMicros = false): Level[] {
  return book.children(key).map((level) => {
    const price = level.micros('price');
    const size = sizeInMicros ? wholeMicros(level, 'size') : level.micros('size');
    if (price === null || size === null) throw new BadField(`a level of ${key} without price or size`);
    return { price, size };
  });
}

/** A figure that is in micro-units already. */
export function wholeMicros(fields: Fields, key: string): bigint | null {
  const micros = fields.micros(key);
  return micros === null ? null : micros / 1_000_000n;
}
