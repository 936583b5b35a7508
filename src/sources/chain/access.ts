/** Where the chain is read: a portal, or nodes. */
import type { HostRate } from '../../net/host-rate.js';
import type { RateMemory } from '../../net/rate-cell.js';
import { sharedRate } from '../../net/shared-rate.js';
import type { ChainSource } from './chain-source.js';
import { Portal } from './portal.js';
import { Rpc } from './rpc.js';

/** As plain data that crosses threads: credentials travel here and nowhere else. */
export type ChainAccess =
  | { readonly transport: 'portal'; readonly url: string; readonly apiKey?: string; readonly silenceMs: number }
  | { readonly transport: 'rpc'; readonly urls: readonly string[]; readonly silenceMs: number };

/** `rates`: of the portal, or of each node in the order of its URL. Throws TypeError where a URL is none. */
export function openChain(access: ChainAccess, rates: readonly HostRate[], connections: number): ChainSource {
  const { silenceMs } = access;
  const rateOf = (i: number) => {
    const rate = rates[i];
    return rate === undefined ? {} : { rate };
  };
  if (access.transport === 'rpc') {
    return new Rpc({ endpoints: access.urls.map((url, i) => ({ url, connections, silenceMs, ...rateOf(i) })) });
  }
  const { url, apiKey } = access;
  return new Portal({ url, connections, silenceMs, ...(apiKey === undefined ? {} : { apiKey }), ...rateOf(0) });
}

/** In a thread: the rates are everyone's. */
export function openChainInThread(access: ChainAccess, rates: readonly RateMemory[], connections: number): ChainSource {
  return openChain(access, rates.map(sharedRate), connections);
}
