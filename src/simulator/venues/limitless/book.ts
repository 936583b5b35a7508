/** The order book of a CLOB market of Limitless: one book, that of yes. */
import { word } from '../../hash.js';
import { type Depth, depthOf } from '../depth.js';
import type { LimitlessMarket } from './market.js';
import type { LimitlessUniverse } from './universe.js';

const TICK = 1_000;
const HALF_SPREAD = 10_000;

export function limitlessBook(universe: LimitlessUniverse, market: LimitlessMarket): Depth {
  const [yes] = market.mids;
  const bid = yes - HALF_SPREAD > 0 ? yes - HALF_SPREAD : null;
  const ask = yes + HALF_SPREAD < 1_000_000 ? yes + HALF_SPREAD : null;
  return depthOf(word(universe.seed ^ 30, universe.id(market.i, market.child) ^ market.volume), bid, ask, TICK);
}
