/** Hourly prices, one request a token. Intervals but 1h and 1d give 1d in silence. */
import { type Chain, lastPage, mapRecords, seenOf } from '../chain.js';
import { Fields } from '../fields.js';
import { type AnyChain, type Details, HISTORY_HOURS, type MarketRef } from '../parts.js';
import { resultOf } from './envelope.js';
import { historyRow } from './map.js';

export function history({ markets, nowS }: Details): AnyChain[] {
  return markets.flatMap((market) => market.tokens.map((token) => historyOf(market, token, nowS)));
}

function historyOf(market: MarketRef, token: string, nowS: number): Chain<null> {
  const chain = { venue: 'opinion', endpoint: '/token/price-history' } as const;
  return {
    ...chain,
    name: `history/${token}`,
    kind: 'history',
    start: null,
    request: () => ({
      host: 'opinion',
      path: '/token/price-history',
      query: [
        ['token_id', token],
        ['interval', '1h'],
        ['start_at', String(nowS - HISTORY_HOURS * 3600)],
        ['end_at', String(nowS)],
      ],
    }),
    read: (_state, answer) => {
      const result = resultOf(answer.text, chain.endpoint);
      return lastPage(
        mapRecords(chain, [result], seenOf(answer), ({ value }) => ({
          id: token,
          rows: {
            prices: Fields.of(value, 'the result')
              .children('history')
              .map((p) => historyRow(market, token, p)),
          },
        })),
      );
    },
  };
}
