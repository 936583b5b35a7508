import type { Range } from './chunk.js';

/**
 * A segment is what one lane of a request works through: one side of some tokens over a range, from a cursor.
 * The loader keeps a chunk's remaining segments in a queue; two of them travel in each request.
 */
export type Side = 'buy' | 'sell';

export interface Segment {
  readonly side: Side;
  /** Token ids, or null for every token. */
  readonly tokens: readonly string[] | null;
  readonly range: Range;
  /**
   * Last id read, exclusive; null before the first page. Only an id range and a time range of a single second have
   * one: within them ids ascend. A longer time range moves its `from` instead.
   */
  readonly cursor: string | null;
  /** Rows still expected by the counts; may prove wrong, never ends a segment by itself. */
  readonly expected: number;
}
