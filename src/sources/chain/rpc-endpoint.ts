/**
 * One provider of JSON-RPC: its calls, its batches, its logs. What it refuses is told as failures, what it says of a range as
 * data. Its URL may hold a key anywhere: only the host is ever shown.
 */
import { type FailureError, failed } from '../../core/failure.js';
import { hider } from '../../core/hide.js';
import type { HostRate } from '../../net/host-rate.js';
import { endpointOf } from '../../net/redact.js';
import type { LogFilter } from './exchanges.js';
import { Http, type HttpAnswer } from './http.js';
import { type BlockRange, type Meaning, meaningOf, type Refusal } from './provider-words.js';
import { cutResult } from './rpc-envelope.js';

export interface RpcEndpointOptions {
  readonly url: string;
  readonly connections: number;
  readonly silenceMs: number;
  readonly rate?: HostRate;
  readonly gzip?: boolean;
  /** Default 137, Polygon. */
  readonly chainId?: number;
}

export type RangeMeaning = Meaning & { readonly kind: 'suggested_range' | 'too_much' | 'range_cap' };
/** The list of logs as it came, or what the provider says of the range. */
export type LogsAnswer = { readonly list: Uint8Array } | { readonly refused: RangeMeaning; readonly said: string };

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

const POLYGON = 137;
const MAX_BODY_BYTES = 256 << 20;
const SHOWN_CHARS = 200;
/** Parts of a path that are at least this long are taken for keys. */
const KEY_CHARS = 12;
const FIRST_BATCH = 50;

export class RpcEndpoint {
  /** The host, fit to be shown. */
  readonly name: string;
  readonly #http: Http;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #hide: (text: string) => string;
  readonly #chainId: number;
  #isChecked = false;
  #batchCalls = FIRST_BATCH;

  /** Throws TypeError where the URL is none. */
  constructor(options: RpcEndpointOptions) {
    const { url, authorization, secrets } = endpointOf(options.url, undefined);
    this.#url = new URL(url);
    this.name = this.#url.host;
    this.#headers = authorization === null ? {} : { authorization };
    const keys = this.#url.pathname.split('/').filter((part) => part.length >= KEY_CHARS);
    this.#hide = hider([...secrets, ...keys]);
    this.#http = new Http({ ...options, hide: this.#hide });
    this.#chainId = options.chainId ?? POLYGON;
  }

