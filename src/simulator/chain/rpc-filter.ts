/** The parameters of eth_getLogs, checked as a node checks them. */
import type { ChainHead } from './head.js';
import type { FullFilter } from './portal-query.js';
import type { Refusal } from './rpc-profiles.js';
import type { ChainSource } from './source.js';

export interface LogsAsked {
  readonly from: number;
  readonly to: number;
  readonly filters: readonly FullFilter[];
}

export function isRefused(asked: LogsAsked | Refusal): asked is Refusal {
  return 'code' in asked;
}

export function logsAsked(
  params: unknown,
  source: ChainSource,
  head: ChainHead,
  finalized: number,
): LogsAsked | Refusal {
  const [filter] = Array.isArray(params) ? (params as unknown[]) : [];
  if (typeof filter !== 'object' || filter === null) return invalid('missing value for required argument 0');
  const { fromBlock, toBlock, blockHash, address, topics } = filter as Record<string, unknown>;
  let from: number | undefined;
  let to: number | undefined;
  if (blockHash === undefined) {
    from = blockNumberOf(fromBlock ?? 'latest', head, finalized);
    to = blockNumberOf(toBlock ?? 'latest', head, finalized);
  } else {
    from = numberOfHash(blockHash, source, head);
    to = from;
    if (from === undefined) return { code: -32000, message: 'unknown block' };
  }
  if (from === undefined || to === undefined) return invalid('hex string without 0x prefix');
  if (from > to) return invalid('invalid block range params');
  if (to > head.number) return invalid(`block range extends beyond current head block`);
  const addresses = setOf(address);
  if (topics !== undefined && !Array.isArray(topics)) return invalid('invalid topics');
  const [topic0, ...rest] = ((topics ?? []) as unknown[]).map(setOf);
  return { from, to, filters: [{ addresses, topic0, topics: rest }] };
}

/** A tag or a hex number; undefined when it is neither. */
export function blockNumberOf(tag: unknown, head: ChainHead, finalized: number): number | undefined {
  if (tag === 'latest' || tag === 'pending') return head.number;
  if (tag === 'finalized' || tag === 'safe') return finalized;
  if (tag === 'earliest') return 0;
  return typeof tag === 'string' && /^0x[0-9a-f]+$/i.test(tag) ? Number(tag) : undefined;
}

/** Only recent blocks are found by hash. */
function numberOfHash(hash: unknown, source: ChainSource, head: ChainHead): number | undefined {
  for (let block = head.number; block > head.number - 1_000; block--) {
    if (source.blockHash(block) === hash) return block;
  }
  return undefined;
}

/** null and an empty list match everything, one text or a list what is named. */
function setOf(value: unknown): ReadonlySet<string> | undefined {
  if (value === undefined || value === null) return undefined;
  const list = Array.isArray(value) ? value : [value];
  return list.length === 0 ? undefined : new Set(list.map((text) => String(text).toLowerCase()));
}

function invalid(message: string): Refusal {
  return { code: -32602, message };
}
