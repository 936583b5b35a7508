import type { TokenCount } from '../plan/chunk.js';
import type { Side } from '../plan/segment.js';

/** What verify may ask of the source, at the run's block. */
export interface CountSource {
  /** The source's counts of these tokens, read again; a token that it does not know is left out. */
  recount(tokens: readonly string[]): Promise<readonly TokenCount[]>;
  /** How many distinct fills of a token and side it really serves, and their USDC. */
  countDistinct(token: string, side: Side): Promise<{ readonly rows: number; readonly micros: bigint }>;
}
