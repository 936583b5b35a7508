/**
 * One client a host: a request waits for its rates, goes out over a bounded pool of kept-alive connections, and comes back as text with
 * status 2xx, or as a FailureError. A secret travels in a header or, where a source only takes it so, in the query; it is added when the
 * request is sent, so that no name of a request (in a message, a cache, a checkpoint) ever holds it.
 */
import { gunzipSync } from 'node:zlib';
import { Agent, request as send } from 'undici';
import { type Failure, FailureError, failed } from '../../core/failure.js';
import { hider } from '../../core/hide.js';
import { isLoopback } from '../../core/loopback.js';
import { awaitTurn, type HostRate, tell } from '../../net/host-rate.js';
import { classifyTransport, headerText } from '../../net/http.js';
import { endpointOf, redactUrl } from '../../net/redact.js';
import { classifyRestStatus } from './failures.js';

export interface RestRequest {
  readonly method?: 'GET' | 'POST';
  /** Below the base URL, beginning with a slash. */
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface RestAnswer {
  readonly text: string;
  readonly status: number;
  /** A response header, null where it is not there. */
  header(name: string): string | null;
  /** When the last byte was here, milliseconds of the epoch. */
  readonly receivedAtMs: number;
}

export interface RestClientOptions {
  /** May carry user and password. */
  readonly baseUrl: string;
  /** Headers of every request; their values are secrets. */
  readonly secretHeaders?: Readonly<Record<string, string>>;
  /** A parameter of every request whose value is a secret. */
  readonly secretQuery?: readonly [name: string, value: string];
  /** From the start of a request to the last byte of its body. */
  readonly deadlineMs: number;
  readonly connections: number;
  /** Body at most, unzipped. */
  readonly maxBodyBytes?: number;
  readonly now?: () => number;
  /** Called once for each request that went out, with its failure or null. */
  onResponse?(failure: Failure | null, elapsedMs: number): void;
}

/** Kalshi's list of all series is 19 MB. */
const MAX_BODY_BYTES = 128 << 20;

export class RestClient {
  /** Without credentials: fit for logs. */
  readonly url: string;
  readonly #base: URL;
  readonly #headers: Record<string, string>;
  readonly #hide: (text: string) => string;
  readonly #agent: Agent;
  readonly #now: () => number;

  /** Throws TypeError where the URL is none. */
  constructor(private readonly options: RestClientOptions) {
    const { secretHeaders = {}, secretQuery } = options;
    const endpoint = endpointOf(options.baseUrl, undefined);
    this.#base = new URL(endpoint.url);
    this.url = redactUrl(options.baseUrl);
    const keys = [...Object.values(secretHeaders), ...(secretQuery?.slice(1) ?? [])];
    this.#hide = hider([...endpoint.secrets, ...keys, ...keys.map((key) => key.replace(/^Bearer /, ''))]);
    this.#headers = {
      accept: 'application/json',
      'accept-encoding': isLoopback(this.#base.hostname) ? 'identity' : 'gzip',
      'user-agent': 'backfill',
      ...(endpoint.authorization === null ? {} : { authorization: endpoint.authorization }),
      ...secretHeaders,
    };
    this.#now = options.now ?? Date.now;
    this.#agent = new Agent({
      connections: options.connections,
      pipelining: 1,
      // The deadline below covers connecting, headers and body.
      connect: { timeout: options.deadlineMs },
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: options.maxBodyBytes ?? MAX_BODY_BYTES,
    });
  }

  /** The request without secrets: for messages and as the name of its answer. */
  nameOf(request: RestRequest): string {
    const query = new URLSearchParams([...(request.query ?? [])] as [string, string][]).toString();
    const body = request.body === undefined ? '' : ` ${JSON.stringify(request.body)}`;
    const base = this.#base.pathname.replace(/\/$/, '');
    return `${request.method ?? 'GET'} ${this.#base.origin}${base}${request.path}${query === '' ? '' : `?${query}`}${body}`;
  }

  /** Waits for every rate, then asks once. Throws FailureError; its message carries no secret. */
  async request(request: RestRequest, rates: readonly HostRate[], signal?: AbortSignal): Promise<RestAnswer> {
    for (const rate of rates) await awaitTurn(rate, signal);
    const startMs = performance.now();
    try {
      const answer = await this.#exchange(request, signal);
      for (const rate of rates) rate.answered();
      this.options.onResponse?.(null, performance.now() - startMs);
      return answer;
    } catch (error) {
      const failure = this.#failureOf(error, request);
      for (const rate of rates) tell(rate, failure);
      this.options.onResponse?.(failure, performance.now() - startMs);
      throw new FailureError(failure);
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #exchange(request: RestRequest, signal: AbortSignal | undefined): Promise<RestAnswer> {
    const { deadlineMs, maxBodyBytes = MAX_BODY_BYTES } = this.options;
    const deadline = AbortSignal.timeout(deadlineMs);
    const what = this.nameOf(request);
    try {
      const response = await send(this.#urlOf(request), {
        dispatcher: this.#agent,
        method: request.method ?? 'GET',
        headers: { ...this.#headers, ...(request.body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
      const bytes = Buffer.from(await response.body.arrayBuffer());
      const header = (name: string) => headerText(response.headers[name.toLowerCase()]);
      const text = decode(bytes, header('content-encoding'), maxBodyBytes, what, response.statusCode);
      const failure = classifyRestStatus(response.statusCode, text, header('retry-after'), this.#now(), what);
      if (failure !== null) throw new FailureError(failure);
      if (/^text\/html/i.test(header('content-type') ?? '')) {
        throw failed('transient', 'bad_response', `a web page in place of data from ${what}: ${text.slice(0, 100)}`);
      }
      return { text, status: response.statusCode, header, receivedAtMs: this.#now() };
    } catch (error) {
      if (signal?.aborted) throw failed('transient', 'stopped', 'the request was given up because the run stops');
      if (deadline.aborted) {
        throw failed('transient', 'deadline', `no complete answer within ${deadlineMs} ms from ${what}`);
      }
      throw error;
    }
  }

  #urlOf(request: RestRequest): URL {
    const url = new URL(this.#base);
    url.pathname = url.pathname.replace(/\/$/, '') + request.path;
    for (const [name, value] of request.query ?? []) url.searchParams.append(name, value);
    if (this.options.secretQuery !== undefined) url.searchParams.append(...this.options.secretQuery);
    return url;
  }

  #failureOf(error: unknown, request: RestRequest): Failure {
    const failure = error instanceof FailureError ? error.failure : classifyTransport(error, this.nameOf(request));
    return { ...failure, message: this.#hide(failure.message) };
  }
}

/** Text of a body. For an error status a body that cannot be read is none: the status decides. */
function decode(bytes: Buffer, encoding: string | null, maxBytes: number, what: string, status: number): string {
  try {
    const name = encoding?.trim().toLowerCase() ?? '';
    if (!['', 'identity', 'gzip', 'x-gzip'].includes(name))
      throw new Error(`encoded as ${name}, which was not asked for`);
    const plain = name.endsWith('gzip') ? gunzipSync(bytes, { maxOutputLength: maxBytes }) : bytes;
    // What is stored as received must be what was received: bytes that are no UTF-8 are no JSON either.
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch (error) {
    if (status < 200 || status >= 300) return '';
    throw failed('transient', 'bad_response', `a body that cannot be read from ${what}: ${(error as Error).message}`);
  }
}
