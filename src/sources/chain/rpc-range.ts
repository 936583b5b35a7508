/**
 * A range of blocks from one provider, in as many eth_getLogs as it takes. Nothing tells that an answer was cut, at its front or
 * its end, so every request begins at a log that was seen before: an answer without it is refused, and what an earlier answer left out
 * behind it is there this time. The last block of an answer is therefore asked for twice, about a hundredth of the bytes.
 */
import { failed } from '../../core/failure.js';
import { Canary } from './canary.js';
import type { LogFilter } from './exchanges.js';
import { type ChainBlock, LOG, Logs } from './logs.js';
import { type BlockRange, blocksIn } from './provider-words.js';
import { RangeSize } from './range-size.js';
import type { RpcEndpoint } from './rpc-endpoint.js';
import { type Header, headersOf } from './rpc-headers.js';
import { type RpcBlockLogs, RpcLogs } from './rpc-logs.js';

/** A block that was answered with logs: it must be answered so again. */
interface Seen {
  readonly number: number;
  readonly hash: string;
  readonly logs: number;
  /** Of its first and last log. */
  readonly first: number;
  readonly last: number;
}

/** Blocks looked at first, until one has logs: narrow enough not to be cut. */
const FIRST_LOOKS = [1, 16, 256];

/** Whether a range's headers are asked for where the logs themselves say hash and time, so that all parent hashes are known. */
export type HeadersWanted = 'needed' | 'all';

export class RpcRanges {
  /** Shared by all reads of this provider. */
  readonly size = new RangeSize();
  readonly #canary: Canary;
  readonly #logs = new RpcLogs();

  constructor(
    readonly endpoint: RpcEndpoint,
    private readonly headers: HeadersWanted,
  ) {
    this.#canary = new Canary(endpoint, this.size);
  }

  /** Answers that did not look as they always do. */
  get checkedAnswers(): number {
    return this.#logs.checked;
  }

  /** Blocks with logs, and the first and last of the range, in order. Throws FailureError. */
  async *read(range: BlockRange, filter: LogFilter, signal?: AbortSignal): AsyncGenerator<ChainBlock> {
    await this.endpoint.check(signal);
    const numbers = range.from === range.to ? [range.from] : [range.from, range.to];
    const ends = new Map((await headersOf(this.endpoint, numbers, signal)).map((header) => [header.number, header]));
    let next = range.from;
    for await (const block of this.#blocks(range, filter, ends, signal)) {
      if (next === range.from && block.number > next) yield emptyBlock(ends, next);
      yield block;
      next = block.number + 1;
    }
    if (next === range.from && range.from < range.to) yield emptyBlock(ends, range.from);
    if (next <= range.to) yield emptyBlock(ends, range.to);
  }

  async *#blocks(
    range: BlockRange,
    filter: LogFilter,
    ends: ReadonlyMap<number, Header>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ChainBlock> {
    let seen = await this.#look(range, filter, signal);
    /** Everything up to here has been handed out. */
    let done = range.from - 1;
    while (done < range.to) {
      const overlaps = seen !== null && seen.number <= done + 1 && done + 1 - seen.number < this.size.blocks;
      const from = overlaps && seen !== null ? seen.number : done + 1;
      const to = Math.min(range.to, from + this.size.blocks - 1);
      const answered = await this.#ask({ from, to }, filter, signal);
      if (answered === null) continue;
      if (seen !== null && seen.number >= from && seen.number <= to) this.#assertShown(seen, answered, { from, to });
      const last = answered.at(-1);
      if (last === undefined || last.number <= done) {
        if (seen === null) await this.#canary.prove({ from, to }, filter, signal);
        done = to;
        continue;
      }
      // Seen for the second time, or alone: nothing was cut behind it.
      const isSettled = from === to || (overlaps && last.number === from);
      const ready = answered.filter(({ number }) => number > done && (isSettled || number < last.number));
      yield* this.#complete(ready, ends, signal);
      done = isSettled ? to : Math.max(done, last.number - 1);
      seen = seenOf(last);
    }
  }

  /** The first block with logs, by narrow requests; null where the first blocks have none. */
  async #look(range: BlockRange, filter: LogFilter, signal?: AbortSignal): Promise<Seen | null> {
    for (const blocks of FIRST_LOOKS) {
      const to = Math.min(range.to, range.from + Math.min(blocks, this.size.blocks) - 1);
      const [first] = (await this.#ask({ from: range.from, to }, filter, signal)) ?? [];
      if (first !== undefined) return seenOf(first);
      if (to === range.to) return null;
    }
    return null;
  }

  /** The blocks of one answer; null where the range was too large, and is smaller now. */
  async #ask(range: BlockRange, filter: LogFilter, signal?: AbortSignal): Promise<RpcBlockLogs[] | null> {
    const answer = await this.endpoint.logs(range, filter, signal);
    if ('refused' in answer) {
      if (this.size.refused(range, answer.refused)) return null;
      const { name } = this.endpoint;
      throw failed('terminal', 'query_refused', `${name} refuses even block ${range.from} alone: ${answer.said}`);
    }
    this.size.answered(range, answer.list.length);
    const blocks = this.#logs.read(answer.list, range.from, range.to);
    if (blocks[0] !== undefined) this.#canary.shown(blocks[0].number);
    return blocks;
  }

  #assertShown(seen: Seen, answered: readonly RpcBlockLogs[], range: BlockRange): void {
    const block = answered.find(({ number }) => number === seen.number);
    const again = block === undefined ? null : seenOf(block);
    if (again !== null && again.hash !== seen.hash) {
      throw failed('transient', 'reorganized', `${this.endpoint.name} names two hashes of block ${seen.number}`);
    }
    if (again !== null && again.logs >= seen.logs && again.first <= seen.first && again.last >= seen.last) return;
    // A narrower range may be answered whole.
    this.size.refused(range, { kind: 'too_much' });
    throw failed(
      'transient',
      'bad_page',
      `${this.endpoint.name} left out logs of block ${seen.number} that it had answered before when it was asked for ` +
        `${blocksIn(range)} blocks: it cuts ranges short and does not say so`,
    );
  }

  /** Adds what the logs do not say. */
  async *#complete(
    blocks: readonly RpcBlockLogs[],
    ends: ReadonlyMap<number, Header>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ChainBlock> {
    const missing = blocks.filter(
      ({ number, timestamp }) => !ends.has(number) && (timestamp === null || this.headers === 'all'),
    );
    const asked = await headersOf(
      this.endpoint,
      missing.map(({ number }) => number),
      signal,
    );
    const known = new Map([...ends, ...asked.map((header) => [header.number, header] as const)]);
    for (const { number, hash, timestamp, logs } of blocks) {
      const header = known.get(number);
      if (header !== undefined && header.hash !== hash) {
        throw failed('transient', 'reorganized', `${this.endpoint.name} names two hashes of block ${number}`);
      }
      yield {
        number,
        hash,
        parentHash: header?.parentHash ?? null,
        timestamp: header?.timestamp ?? (timestamp as number),
        logs,
      };
    }
  }
}

function seenOf({ number, hash, logs }: RpcBlockLogs): Seen {
  const last = logs.count - 1;
  return { number, hash, logs: logs.count, first: logs.get(0, LOG.logIndex), last: logs.get(last, LOG.logIndex) };
}

function emptyBlock(ends: ReadonlyMap<number, Header>, number: number): ChainBlock {
  return { ...(ends.get(number) as Header), logs: new Logs() };
}
