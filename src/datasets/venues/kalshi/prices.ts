/** Nothing of its own: the listing has bid, ask and last price of every market, not older than the answer. */
import type { AnyChain, Details } from '../parts.js';

export function prices(_details: Details): AnyChain[] {
  return [];
}
