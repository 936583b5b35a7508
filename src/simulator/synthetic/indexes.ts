/**
 * Matches in the order of (time, id), of one market or of all, and of all in the order of ids: made when first asked
 * for, four to twelve bytes a match. Only whole-tape questions and those by time need them.
 */
import { lowerBound } from '../search.js';
import { blockOfTime, ERA } from '../universe.js';
import type { Matches } from './matches.js';

/** Every match of the universe: `keys` is the block where it is ordered by time, the first word where by id. */
export interface Tape {
  readonly keys: Uint32Array;
  readonly markets: Uint32Array;
  readonly order: Uint32Array;
}

export interface TapeRange {
  readonly tape: Tape;
  readonly from: number;
  readonly to: number;
}

export class Indexes {
  readonly #byMarket = new Map<number, Uint32Array>();
  #byTime: Tape | undefined;
  #byId: Tape | undefined;

  constructor(readonly matches: Matches) {}

  /** Match numbers of a market; j rises with the id, so a stable sort by block is the order of (time, id). */
  ofMarket(m: number): Uint32Array {
    let order = this.#byMarket.get(m);
    if (!order) {
      const { matches } = this;
      const n = matches.markets.matches[m] as number;
      const start = matches.markets.start[m] as number;
      const keys = new Float64Array(n);
      for (let j = 0; j < n; j++) {
        matches.shape(m, j);
        keys[j] = (matches.block - start) * n + j; // Both fit into 53 bits: 2^26 blocks, 2^27 matches.
      }
      keys.sort();
      order = Uint32Array.from(keys, (key) => key % n);
      this.#byMarket.set(m, order);
    }
    return order;
  }

  /** The first position of a market's order whose time is at least `time`. */
  firstAtLeast(m: number, order: Uint32Array, time: number): number {
    const block = firstBlockAt(time);
    return lowerBound(order.length, (at) => {
      this.matches.shape(m, order[at] as number);
      return this.matches.block < block;
    });
  }

  /** Seconds from `low` to `high`, both inclusive. */
  byTime(low: number, high: number): TapeRange {
    this.#byTime ??= this.#makeTape(true);
    return rangeOf(this.#byTime, firstBlockAt(low), firstBlockAt(high + 1));
  }

  /** First words from `low` to `high`, both inclusive. */
  byId(low: number, high: number): TapeRange {
    this.#byId ??= this.#makeTape(false);
    return rangeOf(this.#byId, low, high + 1);
  }

  #makeTape(byTime: boolean): Tape {
    const { matches } = this;
    const { count, matches: sizes, totalMatches } = matches.markets;
    const blocks = new Uint32Array(totalMatches);
    const heads = new Uint32Array(totalMatches);
    const markets = new Uint32Array(totalMatches);
    const order = new Uint32Array(totalMatches);
    let at = 0;
    for (let m = 0; m < count; m++) {
      for (let j = 0; j < (sizes[m] as number); j++, at++) {
        if (byTime) {
          matches.shape(m, j);
          blocks[at] = matches.block;
        }
        heads[at] = matches.head(m, j);
        markets[at] = m;
        order[at] = j;
      }
    }
    let positions = Uint32Array.from(heads, (_, i) => i);
    for (const keys of byTime ? [heads, blocks] : [heads]) {
      for (const shift of [0, 16]) positions = radixPass(positions, keys, shift);
    }
    this.#orderAlike(positions, blocks, heads, markets, order);
    const pick = (values: Uint32Array) => Uint32Array.from(positions, (position) => values[position] as number);
    return { keys: pick(byTime ? blocks : heads), markets: pick(markets), order: pick(order) };
  }

  /** The rare neighbours with one block and one first word: by the rest of the transaction hash. */
  #orderAlike(
    positions: Uint32Array,
    blocks: Uint32Array,
    heads: Uint32Array,
    markets: Uint32Array,
    order: Uint32Array,
  ): void {
    const alike = (i: number) =>
      blocks[positions[i] as number] === blocks[positions[i - 1] as number] &&
      heads[positions[i] as number] === heads[positions[i - 1] as number];
    const rest = (position: number) => {
      this.matches.shape(markets[position] as number, order[position] as number);
      return Array.from(this.matches.transactionWords().subarray(1, 4), (word) => word >>> 0);
    };
    for (let i = 1; i < positions.length; i++) {
      if (!alike(i)) continue;
      let end = i;
      while (end < positions.length && alike(end)) end++;
      const group = [...positions.subarray(i - 1, end)].map((position) => ({ position, key: rest(position) }));
      group.sort((a, b) => a.key.map((k, at) => k - (b.key[at] as number)).find((difference) => difference !== 0) ?? 0);
      positions.set(
        group.map(({ position }) => position),
        i - 1,
      );
      i = end;
    }
  }
}

function rangeOf(tape: Tape, low: number, high: number): TapeRange {
  const at = (key: number) => lowerBound(tape.keys.length, (i) => (tape.keys[i] as number) < key);
  const from = at(low);
  return { tape, from, to: Math.max(from, at(high)) };
}

/** A block's fills all carry its second: the first block that is not before `time`. */
function firstBlockAt(time: number): number {
  return blockOfTime(Math.min(time, ERA.lastTime * 2) + ERA.secondsPerBlock - 1);
}

function radixPass(positions: Uint32Array, keys: Uint32Array, shift: number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(65537);
  for (let i = 0; i < positions.length; i++) {
    const digit = (((keys[positions[i] as number] as number) >>> shift) & 0xffff) + 1;
    starts[digit] = (starts[digit] as number) + 1;
  }
  for (let d = 1; d < 65537; d++) starts[d] = (starts[d] as number) + (starts[d - 1] as number);
  const sorted = new Uint32Array(positions.length);
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i] as number;
    const digit = ((keys[position] as number) >>> shift) & 0xffff;
    sorted[starts[digit] as number] = position;
    starts[digit] = (starts[digit] as number) + 1;
  }
  return sorted;
}
