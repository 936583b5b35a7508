import { ensureDatabase } from '../../clickhouse/schema.js';
import { EXIT, ExitError } from '../../core/exit.js';
import { checkVenues, type VenueState } from '../../datasets/venues/check.js';
import { ensureVenueTables, VENUE_LAYERS } from '../../datasets/venues/tables.js';
import { formatCount, formatDuration } from '../../report/format.js';
import { renderTable } from '../../report/table.js';
import type { Context } from '../context.js';
import { openTargetOf } from '../open-target.js';

/** Layers, rows, freshness and completeness of the venues; exit code 3 where one is stale or incomplete. */
export async function check(ctx: Context): Promise<void> {
  const { venues, staleAfter } = ctx.config;
  const { target } = await openTargetOf(ctx);
  await ensureDatabase(target);
  await ensureVenueTables(target);
  const states = await checkVenues(target, venues, { staleAfterMs: staleAfter, nowMs: Date.now() });
  const bad = states.filter(({ complete, stale }) => !complete || stale).map(({ venue }) => venue);
  ctx.out.result({ ok: bad.length === 0, venues: states });
  ctx.out.text(renderStates(states));
  if (bad.length === 0) return;
  const message = `stale or incomplete: ${bad.join(', ')}`;
  throw new ExitError(EXIT.gateFailed, message, 'backfill ingest loads what is missing', true);
}

function renderStates(states: readonly VenueState[]): string {
  const rows = states.map(({ venue, complete, stale, ageMs, rows }) => [
    venue,
    complete ? 'complete' : 'incomplete',
    ageMs === null ? 'never' : `${formatDuration(ageMs)}${stale ? ' (stale)' : ''}`,
    ...VENUE_LAYERS.map((layer) => formatCount(rows[layer] ?? 0)),
  ]);
  const head = ['venue', 'state', 'age', 'bronze', 'events', 'markets', 'prices', 'books', 'trades'];
  const findings = states.flatMap(({ venue, findings }) => findings.map((finding) => `${venue}: ${finding}`));
  return [renderTable(head, rows, [3, 4, 5, 6, 7, 8]), ...findings].join('\n');
}