  get figures(): { readonly requests: number; readonly wireBytes: number } {
    return { requests: this.#http.requests, wireBytes: this.#http.wireBytes };
  }

  /** Refuses a provider of another chain; asks once. Throws FailureError. */
  async check(signal?: AbortSignal): Promise<void> {
    if (this.#isChecked) return;
    const said = await this.call('eth_chainId', [], signal);
    const chainId = typeof said === 'string' ? Number(said) : Number.NaN;
    if (chainId !== this.#chainId) {
      throw failed(
        'terminal',
        'query_refused',
        `${this.name} serves chain ${said}, not ${this.#chainId}: check the URL`,
      );
    }
    this.#isChecked = true;
  }

  /** The result of one call. Throws FailureError. */
  async call(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    const { answer, body } = await this.#post(JSON.stringify(envelope({ method, params }, 1)), signal);
    const reply = parse(body);
    const refusal = refusalIn(answer.status, reply, body);
    if (refusal !== null) throw this.#failure(refusal, meaningOf(refusal, null), answer, method);
    answer.answered();
    return (reply as { result: unknown }).result;
  }

  /** The results of several calls of one method, in order, in as few requests as the provider takes. Throws FailureError. */
  async calls(method: string, params: readonly (readonly unknown[])[], signal?: AbortSignal): Promise<unknown[]> {
    const results: unknown[] = [];
    while (results.length < params.length) {
      const some = params.slice(results.length, results.length + this.#batchCalls);
      if (some.length === 1) results.push(await this.call(method, some[0] as readonly unknown[], signal));
      else results.push(...((await this.#batch(method, some, signal)) ?? []));
    }
    return results;
  }

  /** One request for the logs of a range. Throws FailureError. */
  async logs({ from, to }: BlockRange, filter: LogFilter, signal?: AbortSignal): Promise<LogsAnswer> {
    const query = {
      fromBlock: `0x${from.toString(16)}`,
      toBlock: `0x${to.toString(16)}`,
      ...(filter.addresses === undefined ? {} : { address: filter.addresses }),
      topics: [filter.topic0],
    };
    const call = envelope({ method: 'eth_getLogs', params: [query] }, 1);
    const { answer, body } = await this.#post(JSON.stringify(call), signal);
    const list = answer.status === 200 ? cutResult(body) : undefined;
    if (list !== undefined) {
      answer.answered();
      return { list };
    }
    const asked = `eth_getLogs of blocks ${from} to ${to}`;
    const refusal = refusalIn(answer.status, parse(body), body);
    if (refusal === null) {
      answer.answered();
      throw failed(
        'transient',
        'bad_response',
        `${this.name} answered no list of logs to ${asked}: ${this.#shown(body)}`,
      );
    }
    const meaning = meaningOf(refusal, { from, to });
    if (meaning.kind === 'suggested_range' || meaning.kind === 'too_much' || meaning.kind === 'range_cap') {
      answer.answered();
      return { refused: meaning, said: this.#clean(refusal.message) };
    }
    throw this.#failure(refusal, meaning, answer, asked);
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  /** Undefined where the provider takes no batch of this size: the next one is smaller. */
  async #batch(
    method: string,
    params: readonly (readonly unknown[])[],
    signal: AbortSignal | undefined,
  ): Promise<unknown[] | undefined> {
    const calls = params.map((each, id) => envelope({ method, params: each }, id));
    const { answer, body } = await this.#post(JSON.stringify(calls), signal);
    const replies = parse(body);
    const results: unknown[] = new Array(params.length).fill(undefined);
    const refusal = Array.isArray(replies)
      ? (replies.map((reply) => refusalIn(200, reply, body)).find((each) => each !== null) ?? null)
      : (refusalIn(answer.status, replies, body) ?? noBatch(body));
    if (refusal !== null) {
      const meaning = meaningOf(refusal, null);
      if (meaning.kind !== 'terminal') throw this.#failure(refusal, meaning, answer, `${params.length} × ${method}`);
      answer.answered();
      this.#batchCalls = Math.max(1, Math.floor(params.length / 2));
      return undefined;
    }
    answer.answered();
    for (const reply of replies as { id?: unknown; result: unknown }[]) results[Number(reply.id)] = reply.result;
    if (results.includes(undefined)) {
      throw failed(
        'transient',
        'bad_response',
        `${this.name} left out answers of a batch of ${params.length} × ${method}`,
      );
    }
    return results;
  }

  async #post(body: string, signal: AbortSignal | undefined): Promise<{ answer: HttpAnswer; body: Buffer }> {
    const request = { url: this.#url, body, headers: this.#headers, ...(signal === undefined ? {} : { signal }) };
    const answer = await this.#http.ask(request);
    try {
      return { answer, body: await this.#http.whole(answer, MAX_BODY_BYTES) };
    } catch (error) {
      answer.answered();
      throw error;
    }
  }

  #failure(refusal: Refusal, meaning: Meaning, answer: HttpAnswer, asked: string): FailureError {
    const { status, code, message } = refusal;
    const numbers = code === null ? `HTTP ${status}` : `HTTP ${status}, code ${code}`;
    const said = `${this.name} answered ${asked} with ${numbers}: ${this.#clean(message)}`;
    if (meaning.kind === 'throttled' || status === 529) {
      const waitMs = answer.retryAfterMs ?? (meaning.kind === 'throttled' ? meaning.retryAfterMs : null);
      answer.refused(waitMs);
      return failed('throttled', 'throttled', said, waitMs ?? undefined);
    }
    answer.answered();
    if (meaning.kind === 'terminal') return failed('terminal', 'query_refused', said);
    if (/header not found|unknown block/i.test(message)) return failed('transient', 'behind', said);
    return failed(
      'transient',
      status >= 500 ? 'http_5xx' : 'store_unavailable',
      said,
      answer.retryAfterMs ?? undefined,
    );
  }

  #shown(body: Buffer): string {
    return `"${this.#clean(body.subarray(0, 4 * SHOWN_CHARS).toString('utf8'))}"`;
  }

  #clean(text: string): string {
    return this.#hide(text)
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, SHOWN_CHARS);
  }
}

function envelope({ method, params }: RpcCall, id: number): object {
  return { jsonrpc: '2.0', id, method, params };
}

/** Undefined where it is no JSON. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What is refused, or null where there is a result. Some providers throttle with plain text. */
function refusalIn(status: number, reply: unknown, body: Buffer): Refusal | null {
  const { error, result } = (typeof reply === 'object' && reply !== null ? reply : {}) as {
    error?: unknown;
    result?: unknown;
  };
  if (typeof error === 'object' && error !== null) {
    const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
    return { status, code: typeof code === 'number' ? code : null, message: String(message ?? ''), data };
  }
  if (status === 200 && result !== undefined) return null;
  const text = body.subarray(0, 4 * SHOWN_CHARS).toString('utf8');
  // A body that was cut, or that is a page: whatever its status says.
  if (status === 200) return { status, code: -32603, message: `no JSON-RPC answer: ${text}` };
  return { status, code: null, message: text };
}

function noBatch(body: Buffer): Refusal {
  return {
    status: 200,
    code: -32600,
    message: `no list of answers: ${body.subarray(0, SHOWN_CHARS).toString('utf8')}`,
  };
}
