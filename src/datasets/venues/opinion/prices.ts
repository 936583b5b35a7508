/** The latest trade of each token: the listing has no prices. */
import { type Chain, lastPage, mapRecords, seenOf } from '../chain.js';
import type { AnyChain, Details, MarketRef } from '../parts.js';
import { resultOf } from './envelope.js';
import { mapLatestPrice } from './map.js';

export function prices({ markets }: Details): AnyChain[] {
  return markets.flatMap((market) => market.tokens.map((token) => ofToken(market, token)));
}

function ofToken(market: MarketRef, token: string): Chain<null> {
  const chain = { venue: 'opinion', endpoint: '/token/latest-price' } as const;
  return {
    ...chain,
    name: `prices/${token}`,
    kind: 'prices',
    start: null,
    request: () => ({ host: 'opinion', path: '/token/latest-price', query: [['token_id', token]] }),
    read: (_state, answer) => {
      const result = resultOf(answer.text, chain.endpoint);
      return lastPage(mapRecords(chain, [result], seenOf(answer), (record) => mapLatestPrice(record, market, token)));
    },
  };
}
