import type { Context } from '../../cli/context.js';
import { PUBLIC_PNL_URL, PUBLIC_SOURCE_URL } from '../../cli/options.js';
import { usageError } from '../../core/exit.js';
import { pause } from '../../core/pause.js';
import { RateCell } from '../../net/rate-cell.js';
import { RateGovernor } from '../../net/rate-governor.js';
import { RateQueue } from '../../net/rate-queue.js';
import { type Retry, retrying } from '../../net/retrying.js';
import { SourceClient, type SourceHooks } from '../../sources/subgraph/client.js';

/**
 * The main thread's way to a subgraph: planning, heads, conditions. Draws from the same rate cell as the threads, whose rate is
 * governed from the first request on.
 */
export interface SourceLink {
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
const GOVERN_EVERY_MS = 250;

export function openSource(ctx: Context, rate: RateCell = RateCell.create(ctx.config.rps)): SourceLink {
  return openLink(ctx, sourceUrlOf(ctx), rate);
}

/** Null when nothing says where conditions are to be had: a source of one's own, and no P&L source beside it. */
export function openPnlSource(ctx: Context): SourceLink | null {
  const url = ctx.config.pnlSourceUrl ?? (ctx.config.sourceUrl === undefined ? PUBLIC_PNL_URL : undefined);
  return url === undefined ? null : openLink(ctx, url, RateCell.create(ctx.config.rps));
}

export function sourceUrlOf(ctx: Context): string {
  return ctx.config.sourceUrl ?? PUBLIC_SOURCE_URL;
}

function openLink(ctx: Context, url: string, rate: RateCell): SourceLink {
  const { config } = ctx;
  let requests = 0;
  const queue = new RateQueue(rate);
  const governor = new RateGovernor(rate, config.rps, performance.now());
  const ticker = setInterval(() => governor.tick(performance.now()), GOVERN_EVERY_MS).unref();
  ctx.releases.push('rate governor', () => clearInterval(ticker));
  const hooks: SourceLink['hooks'] = {
    acquire: (signal) => queue.acquire(signal),
    onResponse: (failure) => {
      requests++;
      if (failure?.code === 'throttled') rate.pause(failure.retryAfterMs);
      else rate.answer();
    },
  };
  const client = makeClient(url, {
    token: config.sourceToken,
    deadlineMs: config.requestTimeout,
    connections: CONNECTIONS,
    ...hooks,
  });
  ctx.releases.push('source client', () => client.close());
  const retry = retrying({
    retryBaseMs: config.retryBase,
    giveUpAfterMs: config.giveUpAfter,
    stop: ctx.stop,
    nowMs: () => performance.now(),
    sleep: pause,
    random: Math.random,
    onRetry: (what, failure) => ctx.log.warn({ code: failure.code }, `${what}: ${failure.message}; trying again`),
  });
  return { client, rate, retry, hooks, requests: () => requests };
}

function makeClient(url: string, options: Omit<ConstructorParameters<typeof SourceClient>[0], 'url'>): SourceClient {
  try {
    return new SourceClient({ url, ...options });
  } catch (error) {
    throw usageError(`the source URL cannot be used: ${(error as Error).message}`, 'give --source-url URL');
  }
}
