/**
 * Whether a provider that answers no logs has none to answer. A pruned node, a wrong filter and a lame index all say `[]`: an
 * empty answer counts only from one that shows a log, found by asking, at the blocks in question or before them.
 */
import { FailureError, failed } from '../../core/failure.js';
import type { LogFilter } from './exchanges.js';
import type { BlockRange } from './provider-words.js';
import type { RangeSize } from './range-size.js';
import type { RpcEndpoint } from './rpc-endpoint.js';
import { finalizedHeader } from './rpc-headers.js';
import { RpcLogs } from './rpc-logs.js';

/** Windows looked at before a range, and behind it, each twice as far away as the one before. */
const WINDOWS = 8;
/** Blocks of a range whose receipts are looked at for a log of anybody. */
const SAMPLED_BLOCKS = 8;

export class Canary {
  /** What this provider answers is believed from here on: who remembers a block remembers what came after it. */
  #believedFrom = Number.POSITIVE_INFINITY;

  constructor(
    private readonly endpoint: RpcEndpoint,
    private readonly size: RangeSize,
  ) {}

  /** It has shown a log of this block. */
  shown(block: number): void {
    this.#believedFrom = Math.min(this.#believedFrom, block);
  }

  /** Resolves when an empty answer for the range may be believed. Throws FailureError where it may not. */
  async prove(range: BlockRange, filter: LogFilter, signal?: AbortSignal): Promise<void> {
    if (this.#believedFrom <= range.from) return;
    if (await this.#showsSome(windowsBefore(range.from, this.size.blocks), filter, signal)) return;
    if (await this.#remembers(range, signal)) return this.shown(range.from);
    // It has the receipts of these blocks, which say nothing: then it must know the filter's logs at least elsewhere.
    const head = await finalizedHeader(this.endpoint, signal);
    const windows = windowsBehind(range.to, this.size.blocks, head.number);
    if (await this.#showsSome(windows, filter, signal)) return this.shown(range.from);
    throw failed(
      'transient',
      'store_unavailable',
      `${this.endpoint.name} answers no logs for blocks ${range.from} to ${range.to} nor for others: ` +
        'nothing shows that it has them; name another provider, or start where the exchanges do',
    );
  }

  async #showsSome(windows: readonly BlockRange[], filter: LogFilter, signal?: AbortSignal): Promise<boolean> {
    const reader = new RpcLogs();
    for (const window of windows) {
      const answer = await this.endpoint.logs(window, filter, signal);
      if ('refused' in answer) {
        this.size.refused(window, answer.refused);
        continue;
      }
      const [first] = reader.read(answer.list, window.from, window.to);
      if (first === undefined) continue;
      this.shown(first.number);
      return true;
    }
    return false;
  }

  /** Looks for a log of anybody in the receipts of some blocks, and asks for it. Throws FailureError where it is not there. */
  async #remembers(range: BlockRange, signal?: AbortSignal): Promise<boolean> {
    for (const block of sampled(range)) {
      const receipts = await this.#receipts(block, signal);
      if (receipts === undefined) return false;
      if (receipts === null) throw this.#refused(`has no receipts of block ${block}: it has forgotten it`);
      const log = anyLog(receipts);
      if (log === undefined) continue;
      const filter = { addresses: [log.address], topic0: [log.topic0] };
      const answer = await this.endpoint.logs({ from: block, to: block }, filter, signal);
      if ('refused' in answer) continue;
      if (new RpcLogs().read(answer.list, block, block).length > 0) return true;
      throw this.#refused(`answers no logs of block ${block}, whose receipts have some`);
    }
    return false;
  }

  /** Undefined where the provider does not give receipts. */
  async #receipts(block: number, signal?: AbortSignal): Promise<unknown> {
    try {
      return await this.endpoint.call('eth_getBlockReceipts', [`0x${block.toString(16)}`], signal);
    } catch (error) {
      if (error instanceof FailureError && error.failure.code === 'query_refused') return undefined;
      throw error;
    }
  }

  #refused(why: string): FailureError {
    return failed('terminal', 'query_refused', `${this.endpoint.name} ${why}; name a provider with an archive`);
  }
}

function windowsBefore(from: number, blocks: number): BlockRange[] {
  const windows: BlockRange[] = [];
  for (let n = 0, to = from - 1; n < WINDOWS && to >= 0; n++, to -= blocks * 2 ** n) {
    windows.push({ from: Math.max(0, to - blocks + 1), to });
  }
  return windows;
}

function windowsBehind(to: number, blocks: number, head: number): BlockRange[] {
  const windows: BlockRange[] = [];
  for (let n = 0, from = to + 1; n < WINDOWS && from <= head; n++, from += blocks * 2 ** n) {
    windows.push({ from, to: Math.min(head, from + blocks - 1) });
  }
  return windows;
}

function sampled({ from, to }: BlockRange): number[] {
  const step = Math.max(1, Math.floor((to - from) / (SAMPLED_BLOCKS - 1)));
  const blocks: number[] = [];
  for (let block = from; block <= to && blocks.length < SAMPLED_BLOCKS; block += step) blocks.push(block);
  return blocks;
}

function anyLog(receipts: unknown): { readonly address: string; readonly topic0: string } | undefined {
  if (!Array.isArray(receipts)) return undefined;
  for (const receipt of receipts as { logs?: unknown }[]) {
    if (!Array.isArray(receipt.logs)) continue;
    for (const log of receipt.logs as { address?: unknown; topics?: unknown }[]) {
      const [topic0] = Array.isArray(log.topics) ? (log.topics as unknown[]) : [];
      if (typeof log.address === 'string' && typeof topic0 === 'string') return { address: log.address, topic0 };
    }
  }
  return undefined;
}
