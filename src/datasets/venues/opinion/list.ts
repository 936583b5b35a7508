/** Opinion's one listing: binary markets and categorical parents with their children. It has no filter by change. */

import { microsOf } from '../../../core/micros.js';
import { memberText, parseJson } from '../../../sources/rest/json.js';
import { type Chain, lastPage, mapRecords, seenOf } from '../chain.js';
import { Fields } from '../fields.js';
import { judged, pagedChain } from '../pages.js';
import type { AnyChain, Choice, Known } from '../parts.js';
import { judge, resultOf } from './envelope.js';
import { mapOne, mapTop } from './map.js';

const venue = 'opinion' as const;
const ROWS_PER_PAGE = 20;
/** 0, the default, lists binary markets only. */
const ALL_TYPES = '2';
const NEWEST = '1';
const VOLUME_24H = '5';

export function staticLists({ top, minVolume }: Choice): AnyChain[] {
  const chosen = top !== null || minVolume !== null;
  return [
    pagedChain({
      name: chosen ? 'markets/top' : 'markets/activated',
      venue,
      kind: 'markets',
      endpoint: '/market',
      host: 'opinion',
      path: '/market',
      query: [
        ['limit', String(ROWS_PER_PAGE)],
        ['status', 'activated'],
        ['marketType', ALL_TYPES],
        ['sortBy', chosen ? VOLUME_24H : NEWEST],
      ],
      records: ['result', 'list'],
      judge: (text) => void judge(parseJson(text, 'opinion /market'), 'opinion /market'),
      total: (wrapper) =>
        judged(() => Fields.of(wrapper, 'the answer').child('result')?.text('total') ?? '', '/market'),
      map: (record, seen) => {
        const mapped = mapTop(record, seen);
        if (minVolume === null) return mapped;
        // Rows come by the volume of their parents, which only top rows have.
        const volume = microsOf(Fields.of(record.value, 'the market').text('volume24h') || '0') ?? 0n;
        return volume < minVolume ? { ...mapped, dropped: true } : mapped;
      },
      top,
      enough: ({ rows }) => (minVolume !== null && rows.markets.length === 0 ? 'volume below what is asked for' : null),
    }),
  ];
}

export function deltaLists(choice: Choice, _known: Known): AnyChain[] {
  return staticLists(choice);
}

/** Markets that left the list. Their parents are known from before. */
export function byName(marketIds: readonly string[]): AnyChain[] {
  return marketIds.map((id): Chain<null> => {
    const chain = { venue, endpoint: '/market/{id}' } as const;
    return {
      ...chain,
      name: `markets/named/${id}`,
      kind: 'markets',
      start: null,
      refusalEnds: 'not found',
      request: () => ({ host: 'opinion', path: `/market/${encodeURIComponent(id)}` }),
      read: (_state, answer) => {
        const result = resultOf(answer.text, chain.endpoint);
        const raw = memberText(result.raw, 'data') ?? result.raw;
        const value = (result.value as Record<string, unknown>).data ?? result.value;
        return lastPage(
          mapRecords(chain, [{ raw, value }], seenOf(answer), (record, seen) => mapOne(record, null, seen)),
        );
      },
    };
  });
}
