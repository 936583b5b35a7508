import { usageError } from '../../core/exit.js';
import { AdaptiveRate } from '../../net/adaptive-rate.js';
import { tell } from '../../net/host-rate.js';
import type { RateCell } from '../../net/rate-cell.js';
import { type Retry, retryOfStep } from '../../net/retry.js';
import type { StepContext } from '../../report/step.js';
import { SourceClient, type SourceHooks } from './client.js';

/** A subgraph as the options name it. */
export interface SourceSettings {
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token: string | undefined;
  readonly requestTimeoutMs: number;
  /** The user's own limit, requests a second. */
  readonly rps: number;
  readonly retryBaseMs: number;
  /** How long one request may keep failing. */
  readonly giveUpAfterMs: number;
}

/**
 * The main thread's way to a subgraph: planning, heads, conditions. Draws from the same rate cell as the threads, whose rate is
 * governed from the first request on.
 */
export interface SourceLink {
  readonly settings: SourceSettings;
  readonly client: SourceClient;
  readonly rate: RateCell;
  readonly retry: Retry;
  /** For another client of the same source: its requests wait for, count for and inform the same rate. */
  readonly hooks: Required<Pick<SourceHooks, 'acquire' | 'onResponse'>>;
  /** Requests that were answered, well or not. */
  requests(): number;
}

/** Connections of the main thread: planning reads up to 32 ranges at once. */
const CONNECTIONS = 32;

/** Opens the link and pushes its release. Throws ExitError(1) where the URL is none. */
export function openLink(
  { log, stop, releases }: Pick<StepContext, 'log' | 'stop' | 'releases'>,
  settings: SourceSettings,
): SourceLink {
  let requests = 0;
  const rate = new AdaptiveRate(settings.rps);
  releases.push('rate of the source', () => rate.close());
  const hooks: SourceLink['hooks'] = {
    acquire: (signal) => rate.acquire(signal),
    onResponse: (failure) => {
      requests++;
      tell(rate, failure);
    },
  };
  const client = makeClient(settings.url, {
    token: settings.token,
    deadlineMs: settings.requestTimeoutMs,
    connections: CONNECTIONS,
    ...hooks,
  });
  releases.push('source client', () => client.close());
  const retry = retryOfStep({ log, stop }, settings);
  return { settings, client, rate: rate.cell, retry, hooks, requests: () => requests };
}

function makeClient(url: string, options: Omit<ConstructorParameters<typeof SourceClient>[0], 'url'>): SourceClient {
  try {
    return new SourceClient({ url, ...options });
  } catch (error) {
    throw usageError(`the source URL cannot be used: ${(error as Error).message}`, 'give --source-url URL');
  }
}
