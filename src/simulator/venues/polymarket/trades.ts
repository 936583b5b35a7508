/** One trade of Polymarket: what the bodies and the truth of trades are written from. */
import { unit, word } from '../../hash.js';
import { address, hexId } from '../ids.js';
import { priceAfter, type StreamTrade, tradeAt } from '../stream.js';
import { type PolymarketUniverse, TRAIT } from './universe.js';

export interface PolymarketTrade extends StreamTrade {
  readonly market: number;
  readonly outcome: number;
  readonly side: 'BUY' | 'SELL';
  /** Micro-dollars of the outcome traded. */
  readonly price: number;
  readonly wallet: string;
  /** The other side, for lists of makers too. */
  readonly maker: string;
  readonly transactionHash: string;
}

/** Two trades that are twins are equal in everything here but `k`; sizes of twins are equal by the stream. */
export function polymarketTrade(universe: PolymarketUniverse, market: number, k: number): PolymarketTrade {
  const stream = universe.stream(market);
  const trade = tradeAt(stream, k);
  const twin = trade.twinOf;
  const tick = universe.flag(TRAIT.fineTick, market, 0.3) ? 1_000 : 10_000;
  const first = priceAfter(stream, twin + 1, tick);
  const outcome = unit(stream.seed ^ 1, twin) < 0.6 ? 0 : 1;
  return {
    ...trade,
    market,
    outcome,
    side: trade.buys ? 'BUY' : 'SELL',
    price: outcome === 0 ? first : 1_000_000 - first,
    wallet: address(universe.seed, 20, (word(stream.seed ^ 2, twin) >>> 0) % 5_000),
    maker: address(universe.seed, 20, (word(stream.seed ^ 3, twin) >>> 0) % 5_000),
    transactionHash: `0x${hexId(stream.seed, 21, twin, 64)}`,
  };
}
