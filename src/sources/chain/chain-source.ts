import type { LogFilter } from './exchanges.js';
import type { ChainBlock } from './logs.js';
import type { BlockRange } from './provider-words.js';

export interface BlockRef {
  readonly number: number;
  /** Lower-case hex with 0x. */
  readonly hash: string;
}

/** What reads the chain: the portal and JSON-RPC alike. */
export interface ChainSource {
  /** The newest block that cannot be reorganized any more. Throws FailureError. */
  finalizedHead(signal?: AbortSignal): Promise<BlockRef>;
  /**
   * The blocks of a range with the logs that fit one of the filters, in order: at least those with logs, and the first and the
   * last. A block is good until the next one is asked for. Throws FailureError; what came before needs no second reading.
   */
  blocks(range: BlockRange, filters: readonly LogFilter[], signal?: AbortSignal): AsyncIterable<ChainBlock>;
  close(): Promise<void>;
}
