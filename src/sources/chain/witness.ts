/**
 * The witness: the same range from a second source. A transaction that is missing whole leaves no trace in what is left;
 * only somebody else can tell. Compared is, block by block, the number of logs and a hash over block, index, transaction, address,
 * topics and data of each.
 */
import { createHash, type Hash } from 'node:crypto';
import type { ChainSource } from './chain-source.js';
import type { LogFilter } from './exchanges.js';
import { ADDRESS_DIGITS, WORD_DIGITS } from './hex.js';
import { type ChainBlock, LOG, type Logs } from './logs.js';
import type { BlockRange } from './provider-words.js';

interface BlockDigest {
  readonly logs: number;
  readonly hash: string;
}

/** By block number; blocks without logs are not in it. */
export type RangeDigest = ReadonlyMap<number, BlockDigest>;

/** A block that two sources tell differently. */
export interface WitnessDifference {
  readonly block: number;
  readonly logs: number;
  readonly witnessLogs: number;
}

export interface Witnessed {
  readonly range: BlockRange;
  /** Of the source that is checked. */
  readonly logs: number;
  readonly differences: readonly WitnessDifference[];
}

/** Reads the range from both at once. Throws FailureError of either. */
export async function witness(
  source: ChainSource,
  other: ChainSource,
  range: BlockRange,
  filters: readonly LogFilter[],
  signal?: AbortSignal,
): Promise<Witnessed> {
  const [ours, theirs] = await Promise.all([
    digestOf(source.blocks(range, filters, signal)),
    digestOf(other.blocks(range, filters, signal)),
  ]);
  let logs = 0;
  for (const digest of ours.values()) logs += digest.logs;
  return { range, logs, differences: differencesOf(ours, theirs) };
}

export async function digestOf(blocks: AsyncIterable<ChainBlock>): Promise<RangeDigest> {
  const digests = new Map<number, BlockDigest>();
  for await (const { number, hash, logs } of blocks) {
    if (logs.count === 0) continue;
    const digest = createHash('sha256').update(`${number} ${hash}`);
    for (let log = 0; log < logs.count; log++) addLog(digest, logs, log);
    digests.set(number, { logs: logs.count, hash: digest.digest('hex') });
  }
  return digests;
}

/** In order of blocks. */
export function differencesOf(ours: RangeDigest, theirs: RangeDigest): WitnessDifference[] {
  const blocks = [...new Set([...ours.keys(), ...theirs.keys()])].sort((a, b) => a - b);
  return blocks.flatMap((block) => {
    const [own, other] = [ours.get(block), theirs.get(block)];
    if (own?.hash === other?.hash) return [];
    return [{ block, logs: own?.logs ?? 0, witnessLogs: other?.logs ?? 0 }];
  });
}

function addLog(digest: Hash, logs: Logs, log: number): void {
  const add = (at: number, digits: number) => {
    digest.update(new Uint8Array(logs.text.buffer, logs.text.byteOffset + at, digits));
  };
  digest.update(` ${logs.get(log, LOG.logIndex)} ${logs.get(log, LOG.topics)} ${logs.get(log, LOG.dataDigits)} `);
  add(logs.get(log, LOG.transactionHash), WORD_DIGITS);
  add(logs.get(log, LOG.address), ADDRESS_DIGITS);
  for (let n = 0; n < logs.get(log, LOG.topics); n++) add(logs.topic(log, n), WORD_DIGITS);
  add(logs.get(log, LOG.data), logs.get(log, LOG.dataDigits));
}
