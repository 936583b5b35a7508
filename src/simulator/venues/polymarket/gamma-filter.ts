/** What Gamma's listings can be filtered and sorted by, on markets as they stand. */
import { listed } from '../http/host.js';
import { eventClosed, tagOf } from './event-json.js';
import { type PolymarketMarket, polymarketMarket } from './market.js';
import type { PolymarketUniverse } from './universe.js';

/** Sort keys by their JSON names; every other name is ignored. `volume` and `liquidity` sort as text. */
const MARKET_KEYS: Readonly<Record<string, (market: PolymarketMarket) => number | string>> = {
  volume: (market) => String(market.volume?.value ?? ''),
  liquidity: (market) => String(market.liquidity.value),
  volumeNum: (market) => market.volume?.value ?? 0,
  liquidityNum: (market) => market.liquidity.value,
  volume24hr: (market) => market.volume24h?.value ?? 0,
  volume1wk: (market) => market.volumeWeek?.value ?? 0,
  startDate: (market) => market.createdMicros,
  createdAt: (market) => market.createdMicros,
  updatedAt: (market) => market.updatedMicros,
  endDate: (market) => market.endMs,
};

export interface Order {
  /** Undefined: by id, as a number. */
  readonly key?: string;
  readonly ascending: boolean;
}

export function orderOf(query: URLSearchParams): Order {
  const ascending = query.get('ascending') !== 'false';
  const asked = query.get('order') ?? '';
  return asked in MARKET_KEYS ? { key: asked, ascending } : { ascending };
}

export type Accepts = (i: number) => boolean;

/** A filter over indexes, cheapest tests first; a string says what is wrong with the query. */
export function marketFilter(universe: PolymarketUniverse, query: URLSearchParams, atMs: number): Accepts | string {
  const tests: Accepts[] = [];
  // The documented default of `closed` is false, and here it holds.
  const closed = query.get('closed') === 'true';
  if (query.get('closed') !== 'all') tests.push((i) => universe.isClosed(i, atMs) === closed);
  const active = query.get('active');
  if (active !== null) tests.push((i) => String(universe.hasCondition(i)) === active);
  if (query.get('archived') === 'true') tests.push(() => false);
  const ids = oneOf(universe, query, atMs);
  if (typeof ids === 'string') return ids;
  if (ids) tests.push((i) => ids.has(i));
  const tag = query.get('tag_id');
  if (tag !== null) tests.push((i) => tag === '100215' || tagOf(universe, universe.eventOf(i))[0] === tag);
  const status = query.get('uma_resolution_status');
  if (status !== null)
    tests.push((i) => (universe.isClosed(i, atMs) && !universe.isLegacy(i)) === (status === 'resolved'));
  const ranges = rangesOf(query);
  if (typeof ranges === 'string') return ranges;
  if (ranges.length > 0) {
    tests.push((i) => {
      const market = polymarketMarket(universe, i, atMs);
      return ranges.every((inside) => inside(market));
    });
  }
  return (i) => tests.every((test) => test(i));
}

/** Rows named by an id of any kind; unknown ids find nothing. */
function oneOf(universe: PolymarketUniverse, query: URLSearchParams, atMs: number): Set<number> | string | undefined {
  const kinds: readonly (readonly [string, (text: string) => number | undefined])[] = [
    ['id', (text) => universe.indexOfId(text, atMs)],
    ['condition_ids', (text) => universe.indexOfCondition(text, atMs)],
    ['slug', (text) => universe.indexOfId(/-(\d+)$/.exec(text)?.[1] ?? '', atMs)],
    ['clob_token_ids', (text) => universe.indexOfToken(text, atMs)?.index],
    ['position_ids', (text) => universe.indexOfToken(text, atMs)?.index],
  ];
  for (const [name, find] of kinds) {
    const texts = listed(query, name);
    if (texts.length === 0) continue;
    if (name === 'condition_ids' && texts.length > 100) return 'condition_ids: at most 100 values';
    return new Set(texts.map(find).filter((i) => i !== undefined));
  }
  return undefined;
}

const NUMBERS: Readonly<Record<string, (market: PolymarketMarket) => number | null>> = {
  volume_num: (market) => market.volume?.value ?? null,
  liquidity_num: (market) => market.liquidity.value,
};
const DATES: Readonly<Record<string, (market: PolymarketMarket) => number | null>> = {
  // A market that was never deployed has no start date: it lies in no range.
  start_date: (market) => (market.active ? Math.floor(market.createdMicros / 1000) + 240_000 : null),
  end_date: (market) => market.endMs,
};

function rangesOf(query: URLSearchParams): ((market: PolymarketMarket) => boolean)[] | string {
  const ranges: ((market: PolymarketMarket) => boolean)[] = [];
  for (const [fields, parse] of [[NUMBERS, Number] as const, [DATES, Date.parse] as const]) {
    for (const [name, read] of Object.entries(fields)) {
      for (const end of ['min', 'max'] as const) {
        const text = query.get(`${name}_${end}`);
        if (text === null) continue;
        const bound = parse(text);
        if (Number.isNaN(bound)) return `${name}_${end}: ${text} is not valid`;
        ranges.push((market) => {
          const value = read(market);
          return value !== null && (end === 'min' ? value >= bound : value <= bound);
        });
      }
    }
  }
  return ranges;
}

/** Without `closed`, /events gives closed ones only, whatever its documents say. */
export function eventFilter(universe: PolymarketUniverse, query: URLSearchParams, atMs: number): Accepts {
  const closed = query.get('closed') !== 'false';
  const ids = listed(query, 'id');
  const slugs = listed(query, 'slug');
  if (ids.length + slugs.length > 0) {
    const named = new Set([...ids, ...slugs.map((slug) => /-(\d+)$/.exec(slug)?.[1] ?? '')]);
    return (event) => named.has(universe.eventId(event));
  }
  const tag = query.get('tag_id');
  return (event) =>
    universe.hiddenEvent(event) === undefined &&
    eventClosed(universe, event, atMs) === closed &&
    (tag === null || tagOf(universe, event)[0] === tag);
}

/** Rows in an order other than that of ids; lists of one moment are kept for the next pages. */
export class SortedLists {
  readonly #kept = new Map<string, readonly { readonly key: number | string; readonly i: number }[]>();

  constructor(readonly universe: PolymarketUniverse) {}

  get(
    accepts: Accepts,
    name: string,
    key: string,
    atMs: number,
  ): readonly { readonly key: number | string; readonly i: number }[] {
    const about = `${name} ${key} ${atMs}`;
    const kept = this.#kept.get(about);
    if (kept) return kept;
    const read = MARKET_KEYS[key] as (market: PolymarketMarket) => number | string;
    const rows: { key: number | string; i: number }[] = [];
    for (let i = 0; i < this.universe.total(atMs); i++) {
      if (accepts(i)) rows.push({ key: read(polymarketMarket(this.universe, i, atMs)), i });
    }
    rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.i - b.i));
    if (this.#kept.size >= 4) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(about, rows);
    return rows;
  }
}
