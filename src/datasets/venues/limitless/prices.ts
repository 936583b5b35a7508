/** Nothing of its own: the listing has the quote of both outcomes. Bid and ask come with the books. */
import type { AnyChain, Details } from '../parts.js';

export function prices(_details: Details): AnyChain[] {
  return [];
}
