/** Bars from Massive into ClickHouse: one clock for all requests, and inserts go on while further pages are asked for. */
import PQueue from 'p-queue';
import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import { type Failure, FailureError } from '../../core/failure.js';
import { AdaptiveRate } from '../../net/adaptive-rate.js';
import { RETRY_CLOCK, retrying } from '../../net/retry.js';
import { RestClient, type RestRequest } from '../../sources/rest/client.js';
import { readBars, requestOf } from './answer.js';
import { type BarsAsked, type BarsRequest, planBars } from './plan.js';

export interface BarsSettings {
  readonly url: string;
  readonly key: string | undefined;
  readonly rpm: number;
  readonly deadlineMs: number;
  readonly retryBaseMs: number;
  readonly giveUpAfterMs: number;
  readonly stop: AbortSignal;
  sleep(ms: number, signal: AbortSignal): Promise<boolean>;
  onRetry(what: string, failure: Failure): void;
}

export interface BarsReport {
  readonly requests: number;
  readonly planned: number;
  readonly bars: number;
  /** Symbols without a single bar of a timespan. */
  readonly empty: readonly string[];
  readonly failures: readonly { readonly what: string; readonly message: string }[];
  readonly elapsedMs: number;
  /** Time in requests and in inserts, both summed over what went on side by side. */
  readonly requestMs: number;
  readonly insertMs: number;
}

/** Requests in flight: enough for 150 a minute at several seconds each. */
const AT_ONCE = 16;

/** Throws the stop signal's reason, what is wrong with the target, and a source that stays away or refuses the key. */
export async function loadBars(target: Target, asked: BarsAsked, settings: BarsSettings): Promise<BarsReport> {
  await target.command(loadSql('bars/create-bars'), { purpose: 'making the table bars' });
  const startMs = performance.now();
  const plan = planBars(asked);
  const figures = { requests: 0, bars: 0, requestMs: 0, insertMs: 0 };
  const failures: { what: string; message: string }[] = [];
  const seen = new Set<string>();
  const wanted = new Set(asked.symbols);
  const rate = new AdaptiveRate(settings.rpm / 60);
  const client = new RestClient({
    baseUrl: settings.url,
    secretHeaders: settings.key === undefined ? {} : { authorization: `Bearer ${settings.key}` },
    deadlineMs: settings.deadlineMs,
    connections: AT_ONCE,
    onResponse: (_failure, elapsedMs) => {
      figures.requests++;
      figures.requestMs += elapsedMs;
    },
  });
  const retry = retrying({ ...RETRY_CLOCK, ...settings });
  const inserting = new Set<Promise<void>>();
  let broken: unknown = null;

  const insert = async (rows: readonly object[]) => {
    const begunMs = performance.now();
    await target.insertRows('bars', rows as Record<string, unknown>[], { purpose: `writing ${rows.length} bars` });
    figures.insertMs += performance.now() - begunMs;
    figures.bars += rows.length;
  };
  const read = async (request: BarsRequest) => {
    for (let next: RestRequest | null = requestOf(request); next !== null && broken === null; ) {
      const asking: RestRequest = next;
      const page = await retry(client.nameOf(asking), async () => {
        const answer = await client.request(asking, [rate], settings.stop);
        const loadedAt = new Date(answer.receivedAtMs).toISOString().replace('T', ' ').slice(0, 23);
        return readBars(answer.text, request, wanted, loadedAt);
      });
      for (const { symbol, timespan } of page.bars) seen.add(`${symbol} ${timespan}`);
      const writing = insert(page.bars).catch((error: unknown) => {
        broken ??= error;
      });
      inserting.add(writing);
      void writing.finally(() => inserting.delete(writing));
      // A slow target holds the reading back: what waits to be written stays bounded.
      if (inserting.size > AT_ONCE) await Promise.race(inserting);
      next = page.next;
    }
  };
  try {
    const queue = new PQueue({ concurrency: AT_ONCE });
    const reads = plan.map((request) =>
      queue.add(async () => {
        if (broken !== null) return;
        try {
          await read(request);
        } catch (error) {
          const refused = error instanceof FailureError && error.failure.code === 'query_refused';
          if (refused && !/denied/.test(error.failure.message))
            failures.push({ what: nameOf(request), message: error.message });
          else broken ??= error;
        }
      }),
    );
    await Promise.all(reads);
    await Promise.all(inserting);
    if (settings.stop.aborted) throw settings.stop.reason;
    if (broken !== null) throw broken;
  } finally {
    rate.close();
    await client.close();
  }
  await target.longCommand('OPTIMIZE TABLE bars FINAL', { purpose: 'collapsing bars that came twice' });
  const pairs = asked.timespans.flatMap((timespan) => asked.symbols.map((symbol) => `${symbol} ${timespan}`));
  const empty = pairs.filter((pair) => !seen.has(pair));
  return { ...figures, planned: plan.length, empty, failures, elapsedMs: performance.now() - startMs };
}

function nameOf(request: BarsRequest): string {
  return request.kind === 'grouped'
    ? request.day
    : `${request.symbol} ${request.timespan} ${request.from} to ${request.to}`;
}
