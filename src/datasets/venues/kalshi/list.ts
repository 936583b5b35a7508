/**
 * Kalshi's listings: newest first, no sort, no count, one status a chain. Combos are kept out of every request. Filters of time are in
 * whole seconds and exclusive, so a delta reaches back one second further and lets the row keys collapse what comes twice.
 */
import { type Chain, type CursorState, cursorChain, digestOf, groupsOf } from '../chain.js';
import type { Fields } from '../fields.js';
import type { AnyChain, Choice, Known } from '../parts.js';
import { mapEvent, mapMarket } from './map.js';

const MARKETS_PER_PAGE = 1000;
const EVENTS_PER_PAGE = 200;
/** 300 worked in one request; unknown ones are left out in silence. */
const TICKERS_PER_REQUEST = 300;
const OVERLAP_S = 1;
const ENDED = 'cursor ""';

/** What is unsettled is asked for in three chains: there is no status for all of it. */
const UNSETTLED = ['open', 'unopened', 'paused'] as const;

export function staticLists(choice: Choice): AnyChain[] {
  // Neither a sort nor a filter by volume: a top list is all that is open, ranked here.
  if (choice.top !== null || choice.minVolume !== null) return [marketsOf('markets/open', [['status', 'open']])];
  const events = (['open', 'unopened'] as const).map((status) => eventsOf(`events/${status}`, [['status', status]]));
  return [...UNSETTLED.map((status) => marketsOf(`markets/${status}`, [['status', status]])), ...events];
}

/** Prices move without `updated_time`: they need the whole walk of what is open. The rest is asked for by time. */
export function deltaLists(choice: Choice, { sinceS }: Known): AnyChain[] {
  const open = marketsOf('markets/open', [['status', 'open']]);
  if (choice.top !== null || choice.minVolume !== null) return [open];
  const since = String(sinceS - OVERLAP_S);
  return [
    open,
    marketsOf('markets/new', [['min_created_ts', since]]),
    marketsOf('markets/updated', [['min_updated_ts', since]]),
    marketsOf('markets/settled', [
      ['status', 'settled'],
      ['min_settled_ts', since],
    ]),
    eventsOf('events/updated', [['min_updated_ts', since]]),
  ];
}

export function byName(marketIds: readonly string[]): AnyChain[] {
  return groupsOf(marketIds, TICKERS_PER_REQUEST).map((group, index) =>
    marketsOf(`markets/named/${index}/${digestOf(group)}`, [['tickers', group.join(',')]]),
  );
}

function marketsOf(name: string, filter: readonly (readonly [string, string])[]): Chain<CursorState> {
  return cursorChain({
    name,
    venue: 'kalshi',
    kind: 'markets',
    endpoint: '/markets',
    host: 'kalshi',
    path: '/markets',
    query: [['limit', String(MARKETS_PER_PAGE)], ['mve_filter', 'exclude'], ...filter],
    cursorParameter: 'cursor',
    records: ['markets'],
    nextCursor,
    endMarker: ENDED,
    map: mapMarket,
  });
}

function eventsOf(name: string, filter: readonly (readonly [string, string])[]): Chain<CursorState> {
  return cursorChain({
    name,
    venue: 'kalshi',
    kind: 'events',
    endpoint: '/events',
    host: 'kalshi',
    path: '/events',
    query: [['limit', String(EVENTS_PER_PAGE)], ...filter],
    cursorParameter: 'cursor',
    records: ['events'],
    nextCursor,
    endMarker: ENDED,
    map: mapEvent,
  });
}

function nextCursor(wrapper: Fields): string | null {
  return wrapper.text('cursor') || null;
}
