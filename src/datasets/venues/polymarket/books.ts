/** Books of up to 500 tokens a request: bid, ask, midpoint, last trade and depth at once. */
import { type Chain, digestOf, groupsOf, lastPage, readRecords } from '../chain.js';
import type { AnyChain, Details } from '../parts.js';
import { mapBook } from './map.js';

const TOKENS_PER_REQUEST = 500;

export function books({ markets }: Details): AnyChain[] {
  const tokens = markets.flatMap((market) => market.tokens);
  return groupsOf(tokens, TOKENS_PER_REQUEST).map((group, index) =>
    booksOf(`books/${index}/${digestOf(group)}`, group),
  );
}

/** The answer leaves out unknown tokens and keeps no order: books are matched by their own id. */
function booksOf(name: string, tokens: readonly string[]): Chain<null> {
  const chain = { venue: 'polymarket', endpoint: '/books' } as const;
  return {
    ...chain,
    name,
    kind: 'books',
    start: null,
    request: () => ({ host: 'clob', method: 'POST', path: '/books', body: tokens.map((token_id) => ({ token_id })) }),
    read: (_state, answer) => {
      const read = readRecords(chain, answer, [], mapBook);
      const answered = new Set(read.ids);
      return lastPage(
        read,
        tokens.filter((token) => !answered.has(token)),
      );
    },
  };
}
