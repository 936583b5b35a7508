import type { TokenCount } from '../plan/chunk.js';
import type { Side } from '../plan/segment.js';

/** Tokens of one side that are asked for together. */
export interface TokenPack {
  readonly side: Side;
  readonly tokens: readonly string[];
}

/** What the source serves of one token and side. */
export interface Served {
  /** Distinct fills. */
  readonly rows: number;
  readonly micros: bigint;
  /** Those among them that were rejected; `unreadable`: rows without a whole amount, which `micros` lacks. */
  readonly aside: { readonly rows: number; readonly micros: bigint; readonly unreadable: number };
}

/** What verify may ask of the source, at the run's block. */
export interface CountSource {
  /** The source's counts of these tokens, read again: zeros for a token that it does not know; one whose counts are malformed is left out. */
  recount(tokens: readonly string[]): Promise<readonly TokenCount[]>;
  /**
   * What it really serves of every token of the packs, by `laneKey`. Throws FailureError.
   * @param aside entity ids of rejected rows
   */
  countDistinct(packs: readonly TokenPack[], aside: ReadonlySet<string>): Promise<ReadonlyMap<string, Served>>;
}

export const laneKey = (token: string, side: Side): string => `${token} ${side}`;
