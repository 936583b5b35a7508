/** The order book of one outcome token: that of outcome 1 is the mirror of outcome 0's. */
import { word } from '../../hash.js';
import { type Depth, depthOf } from '../depth.js';
import { hexId } from '../ids.js';
import { timeOf } from '../stream.js';
import type { PolymarketMarket } from './market.js';
import type { PolymarketUniverse } from './universe.js';

/** No book where orders are not taken: closed, never deployed. */
export function hasBook(universe: PolymarketUniverse, market: PolymarketMarket): boolean {
  return !market.closed && universe.hasCondition(market.index);
}

function keyOf(universe: PolymarketUniverse, { index, trades, bid, ask }: PolymarketMarket): number {
  return word(word(universe.seed ^ 60, index), trades ^ (bid ?? 0) ^ ((ask ?? 0) << 1));
}

export function polymarketDepth(universe: PolymarketUniverse, market: PolymarketMarket, outcome: number): Depth {
  const yes = depthOf(keyOf(universe, market), market.bid, market.ask, market.tick);
  if (outcome === 0) return yes;
  const mirrored = (levels: Depth['bids']) => levels.map(({ price, size }) => ({ price: 1_000_000 - price, size }));
  return { bids: mirrored(yes.asks), asks: mirrored(yes.bids) };
}

/** Of the book's state: equal means unchanged. */
export function bookHash(universe: PolymarketUniverse, market: PolymarketMarket, outcome: number): string {
  return hexId(keyOf(universe, market), 22, outcome, 40);
}

/** When the book last changed. */
export function bookMs({ trades, stream }: PolymarketMarket): number {
  return trades > 0 ? timeOf(stream, trades - 1) : stream.createdMs;
}
