/** The trades of many markets as one list, newest first: what a whole exchange's feed is, and a chain over several markets. */
import { countUntil, type Stream, timeOf } from './stream.js';

/** Where a chain stands: behind this trade. */
export interface FeedPlace {
  readonly atMs: number;
  readonly market: number;
  readonly k: number;
}

function isBefore(a: FeedPlace, b: FeedPlace): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  return a.market !== b.market ? a.market < b.market : a.k < b.k;
}

/** Trades in [fromMs, toMs] of a few markets, merged newest first, behind `place`. Costs what it yields. */
export function* mergedFeed(
  markets: readonly number[],
  streamOf: (market: number) => Stream,
  fromMs: number,
  toMs: number,
  place: FeedPlace | undefined,
): Generator<FeedPlace> {
  const heads: { market: number; stream: Stream; k: number; atMs: number }[] = [];
  for (const market of markets) {
    const stream = streamOf(market);
    let k = countUntil(stream, Math.min(toMs, place?.atMs ?? toMs)) - 1;
    while (k >= 0 && place && !isBefore({ atMs: timeOf(stream, k), market, k }, place)) k--;
    if (k >= 0) heads.push({ market, stream, k, atMs: timeOf(stream, k) });
  }
  while (heads.length > 0) {
    let newest = heads[0] as (typeof heads)[number];
    for (const head of heads) if (isBefore(newest, head)) newest = head;
    if (newest.atMs < fromMs) return;
    yield { atMs: newest.atMs, market: newest.market, k: newest.k };
    newest.k--;
    if (newest.k < 0) heads.splice(heads.indexOf(newest), 1);
    else newest.atMs = timeOf(newest.stream, newest.k);
  }
}

/** Every trade of an exchange in a window, in three flat arrays, oldest first. The last window asked for is kept. */
export class WholeFeed {
  #about = '';
  #places: readonly FeedPlace[] = [];

  constructor(
    readonly total: (atMs: number) => number,
    readonly streamOf: (market: number) => Stream,
  ) {}

  *newestFirst(fromMs: number, toMs: number, place: FeedPlace | undefined): Generator<FeedPlace> {
    const places = this.#window(fromMs, toMs);
    let high = places.length;
    if (place) {
      let low = 0;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (isBefore(places[middle] as FeedPlace, place)) low = middle + 1;
        else high = middle;
      }
    }
    for (let n = high - 1; n >= 0; n--) yield places[n] as FeedPlace;
  }

  #window(fromMs: number, toMs: number): readonly FeedPlace[] {
    const about = `${fromMs} ${toMs}`;
    if (about === this.#about) return this.#places;
    const places: FeedPlace[] = [];
    for (let market = 0; market < this.total(toMs); market++) {
      const stream = this.streamOf(market);
      const end = countUntil(stream, toMs);
      for (let k = countUntil(stream, fromMs - 1); k < end; k++) places.push({ atMs: timeOf(stream, k), market, k });
    }
    places.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#about = about;
    this.#places = places;
    return places;
  }
}
