/** Hourly prices of 20 tokens a request. Windows of more than about 15 days are refused; fine history is deleted after weeks. */
import { memberText, parseJson } from '../../../sources/rest/json.js';
import { type Chain, digestOf, groupsOf, lastPage, mapRecords, seenOf } from '../chain.js';
import { BadField, Fields } from '../fields.js';
import { type AnyChain, type Details, HISTORY_HOURS } from '../parts.js';
import { historyRows } from './map.js';

const TOKENS_PER_REQUEST = 20;
const FIDELITY_MINUTES = 60;

export function history({ markets, nowS }: Details): AnyChain[] {
  const pairs = markets.flatMap(({ marketId, tokens }) => tokens.map((token) => ({ marketId, token })));
  return groupsOf(pairs, TOKENS_PER_REQUEST).map((group, index) =>
    historyOf(`history/${index}/${digestOf(group.map(({ token }) => token))}`, group, nowS),
  );
}

interface Pair {
  readonly marketId: string;
  readonly token: string;
}

function historyOf(name: string, pairs: readonly Pair[], nowS: number): Chain<null> {
  const chain = { venue: 'polymarket', endpoint: '/batch-prices-history' } as const;
  const marketOf = new Map(pairs.map(({ marketId, token }) => [token, marketId]));
  return {
    ...chain,
    name,
    kind: 'history',
    start: null,
    request: () => ({
      host: 'clob',
      method: 'POST',
      path: '/batch-prices-history',
      body: {
        markets: pairs.map(({ token }) => token),
        start_ts: nowS - HISTORY_HOURS * 3600,
        end_ts: nowS,
        fidelity: FIDELITY_MINUTES,
      },
    }),
    read: (_state, answer) => {
      parseJson(answer.text, 'the answer');
      const byToken = memberText(answer.text, 'history') ?? '{}';
      const records = pairs.flatMap(({ token }) => {
        const raw = memberText(byToken, token);
        return raw === null ? [] : [{ raw, value: { token, points: parseJson(raw, 'a history') } }];
      });
      const read = mapRecords(chain, records, seenOf(answer), ({ value }) => {
        const { token, points } = value as { token: string; points: unknown };
        if (!Array.isArray(points)) throw new BadField('the history is no list');
        const rows = points.map((point) => Fields.of(point, 'a point'));
        return { id: token, rows: { prices: historyRows(marketOf.get(token) as string, token, rows) } };
      });
      const answered = new Set(read.ids);
      return lastPage(
        read,
        pairs.map(({ token }) => token).filter((token) => !answered.has(token)),
      );
    },
  };
}
