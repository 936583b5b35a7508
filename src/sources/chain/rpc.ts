/** Several providers of JSON-RPC as one source: ranges go round, and a provider that refuses is left out from then on. */
import { type Failure, FailureError, failed } from '../../core/failure.js';
import type { BlockRef, ChainSource } from './chain-source.js';
import type { LogFilter } from './exchanges.js';
import type { ChainBlock } from './logs.js';
import type { BlockRange } from './provider-words.js';
import { RpcEndpoint, type RpcEndpointOptions } from './rpc-endpoint.js';
import { finalizedHeader } from './rpc-headers.js';
import { type HeadersWanted, RpcRanges } from './rpc-range.js';

export interface RpcOptions {
  /** In the order of preference; at least one. */
  readonly endpoints: readonly RpcEndpointOptions[];
  /** Default `needed`. */
  readonly headers?: HeadersWanted;
}

interface Provider {
  readonly endpoint: RpcEndpoint;
  readonly ranges: RpcRanges;
  /** Why nothing more is asked here. */
  refused: Failure | null;
}

export class Rpc implements ChainSource {
  readonly #providers: readonly Provider[];
  #turn = 0;

  constructor(options: RpcOptions) {
    if (options.endpoints.length === 0) throw new TypeError('no URL of a JSON-RPC provider is given');
    this.#providers = options.endpoints.map((each) => {
      const endpoint = new RpcEndpoint(each);
      return { endpoint, ranges: new RpcRanges(endpoint, options.headers ?? 'needed'), refused: null };
    });
  }

  get figures(): { readonly requests: number; readonly wireBytes: number; readonly checkedAnswers: number } {
    const sum = (of: (provider: Provider) => number) => this.#providers.reduce((total, each) => total + of(each), 0);
    return {
      requests: sum(({ endpoint }) => endpoint.figures.requests),
      wireBytes: sum(({ endpoint }) => endpoint.figures.wireBytes),
      checkedAnswers: sum(({ ranges }) => ranges.checkedAnswers),
    };
  }

  /** Providers that refused, by host, and why. */
  get refusals(): { readonly name: string; readonly failure: Failure }[] {
    return this.#providers.flatMap(({ endpoint: { name }, refused }) =>
      refused === null ? [] : [{ name, failure: refused }],
    );
  }

  /** The newest final block of the slowest provider that answers. Throws FailureError where none does. */
  async finalizedHead(signal?: AbortSignal): Promise<BlockRef> {
    let slowest: BlockRef | undefined;
    let failure: unknown;
    for (const provider of this.#willing()) {
      try {
        await provider.endpoint.check(signal);
        const { number, hash } = await finalizedHeader(provider.endpoint, signal);
        if (slowest === undefined || number < slowest.number) slowest = { number, hash };
      } catch (error) {
        failure = this.#told(provider, error);
        if (signal?.aborted) throw failure;
      }
    }
    if (slowest === undefined) throw failure;
    return slowest;
  }

  /**
   * Blocks with logs that fit one of the filters, and the first and last of the range, in order, from one provider. Throws
   * FailureError; the next call asks the next provider.
   */
  async *blocks(range: BlockRange, filters: readonly LogFilter[], signal?: AbortSignal): AsyncGenerator<ChainBlock> {
    const willing = this.#willing();
    const provider = willing[this.#turn++ % willing.length] as Provider;
    try {
      yield* provider.ranges.read(range, joined(filters), signal);
    } catch (error) {
      throw this.#told(provider, error);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#providers.map(({ endpoint }) => endpoint.close()));
  }

  /** Throws the first refusal when all have refused. */
  #willing(): Provider[] {
    const willing = this.#providers.filter(({ refused }) => refused === null);
    if (willing.length > 0) return willing;
    throw new FailureError((this.#providers[0] as Provider).refused as Failure);
  }

  /** A provider that refuses for good is no reason to give up as long as there is another. */
  #told(provider: Provider, error: unknown): unknown {
    if (!(error instanceof FailureError) || error.failure.kind !== 'terminal') return error;
    provider.refused = error.failure;
    if (this.#providers.every(({ refused }) => refused !== null)) return error;
    return failed('transient', 'store_unavailable', `${error.failure.message}; the next provider is asked`);
  }
}

/** One filter for all: a topic never stands at an address of another generation. */
function joined(filters: readonly LogFilter[]): LogFilter {
  const topic0 = [...new Set(filters.flatMap((filter) => filter.topic0))];
  const addresses: string[] = [];
  for (const filter of filters) {
    if (filter.addresses === undefined) return { topic0 };
    addresses.push(...filter.addresses);
  }
  return { addresses: [...new Set(addresses)], topic0 };
}
