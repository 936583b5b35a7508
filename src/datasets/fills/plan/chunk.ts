/**
 * The words of the plan as data.
 *
 * A range is half-open, `[from, to)`, and is one of ids or of time; `null` is an open end. Ids compare bytewise, so a
 * prefix is a bound: `{axis: 'id', from: '0x40', to: '0x80'}` holds every id that begins with 0x4…0x7. Times are unix
 * seconds: `{axis: 'time', from: '1700000000', to: '1700003600'}`. Arithmetic on ranges is in `ranges.ts`; names, page
 * queries and the cutting of a plan read their ends too, the engine never.
 */
import type { Side } from './segment.js';

export type Axis = 'id' | 'time';

export interface Range {
  readonly axis: Axis;
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * A chunk is a pack (an index into `Plan.packs`, or null for all tokens) × a range.
 * Its ordinal is its place in `Plan.chunks`; its name is `<pack or *>:<axis>:<from>..<to>` (`plan/chunk-name.ts`).
 */
export interface Chunk {
  readonly pack: number | null;
  readonly range: Range;
  /** Rows the plan expects: exact for a whole-range pack of counted tokens, a share of the count for a slice. */
  readonly buys: number;
  readonly sells: number;
}

/** One token as the source counts it. Volumes are micro-USDC as decimal strings (they exceed 2^53). */
export interface TokenCount {
  readonly token: string;
  readonly buys: number;
  readonly sells: number;
  readonly buyMicros: string;
  readonly sellMicros: string;
}

/** One side of some tokens, read together by one lane. `tokens` are indexes into `Plan.tokens`, ascending. */
export interface PackLane {
  readonly side: Side;
  readonly tokens: readonly number[];
}

/**
 * What a chunk reads, as lanes that together make full pages. A token's buys and its sells may stand in different
 * packs: the sides are packed apart because the counts of each are known exactly, and a lane of 999 expected rows is
 * answered by one page whatever the other side holds.
 */
export interface Pack {
  readonly lanes: readonly PackLane[];
}

export interface PlanTotals {
  /** Tokens with at least one fill. */
  readonly tokens: number;
  readonly rows: number;
  /** Requests for pages, by the loader's own algorithm on the expected rows; planning's are not among them. */
  readonly requests: number;
}

export interface Plan {
  readonly version: 1;
  readonly options: PlanOptions;
  /** Ascending by token id, bytewise. */
  readonly tokens: readonly TokenCount[];
  readonly packs: readonly Pack[];
  readonly chunks: readonly Chunk[];
  readonly totals: PlanTotals;
}

export interface PlanOptions {
  readonly partition: 'markets' | 'time';
  readonly sliceBy: Axis;
  /** Rows a page may hold; the source's own limit is 1,000. */
  readonly pageRows: number;
  /** Pages a chunk aims at, both lanes together. */
  readonly chunkPages: number;
  /** Tokens one `_in` list may name. */
  readonly maxPackTokens: number;
}
