/** Blocks and receipts as a node gives them. */
import { GOLDEN, mix } from '../hash.js';
import type { BlockScan } from './block-scan.js';
import { EMITTERS, EVENT, EVENTS } from './contracts.js';
import type { ChainHead } from './head.js';
import { blockNumberOf } from './rpc-filter.js';
import type { ChainSource } from './source.js';
import { hexOf } from './words.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const hex = (value: number) => `0x${value.toString(16)}`;
const ZERO_32 = `0x${'0'.repeat(64)}`;

/** null where the block does not exist yet. */
export function rpcBlock(source: ChainSource, head: ChainHead, finalized: number, tag: unknown): Json {
  const number = blockNumberOf(tag, head, finalized);
  if (number === undefined || number > head.number) return null;
  return {
    number: hex(number),
    hash: source.blockHash(number),
    parentHash: number === 0 ? ZERO_32 : source.blockHash(number - 1),
    timestamp: hex(source.timeOf(number)),
    gasLimit: '0x2aea540',
    gasUsed: '0x1c9c380',
    miner: `0x${'0'.repeat(40)}`,
    extraData: '0x',
    logsBloom: `0x${'f'.repeat(512)}`,
    transactions: [],
    uncles: [],
  };
}

/** Receipts of the transactions that hold logs; gaps between log indexes are filled with foreign logs. */
export function receiptsOf(scan: BlockScan, head: ChainHead, finalized: number, tag: unknown, oldest: number): Json {
  const number = blockNumberOf(tag, head, finalized);
  if (number === undefined || number > head.number || number < oldest) return null;
  const { source, sheet } = scan;
  const blockHash = source.blockHash(number);
  const lost = scan.lies?.losesBlock(number) ?? false;
  scan.read(number);
  const receipts: Json[] = [];
  let nextLogIndex = 0;
  for (let tx = 0; tx < sheet.txCount; tx++) {
    const shared = {
      blockHash,
      blockNumber: hex(number),
      transactionHash: hexOf(sheet.txHash, tx * 8, 8),
      transactionIndex: hex(sheet.txIndex[tx] as number),
    };
    const logs: Json[] = [];
    for (let i = 0; i < sheet.count; i++) {
      if (sheet.tx[i] !== tx) continue;
      const index = sheet.logIndex[i] as number;
      while (nextLogIndex < index) logs.push(foreignLog(number, nextLogIndex++, shared));
      nextLogIndex = index + 1;
      if (!lost && scan.kept.includes(i))
        logs.push({ ...plainLog(scan, i), ...shared, logIndex: hex(index), removed: false });
    }
    receipts.push({ ...shared, status: '0x1', type: '0x2', gasUsed: '0x30d40', logs });
  }
  return receipts;
}

function plainLog(scan: BlockScan, i: number): { address: string; topics: string[]; data: string } {
  const { sheet } = scan;
  const from = sheet.start[i] as number;
  const count = (sheet.topics[i] as number) - 1;
  const topics = [EVENTS[sheet.event[i] as number]?.topic0 as string];
  for (let t = 0; t < count; t++) topics.push(hexOf(sheet.words, from + t * 8, 8));
  return {
    address: EMITTERS[sheet.emitter[i] as number]?.address as string,
    topics,
    data: hexOf(sheet.words, from + count * 8, (sheet.dataWords[i] as number) * 8),
  };
}

/** A transfer of some other token, which nobody reads. */
function foreignLog(block: number, index: number, shared: { readonly [key: string]: Json }): Json {
  const word = (salt: number) =>
    `0x${(mix(block + Math.imul(index + salt, GOLDEN)) >>> 0).toString(16).padStart(64, '0')}`;
  return {
    address: EMITTERS[EMITTERS.length - 1]?.address as string,
    topics: [EVENTS[EVENT.transfer]?.topic0 as string, word(1), word(2)],
    data: word(3),
    ...shared,
    logIndex: hex(index),
    removed: false,
  };
}
