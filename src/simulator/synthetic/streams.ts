/**
 * Matches of one or many markets in the order of their ids, or of (time, id), from a bound on: a merge that visits
 * only what it gives.
 */
import type { Selection } from '../selection.js';
import type { Indexes, Tape, TapeRange } from './indexes.js';
import type { Matches } from './matches.js';

export interface MatchStream {
  /** Loads the next match's shape into `matches`; false at the end. */
  next(): boolean;
  /** The lanes of the loaded match that are wanted. */
  readonly wanted: number;
}

/** The markets of the tokens that a selection names, and the lanes (outcome × 2 + side, as bits) wanted of each. */
export interface Wanted {
  readonly markets: readonly number[];
  readonly lanes: readonly number[];
}

export function wantedOf(selection: Selection, matches: Matches): Wanted {
  const { markets } = matches;
  const lanes = new Map<number, number>();
  const add = (tokens: Selection['buys'], side: number) => {
    if (tokens === 'all') return;
    for (const text of tokens) {
      const token = markets.indexOfToken.get(text);
      if (token !== undefined) lanes.set(token >> 1, (lanes.get(token >> 1) ?? 0) | (1 << ((token & 1) * 2 + side)));
    }
  };
  add(selection.buys, 0);
  add(selection.sells, 1);
  const used = [...lanes].filter(([m, bits]) => bits !== 0 && (markets.matches[m] as number) > 0);
  return { markets: used.map(([m]) => m), lanes: used.map(([, bits]) => bits) };
}

/** A binary heap of market positions, ordered by `before`. */
abstract class Merge implements MatchStream {
  wanted = 0;
  readonly #heap: Int32Array;
  #size = 0;
  #started = false;

  constructor(
    readonly matches: Matches,
    readonly selected: Wanted,
  ) {
    this.#heap = new Int32Array(selected.markets.length);
  }

  /** Moves a position to its next wanted match; false when it has none left. */
  protected abstract advance(position: number): boolean;
  protected abstract before(a: number, b: number): boolean;
  protected abstract matchOf(position: number): number;

