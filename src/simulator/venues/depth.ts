/** The levels of a book around a best bid and ask: what lies behind the best is drawn from the market and its last trade. */
import { word } from '../hash.js';

/** Micro-units and hundredths of shares. */
export interface Level {
  readonly price: number;
  readonly size: number;
}

export interface Depth {
  /** Best first. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/** @param key what the market and its state are, as a number: the same key gives the same levels. */
export function depthOf(
  key: number,
  bid: number | null,
  ask: number | null,
  tick: number,
  bestSizes?: readonly [number, number],
): Depth {
  return { bids: side(key, bid, -tick, bestSizes?.[0]), asks: side(key ^ 0x61736b, ask, tick, bestSizes?.[1]) };
}

function side(key: number, best: number | null, step: number, bestSize: number | undefined): Level[] {
  if (best === null) return [];
  const levels: Level[] = [];
  const wanted = 1 + ((word(key, 1) >>> 0) % 9);
  let price = best;
  for (let k = 0; k < wanted && price > 0 && price < 1_000_000; k++) {
    const size = k === 0 && bestSize !== undefined ? bestSize : 100 + ((word(key, k + 2) >>> 0) % 500_000);
    levels.push({ price, size });
    price += step * (1 + ((word(key, k + 40) >>> 0) % 3));
  }
  return levels;
}
