/**
 * Trades by groups of 20 conditions, newest first. The venue has no trade id: see `mapTrade`. `start` and `end` work only for a user,
 * so a delta reads down to the second it knows, and that second once more.
 */
import { type Chain, digestOf, groupsOf, pageOf, readRecords } from '../chain.js';
import { Fields } from '../fields.js';
import type { AnyChain, Details } from '../parts.js';
import { mapTrade, type Ordinals } from './map.js';

const CONDITIONS_PER_CHAIN = 20;
const TRADES_PER_PAGE = 500;
const END = 'next_cursor null';

/** Markets of one chain go back to the same time: those that were read before, and those that never were, apart. */
export function trades({ markets }: Details): AnyChain[] {
  const named = markets.filter(({ marketId }) => !marketId.startsWith('gamma:'));
  const known = named.filter(({ tradesToS }) => tradesToS !== null);
  known.sort((a, b) => (a.tradesToS as number) - (b.tradesToS as number));
  const groups = [
    ...groupsOf(
      named.filter(({ tradesToS }) => tradesToS === null),
      CONDITIONS_PER_CHAIN,
    ),
    ...groupsOf(known, CONDITIONS_PER_CHAIN),
  ];
  return groups.map((group, index) => {
    const conditions = group.map(({ marketId }) => marketId);
    return tradesOf(`trades/${index}/${digestOf(conditions)}`, conditions, group[0]?.tradesToS ?? null);
  });
}

export interface TradesState {
  readonly cursor: string | null;
  /** Of the transactions that the last page ended with: they may go on in the next. */
  readonly ordinals: Ordinals;
}

function tradesOf(name: string, conditions: readonly string[], sinceS: number | null): Chain<TradesState> {
  const chain = { venue: 'polymarket', endpoint: '/v2/trades' } as const;
  const base = [
    ['condition', conditions.join(',')],
    ['limit', String(TRADES_PER_PAGE)],
  ] as const;
  return {
    ...chain,
    name,
    kind: 'trades',
    covers: conditions,
    start: { cursor: null, ordinals: {} },
    request: ({ cursor }) => ({
      host: 'dataApi',
      path: '/v2/trades',
      query: cursor === null ? base : [...base, ['cursor', cursor]],
    }),
    read: (state, answer) => {
      const ordinals = { ...state.ordinals };
      let last: string | null = null;
      let oldestS = Number.POSITIVE_INFINITY;
      const read = readRecords(chain, answer, ['data'], (record) => {
        const trade = Fields.of(record.value, 'the trade');
        last = trade.text('transaction_hash');
        oldestS = Math.min(oldestS, Number(trade.text('timestamp')));
        return mapTrade(record, ordinals);
      });
      const wrapper = Fields.of(read.wrapper, 'the answer');
      const cursor = wrapper.child('pagination')?.text('next_cursor') || null;
      const known = sinceS !== null && oldestS < sinceS;
      const going = Object.fromEntries(
        Object.entries(ordinals).filter(([key]) => last !== null && key.startsWith(`${last}:`)),
      );
      // A short or empty page is no end: the last transaction is still the one to go on with.
      const next = cursor === null || known ? null : { cursor, ordinals: last === null ? state.ordinals : going };
      return { ...pageOf(read), cursor, next, endedBy: cursor === null ? END : known ? 'known trades' : null };
    },
  };
}
