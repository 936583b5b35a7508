/**
 * The SQD portal: a stream of blocks with the logs that were asked for, one line each. An answer may end early at any block;
 * its last line says how far it went. The headers of all blocks are asked for, a two-hundredth of the bytes where most blocks hold
 * fills, so that a block that is left out is seen: numbers must follow one another, and hashes chain.
 */
import { FailureError, failed } from '../../core/failure.js';
import type { BlockRef, ChainSource } from './chain-source.js';
import type { LogFilter } from './exchanges.js';
import { Http, type HttpAnswer, type HttpOptions } from './http.js';
import type { ChainBlock } from './logs.js';
import { LineSplitter, PortalLines } from './portal-lines.js';
import { type BlockRange, blocksIn } from './provider-words.js';

export interface PortalOptions extends HttpOptions {
  /** The data set's base, such as https://…/datasets/polygon-mainnet. */
  readonly url: string;
  readonly apiKey?: string;
}

const FIELDS = {
  block: { number: true, hash: true, parentHash: true, timestamp: true },
  log: { address: true, topics: true, data: true, transactionHash: true, transactionIndex: true, logIndex: true },
};
/** A block of 4,000 fills and what proves them is 5 MB. */
const MAX_LINE_BYTES = 64 << 20;
const MAX_ERROR_BYTES = 1 << 20;
const SHOWN_CHARS = 200;

export class Portal implements ChainSource {
  readonly #http: Http;
  readonly #lines = new Set<PortalLines>();
  readonly #base: string;

  constructor(private readonly options: PortalOptions) {
    this.#http = new Http(options);
    this.#base = options.url.replace(/\/+$/, '');
  }

  /** Requests, bytes on the wire, and lines that did not look as they always do. */
  get figures(): { readonly requests: number; readonly wireBytes: number; readonly checkedLines: number } {
    let checkedLines = 0;
    for (const { checked } of this.#lines) checkedLines += checked;
    return { requests: this.#http.requests, wireBytes: this.#http.wireBytes, checkedLines };
  }

  /** The newest block that cannot be reorganized any more. Throws FailureError. */
  async finalizedHead(signal?: AbortSignal): Promise<BlockRef> {
    const answer = await this.#ask('finalized-head', undefined, signal);
    if (answer.status !== 200) throw await this.#failureOf(answer, 'its finalized head');
    const text = (await this.#http.whole(answer, MAX_ERROR_BYTES)).toString('utf8');
    const head = parseHead(text);
    if (head === undefined) {
      throw failed('transient', 'bad_response', `the portal's finalized head is not {number, hash}: "${shown(text)}"`);
    }
    if (head === null) throw failed('transient', 'behind', 'the portal has no finalized block');
    return head;
  }

  /**
   * Every block from `from` to `to`, in order, with the logs that fit one of the filters; asks as often as it takes. A block is
   * good until the next one is asked for. What has arrived when it throws FailureError needs no second reading.
   */
  async *blocks(range: BlockRange, filters: readonly LogFilter[], signal?: AbortSignal): AsyncGenerator<ChainBlock> {
    let next = range.from;
    let hash: string | null = null;
    const lines = new PortalLines();
    this.#lines.add(lines);
    while (next <= range.to) {
      const asked = next;
      try {
        for await (const block of this.#answer({ from: asked, to: range.to }, filters, lines, signal)) {
          assertFollows(block, next, hash);
          yield block;
          hash = block.hash;
          next++;
        }
      } catch (error) {
        // An answer that broke off on the way is worth what came of it.
        if (next === asked || !isBrokenOff(error)) throw error;
      }
      if (next === asked) {
        throw failed(
          'transient',
          'store_unavailable',
          `the portal answered nothing for blocks ${asked} to ${range.to}`,
        );
      }
    }
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  /** The blocks of one answer. */
  async *#answer(
    range: BlockRange,
    filters: readonly LogFilter[],
    lines: PortalLines,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ChainBlock> {
    const answer = await this.#ask('finalized-stream', queryOf(range, filters), signal);
    if (answer.status !== 200) throw await this.#failureOf(answer, `blocks ${range.from} to ${range.to}`);
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    for await (const chunk of answer.chunks) {
      for (const line of splitter.push(chunk)) yield lines.read(line);
    }
    // The last line may lack its line feed. One that was cut is asked for again, or refused where nothing came before it.
    const rest = splitter.rest();
    if (rest.length > 0) yield lines.read(rest);
  }

  async #ask(path: string, body: string | undefined, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const answer = await this.#http.ask({
      url: new URL(`${this.#base}/${path}`),
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
      ...(this.options.apiKey === undefined ? {} : { headers: { 'x-api-key': this.options.apiKey } }),
    });
    if (isThrottled(answer.status)) answer.refused(answer.retryAfterMs);
    else answer.answered();
    return answer;
  }

  async #failureOf(answer: HttpAnswer, asked: string): Promise<FailureError> {
    const { status, retryAfterMs } = answer;
    const text = shown((await this.#http.whole(answer, MAX_ERROR_BYTES)).toString('utf8'));
    const said = `the portal answered HTTP ${status} for ${asked}${text === '' ? '' : `: "${text}"`}`;
    const wait = retryAfterMs ?? undefined;
    if (isThrottled(status)) return failed('throttled', 'throttled', said, wait);
    if (status === 204) return failed('transient', 'behind', `${said}: its head is below`, wait);
    if (status === 409) return failed('transient', 'reorganized', said, wait);
    if (status === 408) return failed('transient', 'query_timeout', said, wait);
    if (status >= 500) return failed('transient', 'http_5xx', said, wait);
    return failed('terminal', 'query_refused', said);
  }
}

function isThrottled(status: number): boolean {
  return status === 429 || status === 529;
}

function queryOf({ from, to }: BlockRange, filters: readonly LogFilter[]): string {
  return JSON.stringify({
    type: 'evm',
    fromBlock: from,
    toBlock: to,
    includeAllBlocks: true,
    fields: FIELDS,
    logs: filters.map(({ addresses, topic0 }) => ({
      ...(addresses === undefined ? {} : { address: addresses }),
      topic0,
    })),
  });
}

/** Blocks tile and chain. Throws FailureError `bad_page` or `reorganized`. */
function assertFollows(block: ChainBlock, expected: number, hash: string | null): void {
  if (block.number !== expected) {
    const what =
      block.number > expected
        ? `left out ${blocksIn({ from: expected, to: block.number - 1 })} blocks from ${expected} on`
        : `answered block ${block.number} again where ${expected} comes next`;
    throw failed('transient', 'bad_page', `the portal ${what}`);
  }
  if (hash !== null && block.parentHash !== hash) {
    throw failed(
      'transient',
      'reorganized',
      `block ${block.number} names ${block.parentHash} as its parent, but block ${expected - 1} is ${hash}`,
    );
  }
}

function isBrokenOff(error: unknown): boolean {
  return error instanceof FailureError && ['connection', 'deadline', 'bad_response'].includes(error.failure.code);
}

/** Undefined when it is no head; null where the portal has none. */
function parseHead(text: string): BlockRef | null | undefined {
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (head === null) return null;
  const { number, hash } = head as Partial<Record<keyof BlockRef, unknown>>;
  const isHead = Number.isSafeInteger(number) && typeof hash === 'string' && /^0x[0-9a-f]{64}$/.test(hash);
  return isHead ? { number: number as number, hash: hash as string } : undefined;
}

function shown(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, SHOWN_CHARS);
}
