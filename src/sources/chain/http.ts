/** HTTP as both transports of the chain need it: kept-alive connections, streamed and unzipped bodies, failures as data. */
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Agent, request } from 'undici';
import { FailureError, failed } from '../../core/failure.js';
import { isLoopback } from '../../core/loopback.js';
import type { HostRate } from '../../net/host-rate.js';
import { classifyTransport, headerText, parseRetryAfter } from '../../net/http.js';

export interface HttpOptions {
  readonly connections: number;
  /** Longest wait for the head of an answer, and between two pieces of its body. */
  readonly silenceMs: number;
  /** Of the host that is asked: every request waits for it. */
  readonly rate?: HostRate;
  /** Cuts secrets out of messages. */
  readonly hide?: (text: string) => string;
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
  /** Unzipped. Reading it throws FailureError. Whoever does not want it iterates nothing and calls nothing else. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Tells the host's rate what came of it, as soon as that is known; once. */
  answered(): void;
  refused(retryAfterMs: number | null): void;
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
      throw this.#failureOf(error, url, signal);
    }
    const { statusCode: status } = response;
    const retryAfterMs = parseRetryAfter(headerText(response.headers['retry-after']), Date.now());
    const encoding = headerText(response.headers['content-encoding']) ?? 'identity';
    const { rate } = this.options;
    return {
      status,
      retryAfterMs,
      chunks: this.#read(response.body, encoding, url, signal),
      answered: () => rate?.answered(),
      refused: (waitMs) => rate?.refused(waitMs ?? undefined),
    };
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
      throw this.#failureOf(error, url, signal);
    }
  }

  #failureOf(error: unknown, url: URL, signal: AbortSignal | undefined): FailureError {
    if (error instanceof FailureError) return error;
    if (signal?.aborted) return stopped();
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) return failed('transient', 'bad_response', `a gzip body that does not unzip: ${error}`);
    // A path may hold a key, and an error may quote the URL.
    const failure = classifyTransport(error, url.host);
    return new FailureError({ ...failure, message: this.options.hide?.(failure.message) ?? failure.message });
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
