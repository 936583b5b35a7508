/** HTTP as both transports of the chain need it: kept-alive connections, streamed and unzipped bodies, failures as data. */
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Agent, request } from 'undici';
import { FailureError, failed } from '../../core/failure.js';
import type { HostRate } from '../../net/host-rate.js';
import { redactUrl } from '../../net/redact.js';
import { classifyTransport, parseRetryAfter } from '../subgraph/failures.js';
import { isLoopback } from '../subgraph/transport.js';

export interface HttpOptions {
  readonly connections: number;
  /** Longest wait for the head of an answer, and between two pieces of its body. */
  readonly silenceMs: number;
  /** Of the host that is asked: every request waits for it and tells it what came of it. */
  readonly rate?: HostRate;
  /** By default everywhere but on loopback, where it only costs CPU. */
  readonly gzip?: boolean;
}

export interface HttpRequest {
  readonly url: URL;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  /** Unzipped. Reading it throws FailureError. Whoever does not read it to its end must return or destroy it. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Some providers answer 403 to the names that libraries give themselves. */
const USER_AGENT = 'Mozilla/5.0 (compatible; backfill)';
const GUNZIP_CHUNK_BYTES = 1 << 18;

export class Http {
  /** Bytes of bodies on the wire, and requests: figures of a run. */
  wireBytes = 0;
  requests = 0;
  readonly #agent: Agent;

  constructor(readonly options: HttpOptions) {
    const { connections, silenceMs } = options;
    this.#agent = new Agent({
      connections,
      pipelining: 1,
      connect: { timeout: silenceMs },
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    });
  }

  /** GET, or POST where there is a body. Any status is an answer. Throws FailureError where there is none. */
  async ask({ url, body, headers, signal }: HttpRequest): Promise<HttpAnswer> {
    await this.#turn(signal);
    this.requests++;
    const gzip = this.options.gzip ?? !isLoopback(url.hostname);
    let response: Awaited<ReturnType<typeof request>>;
    try {
      response = await request(url, {
        dispatcher: this.#agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'user-agent': USER_AGENT,
          'accept-encoding': gzip ? 'gzip' : 'identity',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      this.options.rate?.answered();
      throw failureOf(error, url, signal);
    }
    const { statusCode: status } = response;
    const retryAfterMs = parseRetryAfter(textOf(response.headers['retry-after']), Date.now());
    if (status === 429 || status === 529) this.options.rate?.refused(retryAfterMs ?? undefined);
    else this.options.rate?.answered();
    const encoding = textOf(response.headers['content-encoding']) ?? 'identity';
    return { status, retryAfterMs, chunks: this.#read(response.body, encoding, url, signal) };
  }

  /** The whole body. Throws FailureError, also when it is longer than `maxBytes`. */
  async whole({ chunks }: HttpAnswer, maxBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const chunk of chunks) {
      pieces.push(chunk);
      length += chunk.length;
      if (length > maxBytes) throw failed('transient', 'bad_response', `an answer is longer than ${maxBytes} bytes`);
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, length);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #turn(signal?: AbortSignal): Promise<void> {
    try {
      await this.options.rate?.acquire(signal);
    } catch (error) {
      if (signal?.aborted) throw stopped();
      throw error;
    }
    if (signal?.aborted) throw stopped();
  }

  async *#read(body: Readable, encoding: string, url: URL, signal?: AbortSignal): AsyncGenerator<Buffer> {
    try {
      if (encoding === 'gzip' || encoding === 'x-gzip') yield* this.#unzipped(body);
      else if (encoding === 'identity') {
        for await (const chunk of body) {
          this.wireBytes += (chunk as Buffer).length;
          yield chunk as Buffer;
        }
      } else {
        body.destroy();
        throw failed('transient', 'bad_response', `an answer encoded as ${encoding}, which was not asked for`);
      }
    } catch (error) {
      throw failureOf(error, url, signal);
    }
  }

  async *#unzipped(body: Readable): AsyncGenerator<Buffer> {
    const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
    // What ends one of them ends the other with the same error, which reading throws.
    pipeline(body, gunzip, () => undefined);
    try {
      for await (const chunk of gunzip) yield chunk as Buffer;
    } finally {
      this.wireBytes += gunzip.bytesWritten;
    }
  }
}

function stopped(): FailureError {
  return failed('transient', 'stopped', 'the request was given up because the run stops');
}

function failureOf(error: unknown, url: URL, signal: AbortSignal | undefined): FailureError {
  if (error instanceof FailureError) return error;
  if (signal?.aborted) return stopped();
  const { code } = error as NodeJS.ErrnoException;
  if (code?.startsWith('Z_')) return failed('transient', 'bad_response', `a gzip body that does not unzip: ${error}`);
  return new FailureError(classifyTransport(error, redactUrl(url.href)));
}

function textOf(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
