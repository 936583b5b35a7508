/**
 * One client a thread. A request waits for the global rate limit, goes out through graphql-request, and comes back as
 * data in which every asked-for key is present, or as a FailureError.
 */
import { GraphQLClient } from 'graphql-request';
import { type Failure, FailureError, failed } from '../../core/failure.js';
import { hider } from '../../core/hide.js';
import { awaitTurn } from '../../net/host-rate.js';
import { endpointOf, redactUrl } from '../../net/redact.js';
import { classifyErrors, transient } from './failures.js';
import { makeTransport, type Transport } from './transport.js';

export interface SourceHooks {
  /** Resolves when the rate limit lets one more request start. */
  acquire?(signal?: AbortSignal): Promise<void>;
  /** Called when the last byte of an answer has arrived, before anything is made of it. */
  onReceived?(): void;
  /** Called once for each request that went out, with its failure or null. `elapsedMs` excludes `acquire`. */
  onResponse?(failure: Failure | null, elapsedMs: number): void;
}

export interface SourceOptions extends SourceHooks {
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  readonly deadlineMs: number;
  readonly connections: number;
  readonly maxBodyBytes?: number;
  readonly gzip?: boolean;
  /** Reads an answer that is plain enough without JSON.parse, and returns undefined for any other. */
  readonly parsePlain?: (body: Buffer) => unknown;
}

/** A constant text with variables, and the root keys that its answer must have. */
export interface Document {
  readonly text: string;
  readonly keys: readonly string[];
}

export type Data = Readonly<Record<string, unknown>>;

/** About twenty times a page of two full lanes. */
const MAX_BODY_BYTES = 32 << 20;

/** What the transport answers with is bytes. */
function bodyParser(parsePlain: (body: Buffer) => unknown = () => undefined): (body: unknown) => unknown {
  return (body) => parsePlain(body as Buffer) ?? JSON.parse((body as Buffer).toString('utf8'));
}

export class SourceClient {
  /** Without credentials: fit for logs and the fingerprint. */
  readonly url: string;
  readonly #hide: (text: string) => string;
  readonly #transport: Transport;
  readonly #client: GraphQLClient;

  /** Throws TypeError where the URL is none. */
  constructor(private readonly options: SourceOptions) {
    const endpoint = endpointOf(options.url, options.token);
    this.url = redactUrl(options.url);
    this.#hide = hider(endpoint.secrets);
    this.#transport = makeTransport({
      connections: options.connections,
      deadlineMs: options.deadlineMs,
      maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
      ...(options.gzip === undefined ? {} : { gzip: options.gzip }),
      ...(options.onReceived === undefined ? {} : { onReceived: options.onReceived }),
    });
    this.#client = new GraphQLClient(endpoint.url, {
      fetch: this.#transport.fetch,
      jsonSerializer: { stringify: JSON.stringify, parse: bodyParser(options.parsePlain) },
      headers: {
        accept: 'application/json',
        ...(endpoint.authorization ? { authorization: endpoint.authorization } : {}),
      },
      // With the default policy errors are thrown with the whole response and query printed into their message.
      errorPolicy: 'all',
      // Otherwise graphql-request parses the document again for every request.
      excludeOperationName: true,
    });
  }

  /** One request, one answer. Throws FailureError; messages carry no credentials. */
  async request(document: Document, variables: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<Data> {
    await awaitTurn({ acquire: this.options.acquire ?? (() => Promise.resolve()) }, signal);
    const startMs = performance.now();
    try {
      const data = await this.#exchange(document, variables, signal);
      this.options.onResponse?.(null, performance.now() - startMs);
      return data;
    } catch (error) {
      const failure = this.#clean(error);
      this.options.onResponse?.(failure, performance.now() - startMs);
      throw new FailureError(failure);
    }
  }

  async #exchange(
    document: Document,
    variables: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<Data> {
    const { data, errors } = await this.#client.rawRequest<unknown>({
      query: document.text,
      variables: { ...variables },
      ...(signal === undefined ? {} : { signal }),
    });
    // Partial data beside errors is an error: the lane that is there may be as wrong as the one that is not.
    if (errors !== undefined && errors !== null && !(Array.isArray(errors) && errors.length === 0)) {
      throw new FailureError(classifyErrors(errors));
    }
    if (typeof data !== 'object' || data === null || Array.isArray(data)) {
      throw failed('transient', 'bad_response', `an answer without data from ${this.url}`);
    }
    for (const key of document.keys) {
      const value = (data as Data)[key];
      if (value === undefined || value === null) {
        throw failed('transient', 'bad_response', `an answer without the asked-for key ${key} from ${this.url}`);
      }
    }
    return data as Data;
  }

  #clean(error: unknown): Failure {
    const failure = error instanceof FailureError ? error.failure : this.#notAnAnswer(error);
    return { ...failure, message: this.#hide(failure.message) };
  }

  /** The transport has dealt with everything else: what graphql-request throws is about the body. */
  #notAnAnswer(error: unknown): Failure {
    const text = error instanceof Error ? (error.message.split('\n')[0] as string) : String(error);
    return transient('bad_response', `an answer that is no GraphQL result from ${this.url}: ${text}`);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}
