/** The portal's routes over HTTP: what is asked is checked, counted, perhaps struck by a fault, and streamed. */

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';

import { Throttle, type ThrottleOptions } from '../throttle.js';
import { BlockScan } from './block-scan.js';
import { blockAtTime } from './clock.js';
import type { ChainFault, ChainFaults } from './faults.js';
import type { ChainHead } from './head.js';
import { MAX_BODY_BYTES, type PortalQuery, parsePortalQuery } from './portal-query.js';
import { streamBlocks } from './portal-stream.js';
import type { ServerStats } from './stats.js';
import type { ChainUniverse } from './universe.js';

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

export class Portal {
  readonly #throttle: Throttle;

  constructor(
    readonly universe: ChainUniverse,
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
    const reply = (status: number, value: unknown, headers: Record<string, string> = {}) =>
      this.#send(response, status, value, headers);
    this.stats.byCall[route.replace(/\d+/, 'N')] = (this.stats.byCall[route.replace(/\d+/, 'N')] ?? 0) + 1;
    const refusal = this.#throttle.refuse();
    if (refusal) {
      const { retryAfterSeconds } = refusal;
      const headers: Record<string, string> =
        retryAfterSeconds === null ? {} : { 'retry-after': `${retryAfterSeconds}` };
      return reply(429, error('rate_limit_error', 'overloaded', 'too many requests'), headers);
    }
    if (this.options.apiKey !== undefined && request.headers['x-api-key'] !== this.options.apiKey) {
      return reply(401, error('authentication_error', 'invalid_credential', 'the API key is not known'));
    }
    const isStream = route === '/stream' || route === '/finalized-stream';
    if (!isStream && request.method !== 'GET')
      return reply(405, error('invalid_request_error', 'method_not_allowed', 'use GET'));
    if (isStream && request.method !== 'POST')
      return reply(405, error('invalid_request_error', 'method_not_allowed', 'use POST'));
    const query = isStream ? checked(body) : undefined;
    if (typeof query === 'string') return reply(400, error('invalid_request_error', 'malformed_request', query));
    const strike = this.faults.strike(
      'portal',
      route + body,
      query && { from: query.fromBlock, to: query.toBlock ?? 2 ** 31 },
    );
    if (strike) this.stats.faults[strike.kind] = (this.stats.faults[strike.kind] ?? 0) + 1;
    if ((this.options.latencyMs ?? 0) > 0) await sleep(this.options.latencyMs, undefined, { signal: this.closing });
    if (strike && this.#struck(strike, response)) return;
    const lag = strike?.kind === 'lagging-finalized' ? (strike.blocksBehind ?? 1_000) : 0;
    const finalized = Math.max(0, this.head.finalized - lag);
    if (query) {
      return this.#stream(
        request,
        response,
        query,
        route === '/stream' ? this.head.number : finalized,
        finalized,
        strike,
      );
    }
    return reply(...this.#lookUp(route, finalized));
  }

  #lookUp(route: string, finalized: number): readonly [status: number, value: unknown] {
    const { universe, head } = this;
    const block = (number: number) => ({ number, hash: universe.blockHash(number) });
    if (route === '/finalized-head') return [200, block(finalized)];
    if (route === '/head') return [200, block(head.number)];
    if (route === '/metadata' || route === '') {
      return [200, { dataset: DATASET, aliases: [], real_time: true, start_block: 0 }];
    }
    const seconds = /^\/timestamps\/(\d+)\/block$/.exec(route)?.[1];
    if (seconds === undefined) return [404, error('invalid_request_error', 'not_found', `no such route: ${route}`)];
    const number = blockAtTime(Number(seconds));
    if (number <= head.number) return [200, { block_number: number }];
    return [404, error('invalid_request_error', 'not_found', `no block at or after ${seconds}`)];
  }

