/** The portal's routes over HTTP: what is asked is checked, counted, perhaps struck by a fault, and streamed. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { addTo } from '../stats.js';
import { Throttle, type ThrottleOptions } from '../throttle.js';
import { BlockScan } from './block-scan.js';
import { blockAtTime } from './clock.js';
import type { ChainFault, ChainFaults } from './faults.js';
import type { ChainHead } from './head.js';
import { MAX_BODY_BYTES, type PortalQuery, parsePortalQuery } from './portal-query.js';
import { PortalSink } from './portal-sink.js';
import { type StreamLimits, streamBlocks } from './portal-stream.js';
import type { ChainSource } from './source.js';
import type { ServerStats } from './stats.js';

export interface PortalOptions {
  /** Default: no limit. `PUBLIC_PORTAL` is what the public one allows. */
  readonly throttle?: ThrottleOptions;
  /** What a request for blocks beyond the head waits before its 204; the public portal: 5,000. Default 0. */
  readonly noDataMs?: number;
  /** Before each answer. */
  readonly latencyMs?: number;
  /** An answer covers at most so many blocks. */
  readonly replyBlocks?: number;
  /** An answer ends after the line that goes beyond. Default 64 MiB. */
  readonly replyBytes?: number;
  /** Blocks of a stored chunk: its last block always has a line. Default: no chunks. */
  readonly chunkBlocks?: number;
  /** Asks for `x-api-key`. */
  readonly apiKey?: string;
  /** zlib's level; 0: never encoded. Default 1. */
  readonly gzipLevel?: number;
}

export const PUBLIC_PORTAL: PortalOptions = { throttle: { rps: 2, windowMs: 10_000 }, noDataMs: 5_000 };
export const DATASET = 'polygon-mainnet';
const REPLY_BYTES = 64 << 20;
export const LAGGING_BLOCKS = 1_000;

type Answer = readonly [status: number, value: unknown, headers?: Record<string, string>];

export class Portal {
  readonly #throttle: Throttle;

  constructor(
    readonly source: ChainSource,
    readonly head: ChainHead,
    readonly faults: ChainFaults,
    readonly stats: ServerStats,
    readonly options: PortalOptions,
    readonly closing: AbortSignal,
  ) {
    this.#throttle = new Throttle(options.throttle ?? {});
  }

