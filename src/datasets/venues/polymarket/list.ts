/**
 * Gamma's listings. Everything open is walked by `id` from both ends until the two meet: one chain would take twice as long, and ranges
 * of dates or volumes miss the rows in which that field is null. `closed` is always sent: without it /events shows closed ones only.
 */
import { microsOf } from '../../../core/micros.js';
import { type Chain, type CursorState, cursorChain, digestOf, groupsOf, pageOf, readRecords } from '../chain.js';
import { Fields } from '../fields.js';
import type { AnyChain, Choice, Known } from '../parts.js';
import { mapEvent, mapMarket } from './map.js';

const venue = 'polymarket' as const;
/** The most that each endpoint gives; more is clamped in silence. */
const MARKETS_PER_PAGE = 100;
const EVENTS_PER_PAGE = 500;
const CONDITIONS_PER_REQUEST = 100;
/** `cursor` and `next_cursor` are ignored in silence. */
const CURSOR_PARAMETER = 'after_cursor';
const END = 'no next_cursor';
const listing = {
  venue,
  kind: 'markets',
  endpoint: '/markets/keyset',
  host: 'gamma',
  path: '/markets/keyset',
} as const;

function nextCursor(wrapper: Fields): string | null {
  return wrapper.text('next_cursor') || null;
}

export function staticLists(choice: Choice): AnyChain[] {
  if (choice.top !== null || choice.minVolume !== null) return [busiest('markets/top', choice)];
  return [fromOneEnd('up'), fromOneEnd('down'), openEvents()];
}

/** Nothing says what changed: new ones by their creation, and what traded in 24 hours by its volume. */
export function deltaLists(choice: Choice, known: Known): AnyChain[] {
  const created = cursorChain({
    ...listing,
    name: 'markets/new',
    query: query(MARKETS_PER_PAGE, 'createdAt', 'false'),
    cursorParameter: CURSOR_PARAMETER,
    records: ['markets'],
    nextCursor,
    endMarker: END,
    map: mapMarket,
    enough: ({ ids }) => (ids.some((id) => known.has(id)) ? 'a known market' : null),
  });
  return [created, busiest('markets/traded', choice)];
}

/** By the volume of 24 hours, which moves while the pages are read: a row may come twice. */
function busiest(name: string, { top, minVolume }: Choice): Chain<CursorState> {
  return cursorChain({
    ...listing,
    name,
    query: query(MARKETS_PER_PAGE, 'volume24hr', 'false'),
    cursorParameter: CURSOR_PARAMETER,
    records: ['markets'],
    nextCursor,
    endMarker: END,
    map: mapMarket,
    enough: ({ rows }, count) => {
      if (top !== null && count >= top) return `${top} markets`;
      const least = rows.markets.at(-1)?.volume_24h ?? null;
      // Without a choice: down to where nothing traded.
      const floor = minVolume ?? 1n;
      return rows.markets.length > 0 && microsOfText(least) < floor ? 'volume below what is asked for' : null;
    },
  });
}

/** Closed ones are only found when asked for. */
export function byName(marketIds: readonly string[], settled: boolean): AnyChain[] {
  const conditions = marketIds.filter((id) => !id.startsWith('gamma:'));
  return groupsOf(conditions, CONDITIONS_PER_REQUEST).map((group, index) =>
    cursorChain({
      ...listing,
      name: `markets/named/${settled ? 'closed' : 'open'}/${index}/${digestOf(group)}`,
      query: [
        ['limit', String(MARKETS_PER_PAGE)],
        ['closed', String(settled)],
        ['condition_ids', group.join(',')],
      ],
      cursorParameter: CURSOR_PARAMETER,
      records: ['markets'],
      nextCursor,
      endMarker: END,
      map: mapMarket,
    }),
  );
}

function openEvents(): Chain<CursorState> {
  return cursorChain({
    ...listing,
    kind: 'events',
    endpoint: '/events/keyset',
    path: '/events/keyset',
    name: 'events/open',
    query: [
      ['limit', String(EVENTS_PER_PAGE)],
      ['closed', 'false'],
    ],
    cursorParameter: CURSOR_PARAMETER,
    records: ['events'],
    nextCursor,
    endMarker: END,
    map: mapEvent,
  });
}

/** How far a chain of ids has come. */
export interface IdState {
  readonly cursor: string | null;
  /** The last id read, null before the first page. */
  readonly edge: string | null;
  /** Ids came out of order: this chain cannot tell where it stands, and goes to its own end. */
  readonly unordered: boolean;
}

function fromOneEnd(direction: 'up' | 'down'): Chain<IdState> {
  const ascending = direction === 'up';
  const base = query(MARKETS_PER_PAGE, 'id', String(ascending));
  return {
    name: `markets/${direction}`,
    venue,
    kind: 'markets',
    endpoint: listing.endpoint,
    start: { cursor: null, edge: null, unordered: false },
    request: ({ cursor }) => ({
      host: 'gamma',
      path: listing.path,
      query: cursor === null ? base : [...base, [CURSOR_PARAMETER, cursor]],
    }),
    read: (state, answer) => {
      const ids: string[] = [];
      const read = readRecords(listing, answer, ['markets'], (record, seen) => {
        ids.push(Fields.of(record.value, 'the market').id('id'));
        return mapMarket(record, seen);
      });
      const cursor = nextCursor(Fields.of(read.wrapper, 'the answer'));
      const next = cursor === null ? null : { cursor, ...advance(state, ids, ascending) };
      return { ...pageOf(read), cursor, next, endedBy: next === null ? END : null };
    },
    meets: {
      name: `markets/${ascending ? 'down' : 'up'}`,
      metAt: (mine, other) => {
        if (mine.edge === null || other.edge === null || mine.unordered || other.unordered) return false;
        const [low, high] = ascending ? [mine.edge, other.edge] : [other.edge, mine.edge];
        return BigInt(low) >= BigInt(high);
      },
    },
  };
}

function advance(state: IdState, ids: readonly string[], ascending: boolean): Pick<IdState, 'edge' | 'unordered'> {
  let { edge, unordered } = state;
  for (const id of ids) {
    if (!/^\d+$/.test(id)) unordered = true;
    else if (edge !== null && /^\d+$/.test(edge) && BigInt(id) > BigInt(edge) !== ascending) unordered = true;
    edge = id;
  }
  return { edge, unordered };
}

/** JSON names order; unknown names are ignored in silence, and `volume` sorts as text. */
function query(limit: number, order: 'id' | 'createdAt' | 'volume24hr', ascending: string) {
  return [
    ['limit', String(limit)],
    ['closed', 'false'],
    ['order', order],
    ['ascending', ascending],
  ] as const;
}

function microsOfText(text: string | null): bigint {
  return text === null ? 0n : (microsOf(text) ?? 0n);
}
