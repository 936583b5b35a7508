/** One request a market; pools have no book and would answer 400. */
import { parseJson } from '../../../sources/rest/json.js';
import { type Chain, lastPage, mapRecords, seenOf } from '../chain.js';
import type { AnyChain, Details, MarketRef } from '../parts.js';
import { mapBook } from './map.js';

export function books({ markets }: Details): AnyChain[] {
  return markets.filter(({ mechanism }) => mechanism === 'clob').map(bookOf);
}

function bookOf(market: MarketRef): Chain<null> {
  const chain = { venue: 'limitless', endpoint: '/markets/{slug}/orderbook' } as const;
  return {
    ...chain,
    name: `books/${market.marketId}`,
    kind: 'books',
    start: null,
    refusalEnds: 'no book',
    request: () => ({ host: 'limitless', path: `/markets/${encodeURIComponent(market.marketId)}/orderbook` }),
    read: (_state, answer) => {
      const record = { raw: answer.text, value: parseJson(answer.text, chain.endpoint) };
      return lastPage(mapRecords(chain, [record], seenOf(answer), (book, seen) => mapBook(book, market, seen)));
    },
  };
}