  /** `path` is what follows the data set's base. */
  async serve(request: IncomingMessage, response: ServerResponse, path: string, body: string): Promise<void> {
    const route = path.replace(/\?.*$/, '').replace(/\/$/, '');
    addTo(this.stats.byCall, route.replace(/\d+/, 'N'));
    const isStream = route === '/stream' || route === '/finalized-stream';
    const refused = this.#refused(request, isStream);
    if (refused) return this.#send(response, ...refused);
    const query = isStream ? checked(body) : undefined;
    if (typeof query === 'string') return this.#send(response, 400, error('malformed_request', query));
    const range = query && { from: query.fromBlock, to: query.toBlock ?? this.source.lastBlock };
    const strike = this.faults.strike('portal', route + body, range);
    if (strike) addTo(this.stats.faults, strike.kind);
    if ((this.options.latencyMs ?? 0) > 0) await sleep(this.options.latencyMs, undefined, { signal: this.closing });
    const inTheMiddle = strike?.kind === 'reset' && query !== undefined && query.fromBlock % 2 === 1;
    if (strike && !inTheMiddle && this.#struck(strike, response)) return;
    const behind = strike?.kind === 'lagging-finalized' ? (strike.blocksBehind ?? LAGGING_BLOCKS) : 0;
    const finalized = Math.max(0, this.head.finalized - behind);
    if (!query) return this.#send(response, ...this.#lookUp(route, finalized));
    const head = route === '/stream' ? this.head.number : finalized;
    if (query.fromBlock > head) return this.#noData(response, finalized);
    const fork = route === '/stream' ? this.#fork(query) : undefined;
    if (fork) return this.#send(response, 409, fork);
    const accepts = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    return this.#stream(response, query, head, finalized, strike, accepts ? (this.options.gzipLevel ?? 1) : 0);
  }

  /** Throttle, key and verb: what is looked at before the query. */
  #refused(request: IncomingMessage, isStream: boolean): Answer | undefined {
    const refusal = this.#throttle.refuse();
    if (refusal) {
      const { retryAfterSeconds } = refusal;
      const headers = retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) };
      return [429, error('overloaded', 'too many requests'), headers];
    }
    if (this.options.apiKey !== undefined && request.headers['x-api-key'] !== this.options.apiKey) {
      return [401, error('invalid_credential', 'the API key is not known')];
    }
    const method = isStream ? 'POST' : 'GET';
    return request.method === method
      ? undefined
      : [405, error('method_not_allowed', `use ${method}`), { allow: method }];
  }

  #lookUp(route: string, finalized: number): Answer {
    const { source, head } = this;
    const block = (number: number) => ({ number, hash: source.blockHash(number) });
    if (route === '/finalized-head') return [200, block(finalized)];
    if (route === '/head') return [200, block(head.number)];
    if (route === '/metadata' || route === '') {
      return [200, { dataset: DATASET, aliases: [], real_time: true, start_block: 0 }];
    }
    const seconds = /^\/timestamps\/(\d+)\/block$/.exec(route)?.[1];
    if (seconds === undefined) return [404, error('not_found', `no such route: ${route}`)];
    const number = blockAtTime(Number(seconds));
    if (number <= head.number) return [200, { block_number: number }];
    return [404, error('not_found', `no block at or after ${seconds}`)];
  }

  /** Answers in place of the portal where the fault is an answer of its own. */
  #struck(fault: ChainFault, response: ServerResponse): boolean {
    const retryAfter = { 'retry-after': String(fault.retryAfterSeconds ?? 1) };
    switch (fault.kind) {
      case 'throttled':
        this.#send(response, 429, error('overloaded', 'too many requests'), retryAfter);
        return true;
      case 'overloaded':
        this.#send(response, 529, error('overloaded', 'the portal is overloaded'), retryAfter);
        return true;
      case 'unavailable':
        this.#send(response, 503, error('no_workers', 'no workers available'));
        return true;
      case 'server-error':
        this.#send(response, 500, error('worker_failure', 'a worker failed'));
        return true;
      case 'empty':
        addTo(this.stats.byStatus, '200');
        response.writeHead(200, { 'content-type': 'application/jsonl', ...this.#heads(this.head.finalized) });
        response.end();
        return true;
      case 'reset':
        response.socket?.resetAndDestroy();
        return true;
      case 'hang':
        return true;
      default:
        return false;
    }
  }

  async #noData(response: ServerResponse, finalized: number): Promise<void> {
    if ((this.options.noDataMs ?? 0) > 0) await sleep(this.options.noDataMs, undefined, { signal: this.closing });
    addTo(this.stats.byStatus, '204');
    response.writeHead(204, this.#heads(finalized));
    response.end();
  }

  /** What a query gets that builds on a block of another chain. */
  #fork({ fromBlock, parentBlockHash }: PortalQuery): object | undefined {
    const { source } = this;
    if (parentBlockHash === undefined || parentBlockHash === source.blockHash(fromBlock - 1)) return undefined;
    const previousBlocks = [3, 2, 1].map((back) => ({
      number: fromBlock - back,
      hash: source.blockHash(fromBlock - back),
    }));
    return { ...error('base_block_mismatch', 'the base block does not match'), previousBlocks };
  }

  async #stream(
    response: ServerResponse,
    query: PortalQuery,
    head: number,
    finalized: number,
    strike: ChainFault | undefined,
    gzipLevel: number,
  ): Promise<void> {
    const { source, options, stats } = this;
    addTo(stats.byStatus, '200');
    response.writeHead(200, {
      'content-type': 'application/jsonl',
      ...this.#heads(finalized),
      ...(gzipLevel > 0 ? { 'content-encoding': 'gzip' } : {}),
    });
    const sink = new PortalSink(response, gzipLevel);
    const last = Math.min(query.toBlock ?? head, head, query.fromBlock + (options.replyBlocks ?? 2 ** 31) - 1);
    const scan = new BlockScan(source, query.filters, this.faults.lies('portal', this.stats.faults));
    const limits = limitsOf(query, last, options, strike);
    const { logs, lines } = await streamBlocks(query, limits, scan, (piece) => sink.write(piece));
    if (strike?.kind === 'reset') await sink.reset();
    else sink.end();
    stats.logs += logs;
    stats.lines += lines;
    // What the encoder still holds is not counted: some kilobytes of an answer.
    stats.bytes += sink.bytes;
  }

  #heads(finalized: number): Record<string, string> {
    return {
      'x-sqd-finalized-head-number': String(finalized),
      'x-sqd-finalized-head-hash': this.source.blockHash(finalized),
      'x-sqd-head-number': String(this.head.number),
      'x-sqd-data-source': 'network',
    };
  }

  #send(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
    addTo(this.stats.byStatus, String(status));
    const body = JSON.stringify(value);
    this.stats.bytes += body.length;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  }
}

/** How far an answer goes, and where a fault ends it: that follows from where it begins. */
function limitsOf(
  query: PortalQuery,
  last: number,
  options: PortalOptions,
  strike: ChainFault | undefined,
): StreamLimits {
  const cut = strike?.kind === 'cut' || strike?.kind === 'reset';
  const span = last - query.fromBlock + 1;
  const silent = strike?.kind === 'silent-truncation' && span > (strike.blocksBehind ?? 0);
  return {
    toBlock: last,
    maxBytes: options.replyBytes ?? REPLY_BYTES,
    chunkBlocks: options.chunkBlocks ?? Number.POSITIVE_INFINITY,
    maxLines: cut || strike?.kind === 'early-end' ? 1 + (query.fromBlock % 7) : Number.POSITIVE_INFINITY,
    cut,
    silentBelow: silent ? query.fromBlock + Math.floor(span / 2) : 0,
  };
}

function checked(body: string): PortalQuery | string {
  if (Buffer.byteLength(body) > MAX_BODY_BYTES) return `the body is larger than ${MAX_BODY_BYTES} bytes`;
  return parsePortalQuery(body);
}

const TYPES = {
  malformed_request: 'invalid_request_error',
  method_not_allowed: 'invalid_request_error',
  not_found: 'invalid_request_error',
  base_block_mismatch: 'invalid_request_error',
  overloaded: 'rate_limit_error',
  no_workers: 'availability_error',
  worker_failure: 'api_error',
  invalid_credential: 'authentication_error',
} as const;

/** The portal's envelope; clients match `type` and `code`. */
function error(code: keyof typeof TYPES, message: string): { error: { type: string; code: string; message: string } } {
  return { error: { type: TYPES[code], code, message } };
}
