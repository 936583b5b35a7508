import { preflight } from '../../clickhouse/preflight.js';
import { ensureDatabase } from '../../clickhouse/schema.js';
import { EXIT, ExitError } from '../../core/exit.js';
import { VENUE_PARTS } from '../../datasets/venues/all.js';
import type { VenueReport } from '../../datasets/venues/ingest.js';
import { ingestAll } from '../../datasets/venues/ingest-all.js';
import { formatCount, formatDuration } from '../../report/format.js';
import { renderTable } from '../../report/table.js';
import { newRunId } from '../../run/run-folder.js';
import type { Context } from '../context.js';
import { openTargetOf } from '../open-target.js';
import { ingestOptions, venueHosts } from '../venue-settings.js';

const LOG_EVERY_MS = 10_000;

/** Catalogues, prices and trades of the venues, side by side. */
export async function ingest(ctx: Context): Promise<void> {
  const { config, log } = ctx;
  const { target } = await openTargetOf(ctx);
  await preflight(target);
  await ensureDatabase(target);
  let loggedAtMs = performance.now();
  const reports = await ingestAll({
    target,
    venues: config.venues,
    sequential: config.sequential,
    options: ingestOptions(ctx),
    hosts: venueHosts(ctx),
    runId: config.run ?? newRunId(new Date(), Math.random),
    stop: ctx.stop,
    onPage: (chain, { pages, records }) => {
      if (performance.now() - loggedAtMs < LOG_EVERY_MS) return;
      loggedAtMs = performance.now();
      log.info(
        { venue: chain.venue },
        `${chain.venue}: ${chain.name}, ${formatCount(pages)} pages, ${formatCount(records)} records`,
      );
    },
    log,
  });
  ctx.out.result({ venues: reports });
  ctx.out.text(renderReports(reports, config.top !== undefined || config.minVolume !== undefined));
  endOf(reports);
}

function renderReports(reports: readonly VenueReport[], chosen: boolean): string {
  const rows = reports.map((report) => [
    report.venue,
    report.type,
    report.complete ? 'complete' : report.failure === null ? 'incomplete' : 'given up',
    formatCount(report.records),
    formatCount(report.requests),
    formatDuration(report.elapsedMs),
  ]);
  const lines = [renderTable(['venue', 'load', 'state', 'records', 'requests', 'time'], rows, [3, 4, 5])];
  for (const { venue, checks, failure } of reports) {
    if (failure !== null) lines.push(`${venue}: ${failure.message}`);
    for (const check of checks.filter(({ passed, required }) => required && !passed)) {
      lines.push(
        `${venue}: ${check.check}: ${check.expected === null ? '' : `${check.found} of ${check.expected}; `}${check.detail}`,
      );
    }
    if (chosen) lines.push(`${venue} ranks by ${VENUE_PARTS[venue].rankedBy}`);
  }
  return lines.join('\n');
}

function endOf(reports: readonly VenueReport[]): void {
  const incomplete = reports.filter(({ complete }) => !complete).map(({ venue }) => venue);
  if (incomplete.length === 0) return;
  throw new ExitError(
    EXIT.leftOver,
    `not complete: ${incomplete.join(', ')}`,
    'run the same command again: what is loaded is kept; backfill check says what is missing',
    true,
  );
}