  /** Answers in place of the portal where the fault is an answer of its own. */
  #struck(fault: ChainFault, response: ServerResponse): boolean {
    const retryAfter = { 'retry-after': String(fault.retryAfterSeconds ?? 1) };
    switch (fault.kind) {
      case 'throttled':
        this.#send(response, 429, error('rate_limit_error', 'overloaded', 'too many requests'), retryAfter);
        return true;
      case 'overloaded':
        this.#send(response, 529, error('rate_limit_error', 'overloaded', 'the portal is overloaded'), retryAfter);
        return true;
      case 'unavailable':
        this.#send(response, 503, error('availability_error', 'no_workers', 'no workers available'), {});
        return true;
      case 'server-error':
        this.#send(response, 500, error('api_error', 'worker_failure', 'a worker failed'), {});
        return true;
      case 'empty':
        this.#count(200);
        response.writeHead(200, { 'content-type': 'application/jsonl', ...this.#heads(this.head.finalized) });
        response.end();
        return true;
      case 'reset':
        response.socket?.resetAndDestroy();
        return true;
      default:
        return false;
    }
  }

  async #stream(
    request: IncomingMessage,
    response: ServerResponse,
    query: PortalQuery,
    head: number,
    finalized: number,
    strike: ChainFault | undefined,
  ): Promise<void> {
    const { universe, options } = this;
    if (query.fromBlock > head) {
      if ((options.noDataMs ?? 0) > 0) await sleep(options.noDataMs, undefined, { signal: this.closing });
      this.#count(204);
      response.writeHead(204, this.#heads(finalized));
      response.end();
      return;
    }
    const parent = query.fromBlock - 1;
    const forked = query.parentBlockHash !== undefined && query.parentBlockHash !== universe.blockHash(parent);
    if (forked && head !== finalized) {
      const previousBlocks = [parent - 2, parent - 1, parent].map((number) => ({
        number,
        hash: universe.blockHash(number),
      }));
      const body = {
        ...error('invalid_request_error', 'base_block_mismatch', 'the base block does not match'),
        previousBlocks,
      };
      return this.#send(response, 409, body, {});
    }
    const last = Math.min(query.toBlock ?? head, head, query.fromBlock + (options.replyBlocks ?? 2 ** 31) - 1);
    const { gzipLevel = 1 } = options;
    const gzip =
      gzipLevel > 0 && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
        ? createGzip({ level: gzipLevel, memLevel: 9, strategy: constants.Z_DEFAULT_STRATEGY })
        : undefined;
    this.#count(200);
    response.writeHead(200, {
      'content-type': 'application/jsonl',
      ...this.#heads(finalized),
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    });
    const ends = strike?.kind === 'cut' || strike?.kind === 'early-end';
    const span = last - query.fromBlock + 1;
    const silent = strike?.kind === 'silent-truncation' && span > (strike.blocksBehind ?? 0);
    const sink: Writable = gzip ?? response;
    gzip?.pipe(response);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    gzip?.on('data', (piece: Buffer) => {
      this.stats.bytes += piece.length;
    });
    const emit = async (piece: Buffer): Promise<boolean> => {
      if (!gzip) this.stats.bytes += piece.length;
      if (!gone.signal.aborted && !sink.write(piece)) await drained(sink, gone.signal);
      return !gone.signal.aborted;
    };
    const streamed = await streamBlocks(
      query,
      {
        toBlock: last,
        maxBytes: options.replyBytes ?? REPLY_BYTES,
        chunkBlocks: options.chunkBlocks ?? Number.POSITIVE_INFINITY,
        // How far it gets follows from where it began.
        maxLines: ends ? 1 + (query.fromBlock % 7) : Number.POSITIVE_INFINITY,
        cut: strike?.kind === 'cut',
        silentBelow: silent ? query.fromBlock + Math.floor(span / 2) : 0,
      },
      new BlockScan(universe, query.filters, this.faults.lies('portal')),
      emit,
    );
    this.stats.logs += streamed.logs;
    this.stats.lines += streamed.lines;
    if (gone.signal.aborted) gzip?.destroy();
    else sink.end();
  }

  #heads(finalized: number): Record<string, string> {
    return {
      'x-sqd-finalized-head-number': String(finalized),
      'x-sqd-finalized-head-hash': this.universe.blockHash(finalized),
      'x-sqd-head-number': String(this.head.number),
      'x-sqd-data-source': 'network',
    };
  }

  #count(status: number): void {
    this.stats.byStatus[status] = (this.stats.byStatus[status] ?? 0) + 1;
  }

  #send(response: ServerResponse, status: number, value: unknown, headers: Record<string, string>): void {
    this.#count(status);
    const body = JSON.stringify(value);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  }
}

/** Resolves when more may be written, or when nobody listens any more. */
async function drained(sink: Writable, gone: AbortSignal): Promise<void> {
  await once(sink, 'drain', { signal: gone }).catch((error: unknown) => {
    if (!gone.aborted) throw error;
  });
}

function checked(body: string): PortalQuery | string {
  if (Buffer.byteLength(body) > MAX_BODY_BYTES) return `the body is larger than ${MAX_BODY_BYTES} bytes`;
  return parsePortalQuery(body);
}

/** The portal's envelope; clients match `type` and `code`. */
function error(
  type: string,
  code: string,
  message: string,
): { error: { type: string; code: string; message: string } } {
  return { error: { type, code, message } };
}
