/** The hosts of a venue, opened: requests go through their paces, and what passes is asked again by the retry table. */
import type { Failure } from '../../core/failure.js';
import { RETRY_CLOCK, type Retry, retrying } from '../../net/retry.js';
import type { AnswerCache } from '../../sources/rest/cache.js';
import { RestClient } from '../../sources/rest/client.js';
import type { VenueRequest } from './chain.js';
import { CONNECTIONS, type Host } from './limits.js';
import { HostPaces } from './paces.js';
import type { AskVenue } from './reader.js';

export interface HostOptions {
  readonly urls: Readonly<Record<Host, string>>;
  readonly keys: { readonly opinion?: string | undefined; readonly kalshi?: string | undefined };
  readonly deadlineMs: number;
  readonly retryBaseMs: number;
  /** How long a host may stay away before the venue is given up. */
  readonly giveUpAfterMs: number;
  readonly stop: AbortSignal;
  /** Times the usual rates. */
  readonly paceScale?: number;
  readonly cache?: AnswerCache;
  sleep(ms: number, signal: AbortSignal): Promise<boolean>;
  onRetry(what: string, failure: Failure): void;
}

export class VenueHosts {
  readonly #clients: ReadonlyMap<Host, RestClient>;
  readonly #paces: HostPaces;
  readonly #retry: Retry;
  requests = 0;
  failures = 0;
  /** Time in requests, pauses for the rate left out; milliseconds. */
  requestMs = 0;

  constructor(
    hosts: readonly Host[],
    private readonly options: HostOptions,
  ) {
    const { urls, keys, deadlineMs } = options;
    const headers: Partial<Record<Host, Readonly<Record<string, string>>>> = {
      ...(keys.opinion === undefined ? {} : { opinion: { apikey: keys.opinion } }),
      ...(keys.kalshi === undefined ? {} : { kalshi: { 'kalshi-access-key': keys.kalshi } }),
    };
    this.#clients = new Map(
      hosts.map((host) => [
        host,
        new RestClient({
          baseUrl: urls[host],
          secretHeaders: headers[host] ?? {},
          deadlineMs,
          connections: CONNECTIONS[host],
          onResponse: (failure, elapsedMs) => {
            this.requests++;
            this.requestMs += elapsedMs;
            if (failure !== null) this.failures++;
          },
        }),
      ]),
    );
    this.#paces = new HostPaces(hosts, { kalshiKey: keys.kalshi !== undefined, scale: options.paceScale ?? 1 });
    this.#retry = retrying({ ...RETRY_CLOCK, ...options });
  }

  /** Throws FailureError: a refusal, or a host that stayed away too long. `judge` may throw for an answer that is none. */
  readonly ask: AskVenue = (request, signal, judge) => {
    const client = this.#clientOf(request);
    const name = client.nameOf(request);
    const send = () => client.request(request, this.#paces.for(request.host, request.path), signal);
    const { cache } = this.options;
    return this.#retry(name, async () => {
      const answer = cache?.get(name) ?? (await send());
      const age = Number(answer.header('age') ?? 0);
      const judged = judge({ text: answer.text, receivedAtMs: answer.receivedAtMs, ageMs: age > 0 ? age * 1000 : 0 });
      cache?.keep(name, answer);
      return judged;
    });
  };

  #clientOf({ host }: VenueRequest): RestClient {
    const client = this.#clients.get(host);
    if (client === undefined) throw new Error(`the host ${host} is not open`);
    return client;
  }

  async close(): Promise<void> {
    this.#paces.close();
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}
