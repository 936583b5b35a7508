import { usageError } from '../../core/exit.js';
import { AdaptiveRate } from '../../net/adaptive-rate.js';
import type { RateMemory } from '../../net/rate-cell.js';
import { type Retry, retryOfStep } from '../../net/retry.js';
import type { StepContext } from '../../report/step.js';
import { type ChainAccess, openChain } from './access.js';
import type { ChainSource } from './chain-source.js';

/** The chain as the options name it. */
export interface ChainSettings {
  readonly access: ChainAccess;
  /** The user's own limit for each host, requests a second. */
  readonly rps: number;
  readonly retryBaseMs: number;
  /** How long one request may keep failing. */
  readonly giveUpAfterMs: number;
}

/** The rates of all hosts together, as a load shows them. */
export interface ChainRate {
  readonly granted: number;
  readonly throttled: number;
  readonly rps: number;
  readonly maxRps: number;
  /** Until the first of them may be asked again. */
  readonly pausedForMs: number;
}

/** The main thread's way to the chain: heads, and the rates that threads share. */
export interface ChainLink {
  readonly settings: ChainSettings;
  readonly source: ChainSource;
  /** What a thread opens its own source with. */
  readonly rates: readonly RateMemory[];
  readonly retry: Retry;
  rate(): ChainRate;
}

const CONNECTIONS = 4;

/** Opens the link and pushes its release. Throws ExitError(1) where a URL is none. */
export function openChainLink(
  { log, stop, releases }: Pick<StepContext, 'log' | 'stop' | 'releases'>,
  settings: ChainSettings,
): ChainLink {
  const { access, rps } = settings;
  const hosts = access.transport === 'rpc' ? access.urls.length : 1;
  const rates = Array.from({ length: hosts }, () => new AdaptiveRate(rps));
  releases.push('rates of the chain', () => {
    for (const rate of rates) rate.close();
  });
  const source = open(access, rates);
  releases.push('chain client', () => source.close());
  const retry = retryOfStep({ log, stop }, settings);
  return { settings, source, rates: rates.map(({ cell }) => cell.memory), retry, rate: () => sum(rates, rps) };
}

function open(access: ChainAccess, rates: readonly AdaptiveRate[]): ChainSource {
  try {
    return openChain(access, rates, CONNECTIONS);
  } catch (error) {
    const option = access.transport === 'rpc' ? '--rpc-url' : '--portal-url';
    throw usageError(`${option} cannot be used: ${(error as Error).message}`, `give ${option} URL`);
  }
}

function sum(rates: readonly AdaptiveRate[], rps: number): ChainRate {
  const total = (of: (cell: AdaptiveRate['cell']) => number) => rates.reduce((all, { cell }) => all + of(cell), 0);
  return {
    granted: total((cell) => cell.granted),
    throttled: total((cell) => cell.throttled),
    rps: total((cell) => cell.rps),
    maxRps: rps * rates.length,
    pausedForMs: Math.min(...rates.map(({ cell }) => cell.pausedForMs)),
  };
}
