/** One book a token. */
import { type Chain, lastPage, mapRecords, seenOf } from '../chain.js';
import type { AnyChain, Details, MarketRef } from '../parts.js';
import { resultOf } from './envelope.js';
import { mapBook } from './map.js';

export function books({ markets }: Details): AnyChain[] {
  return markets.flatMap((market) => market.tokens.map((token) => ofToken(market, token)));
}

function ofToken(market: MarketRef, token: string): Chain<null> {
  const chain = { venue: 'opinion', endpoint: '/token/orderbook' } as const;
  return {
    ...chain,
    name: `books/${token}`,
    kind: 'books',
    start: null,
    request: () => ({ host: 'opinion', path: '/token/orderbook', query: [['token_id', token]] }),
    read: (_state, answer) => {
      const result = resultOf(answer.text, chain.endpoint);
      return lastPage(
        mapRecords(chain, [result], seenOf(answer), (record, seen) => mapBook(record, market, token, seen)),
      );
    },
  };
}