  next(): boolean {
    if (!this.#started) {
      this.#started = true;
      for (let p = 0; p < this.selected.markets.length; p++) if (this.advance(p)) this.#heap[this.#size++] = p;
      for (let i = (this.#size >> 1) - 1; i >= 0; i--) this.#sink(i);
    } else {
      if (this.#size === 0) return false;
      if (!this.advance(this.#heap[0] as number)) this.#heap[0] = this.#heap[--this.#size] as number;
      if (this.#size > 1) this.#sink(0);
    }
    if (this.#size === 0) return false;
    const top = this.#heap[0] as number;
    const m = this.selected.markets[top] as number;
    const j = this.matchOf(top);
    if (this.matches.market !== m || this.matches.index !== j) this.matches.shape(m, j);
    this.wanted = this.selected.lanes[top] as number;
    return true;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const moved = heap[from] as number;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.before(heap[child + 1] as number, heap[child] as number)) child++;
      if (!this.before(heap[child] as number, moved)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = moved;
  }
}

/** By id: positions count matches up. */
export class IdStream extends Merge {
  readonly #at: Int32Array;
  readonly #end: Int32Array;
  readonly #head: Float64Array;

  /** Heads from `low` to `high`, both inclusive; a match at a bound may lie outside and is for the reader to check. */
  constructor(matches: Matches, selected: Wanted, low: number, high: number) {
    super(matches, selected);
    const { markets } = selected;
    this.#at = Int32Array.from(markets, (m) => matches.firstAtLeast(m, low) - 1);
    this.#end = Int32Array.from(markets, (m) =>
      high >= 0xffffffff ? (matches.markets.matches[m] as number) : matches.firstAtLeast(m, high + 1),
    );
    this.#head = new Float64Array(markets.length);
  }

  protected advance(position: number): boolean {
    const { matches, selected } = this;
    const m = selected.markets[position] as number;
    const lanes = selected.lanes[position] as number;
    const end = this.#end[position] as number;
    let j = (this.#at[position] as number) + 1;
    while (j < end && (matches.shape(m, j) & lanes) === 0) j++;
    this.#at[position] = j;
    if (j >= end) return false;
    this.#head[position] = matches.head(m, j);
    return true;
  }

  protected before(a: number, b: number): boolean {
    const x = this.#head[a] as number;
    const y = this.#head[b] as number;
    return x !== y ? x < y : txBefore(this.matches, this.selected, a, this.matchOf(a), b, this.matchOf(b));
  }

  protected matchOf(position: number): number {
    return this.#at[position] as number;
  }
}

/** By (time, id), either way, within the seconds given. */
export class TimeStream extends Merge {
  readonly #at: Int32Array;
  readonly #end: Int32Array;
  readonly #step: 1 | -1;
  readonly #orders: readonly Uint32Array[];
  readonly #time: Float64Array;
  readonly #head: Float64Array;

  constructor(matches: Matches, selected: Wanted, indexes: Indexes, low: number, high: number, descending: boolean) {
    super(matches, selected);
    const { markets } = selected;
    this.#step = descending ? -1 : 1;
    this.#orders = markets.map((m) => indexes.ofMarket(m));
    const from = markets.map((m, p) => indexes.firstAtLeast(m, this.#orders[p] as Uint32Array, low));
    const to = markets.map((m, p) =>
      Math.max(from[p] as number, indexes.firstAtLeast(m, this.#orders[p] as Uint32Array, high + 1)),
    );
    this.#at = Int32Array.from(descending ? to : from.map((at) => at - 1));
    this.#end = Int32Array.from(descending ? from.map((at) => at - 1) : to);
    this.#time = new Float64Array(markets.length);
    this.#head = new Float64Array(markets.length);
  }

  protected advance(position: number): boolean {
    const { matches, selected } = this;
    const m = selected.markets[position] as number;
    const lanes = selected.lanes[position] as number;
    const end = this.#end[position] as number;
    const order = this.#orders[position] as Uint32Array;
    const step = this.#step;
    let at = (this.#at[position] as number) + step;
    while (at !== end && (matches.shape(m, order[at] as number) & lanes) === 0) at += step;
    this.#at[position] = at;
    if (at === end) return false;
    this.#time[position] = matches.block;
    this.#head[position] = matches.head(m, order[at] as number);
    return true;
  }

  protected before(a: number, b: number): boolean {
    const first = this.#step === 1 ? a : b;
    const second = this.#step === 1 ? b : a;
    const byTime = (this.#time[first] as number) - (this.#time[second] as number);
    if (byTime !== 0) return byTime < 0;
    const byHead = (this.#head[first] as number) - (this.#head[second] as number);
    if (byHead !== 0) return byHead < 0;
    return txBefore(this.matches, this.selected, first, this.matchOf(first), second, this.matchOf(second));
  }

  protected matchOf(position: number): number {
    return (this.#orders[position] as Uint32Array)[this.#at[position] as number] as number;
  }
}

/** A range of the whole tape, either way. */
export class TapeStream implements MatchStream {
  #at: number;
  readonly #end: number;
  readonly #step: 1 | -1;
  readonly #tape: Tape;

  constructor(
    readonly matches: Matches,
    { tape, from, to }: TapeRange,
    readonly wanted: number,
    descending: boolean,
  ) {
    this.#tape = tape;
    this.#step = descending ? -1 : 1;
    this.#at = descending ? to : from - 1;
    this.#end = descending ? from - 1 : to;
  }

  next(): boolean {
    const { markets, order } = this.#tape;
    if (this.#at === this.#end) return false;
    for (this.#at += this.#step; this.#at !== this.#end; this.#at += this.#step) {
      if ((this.matches.shape(markets[this.#at] as number, order[this.#at] as number) & this.wanted) !== 0) return true;
    }
    return false;
  }
}

/** Transactions whose first words are alike: rare, so nothing is remembered. */
function txBefore(
  matches: Matches,
  { markets }: Wanted,
  a: number,
  matchA: number,
  b: number,
  matchB: number,
): boolean {
  const words = [a, b].map((position, i) => {
    matches.shape(markets[position] as number, i === 0 ? matchA : matchB);
    return Array.from(matches.transactionWords().subarray(1, 4), (word) => word >>> 0);
  });
  const [x, y] = words as [number[], number[]];
  for (let k = 0; k < 3; k++) if (x[k] !== y[k]) return (x[k] as number) < (y[k] as number);
  return false;
}
