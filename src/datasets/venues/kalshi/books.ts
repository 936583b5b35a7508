/** Books of up to 100 markets a request. */
import { type Chain, digestOf, groupsOf, lastPage, readRecords } from '../chain.js';
import { Fields } from '../fields.js';
import type { AnyChain, Details } from '../parts.js';
import { mapBook } from './map.js';

const TICKERS_PER_REQUEST = 100;

export function books({ markets }: Details): AnyChain[] {
  const tickers = markets.map(({ marketId }) => marketId);
  return groupsOf(tickers, TICKERS_PER_REQUEST).map((group, index) =>
    booksOf(`books/${index}/${digestOf(group)}`, group),
  );
}

function booksOf(name: string, tickers: readonly string[]): Chain<null> {
  const chain = { venue: 'kalshi', endpoint: '/markets/orderbooks' } as const;
  return {
    ...chain,
    name,
    kind: 'books',
    start: null,
    request: () => ({
      host: 'kalshi',
      path: '/markets/orderbooks',
      query: tickers.map((ticker) => ['tickers', ticker] as const),
    }),
    read: (_state, answer) => {
      const read = readRecords(chain, answer, ['orderbooks'], (record, seen) =>
        mapBook(record, Fields.of(record.value, 'the book').id('ticker'), seen),
      );
      const answered = new Set(read.ids);
      return lastPage(
        read,
        tickers.filter((ticker) => !answered.has(ticker)),
      );
    },
  };
}
