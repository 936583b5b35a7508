/** What the servers read: a universe that is computed, or logs that were recorded. */
import type { LogSheet } from './log-sheet.js';
import type { Wanted } from './wanted.js';

export interface ChainSource {
  /** The head moves up to here and no further. */
  readonly lastBlock: number;
  /** Fills the sheet with the wanted logs of a block, in order of log index. */
  write(block: number, sheet: LogSheet, wanted: Wanted): void;
  /** The next block at or after `from` that may hold a wanted log; `to` + 1 when there is none. */
  nextBusy(from: number, to: number, wanted: Wanted): number;
  blockHash(block: number): string;
  /** Unix seconds. */
  timeOf(block: number): number;
}
