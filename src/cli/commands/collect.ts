import { preflight } from '../../clickhouse/preflight.js';
import { ensureDatabase } from '../../clickhouse/schema.js';
import { FailureError } from '../../core/failure.js';
import { pause } from '../../core/pause.js';
import { OddsCollector } from '../../datasets/odds/collect.js';
import { VENUE_PARTS } from '../../datasets/venues/all.js';
import { VenueCollector } from '../../datasets/venues/collect.js';
import { VenueHosts } from '../../datasets/venues/hosts.js';
import { ensureVenueTables } from '../../datasets/venues/tables.js';
import { formatCount, formatDuration } from '../../report/format.js';
import { newRunId } from '../../run/run-folder.js';
import { AnswerCache } from '../../sources/rest/cache.js';
import { retryingOf } from '../again.js';
import type { Context } from '../context.js';
import { openTargetOf } from '../open-target.js';
import { ingestOptions, venueHosts } from '../venue-settings.js';

/** A change is hidden for no longer than twice this. */
const CACHE_MS = 30_000;
const CACHE_BYTES = 32 << 20;

/** The ingest of the venues, round after round, until a signal. */
export async function collect(ctx: Context): Promise<void> {
  const { config, log, stop, releases } = ctx;
  const { target } = await openTargetOf(ctx);
  await preflight(target);
  await ensureDatabase(target);
  await ensureVenueTables(target);
  const settings = venueHosts(ctx);
  const runId = newRunId(new Date(), Math.random);
  const collectors = config.venues.map((venue) => {
    const parts = VENUE_PARTS[venue];
    const cache = new AnswerCache(Math.min(CACHE_MS, config.every / 2), CACHE_BYTES);
    const hosts = new VenueHosts(parts.hosts, { ...settings, stop, cache });
    releases.push(`hosts of ${venue}`, () => hosts.close());
    return new VenueCollector(parts, ingestOptions(ctx), {
      target,
      hosts,
      runId,
      stop,
      now: Date.now,
      onPage: () => undefined,
      log,
    });
  });
  const odds = config.oddsSports.length === 0 ? null : await openOdds(ctx, target);
  while (!stop.aborted) {
    const begunMs = performance.now();
    const cpu = process.cpuUsage();
    const rounds: (() => Promise<string>)[] = [
      ...collectors.map((collector) => async () => {
        const { venue, rows, requests, complete, failure } = await collector.round();
        const state = complete ? '' : failure === null ? ', incomplete' : `, failed: ${failure.message}`;
        return `${venue} ${formatCount(rows)} rows, ${formatCount(requests)} requests${state}`;
      }),
      ...(odds === null ? [] : [() => sayOdds(odds)]),
    ];
    const said: string[] = [];
    if (config.sequential) for (const round of rounds) said.push(await round());
    else said.push(...(await Promise.all(rounds.map((round) => round()))));
    const elapsedMs = performance.now() - begunMs;
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1000;
    log.info(`round in ${formatDuration(elapsedMs)}, CPU ${formatDuration(cpuMs)}: ${said.join('; ')}`);
    await pause(Math.max(0, config.every - elapsedMs), stop);
  }
  throw stop.reason;
}

/** Bookmakers that fail do not keep the venues. */
async function sayOdds(odds: OddsCollector): Promise<string> {
  try {
    return `odds ${formatCount(await odds.round())} rows`;
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.side !== 'source') throw error;
    return `odds failed: ${error.failure.message}`;
  }
}

async function openOdds(
  ctx: Context,
  target: Awaited<ReturnType<typeof openTargetOf>>['target'],
): Promise<OddsCollector> {
  const { config } = ctx;
  const odds = new OddsCollector(target, config.oddsSports, {
    url: config.oddsUrl,
    key: config.oddsApiKey,
    deadlineMs: config.requestTimeout,
    retrying: retryingOf(ctx),
  });
  ctx.releases.push('client of odds', () => odds.close());
  await odds.open();
  return odds;
}
