/**
 * Limitless lists active rows only, by page number. Pages shift when a row is added while they are read, so the list of all slugs is
 * asked for as well, and rows that it names and the pages did not show are asked for by name.
 */

import { parseJson, readListing } from '../../../sources/rest/json.js';
import { type Chain, lastPage, mapRecords, seenOf } from '../chain.js';
import { Fields } from '../fields.js';
import { judged, type PageState, pagedChain } from '../pages.js';
import type { AnyChain, Choice, Known } from '../parts.js';
import { mapRow } from './map.js';

const venue = 'limitless' as const;
const ROWS_PER_PAGE = 25;

export function staticLists(choice: Choice): AnyChain[] {
  if (choice.top !== null || choice.minVolume !== null) return [active('markets/top', choice, 'high_value')];
  return [active('markets/active', choice, 'newest'), slugs()];
}

/** Nothing can be asked for by change time that also shows prices: the full list is about 80 pages. */
export function deltaLists(choice: Choice, _known: Known): AnyChain[] {
  return staticLists(choice);
}

export function byName(slugs: readonly string[]): AnyChain[] {
  return slugs.map((slug): Chain<null> => {
    const chain = { venue, endpoint: '/markets/{slug}' } as const;
    return {
      ...chain,
      name: `markets/named/${slug}`,
      kind: 'markets',
      start: null,
      refusalEnds: 'not found',
      request: () => ({ host: 'limitless', path: `/markets/${encodeURIComponent(slug)}` }),
      read: (_state, answer) => {
        const record = { raw: answer.text, value: parseJson(answer.text, chain.endpoint) };
        return lastPage(mapRecords(chain, [record], seenOf(answer), mapRow));
      },
    };
  });
}

function active(name: string, { top, minVolume }: Choice, sortBy: string): Chain<PageState> {
  return pagedChain({
    name,
    venue,
    kind: 'markets',
    endpoint: '/markets/active',
    host: 'limitless',
    path: '/markets/active',
    query: [
      ['limit', String(ROWS_PER_PAGE)],
      ['sortBy', sortBy],
    ],
    records: ['data'],
    total: (wrapper) => judged(() => Fields.of(wrapper, 'the answer').text('totalMarketsCount'), '/markets/active'),
    map: mapRow,
    top,
    enough: ({ rows }) => {
      const volumes = rows.markets.map(({ volume }) => Number(volume ?? 0) * 1e6);
      // Lifetime volume, and that of a group is its children's: all of a page has to be below.
      return minVolume !== null && volumes.every((volume) => volume < Number(minVolume))
        ? 'volume below what is asked for'
        : null;
    },
  });
}

/** Every active row's slug in one answer: what the pages are compared with. */
function slugs(): Chain<null> {
  const chain = { venue, endpoint: '/markets/active/slugs' } as const;
  return {
    ...chain,
    name: 'ids/slugs',
    kind: 'ids',
    start: null,
    request: () => ({ host: 'limitless', path: '/markets/active/slugs' }),
    read: (_state, answer) => {
      const { records } = readListing(answer.text, [], chain.endpoint);
      const read = mapRecords(chain, records, seenOf(answer), ({ value }) => ({
        id: typeof value === 'string' ? value : Fields.of(value, 'the row').id('slug'),
        rows: {},
      }));
      // Names only: nothing that bronze would keep.
      return { ...lastPage(read), bronze: [] };
    },
  };
}
