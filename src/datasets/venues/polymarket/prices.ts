/** The listing has midpoints and the first outcome's bid and ask, up to five minutes old. Fresh ones of both sides come with the books. */
import type { AnyChain, Details } from '../parts.js';
import { books } from './books.js';

export function prices(details: Details): AnyChain[] {
  return books(details).map((chain) => ({ ...chain, name: chain.name.replace('books/', 'prices/'), kind: 'prices' }));
}
