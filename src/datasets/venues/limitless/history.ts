/** Prices of yes over a week, one request a market. */
import { parseJson } from '../../../sources/rest/json.js';
import { type Chain, lastPage, mapRecords, seenOf } from '../chain.js';
import { Fields } from '../fields.js';
import type { AnyChain, Details, MarketRef } from '../parts.js';
import { historyRow } from './map.js';

export function history({ markets }: Details): AnyChain[] {
  return markets.map(historyOf);
}

function historyOf(market: MarketRef): Chain<null> {
  const chain = { venue: 'limitless', endpoint: '/markets/{slug}/historical-price' } as const;
  return {
    ...chain,
    name: `history/${market.marketId}`,
    kind: 'history',
    start: null,
    request: () => ({
      host: 'limitless',
      path: `/markets/${encodeURIComponent(market.marketId)}/historical-price`,
      query: [['interval', '1w']],
    }),
    read: (_state, answer) => {
      const record = { raw: answer.text, value: parseJson(answer.text, chain.endpoint) };
      return lastPage(
        mapRecords(chain, [record], seenOf(answer), ({ value }) => ({
          id: market.marketId,
          rows: {
            prices: Fields.of(value, 'the answer')
              .children('prices')
              .map((point) => historyRow(market, point)),
          },
        })),
      );
    },
  };
}
