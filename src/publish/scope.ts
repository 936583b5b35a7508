import { loadSql } from '../clickhouse/sql.js';
import type { Target } from '../clickhouse/target.js';
import { formatCount } from '../report/format.js';
import type { RecordedPromotion } from './promotions.js';

/** The text of a selection that leaves nothing out. */
export const EVERYTHING = 'everything';

/** What a table of fills covers. */
export interface Scope {
  readonly rows: number;
  /** As in the fingerprint of its run; null where nobody has recorded it. */
  readonly selection: string | null;
}

/** A source may lose a row or two to reorganizations; whole markets are far above this. */
const FEWER_SHARE = 0.001;

/** Why readers would lose by the promotion: another selection, or clearly fewer rows. Null when they would not. */
export function whyFewer(live: Scope, next: Scope): string | null {
  const other = live.selection !== null && next.selection !== live.selection && next.selection !== EVERYTHING;
  if (other) return `it covers ${next.selection ?? 'an unknown selection'}, live covers ${live.selection}`;
  if (next.rows >= live.rows * (1 - FEWER_SHARE)) return null;
  return `it has ${formatCount(next.rows)} rows, live has ${formatCount(live.rows)}`;
}

/** A refresh keeps what live covers and adds what it was asked for. Null: it is not known what live covers. */
export function scopeAfterRefresh(live: string | null, asked: string | null): string | null {
  if (live === null || asked === null) return asked === EVERYTHING ? EVERYTHING : null;
  if (live === asked) return asked;
  if (live === EVERYTHING || asked === EVERYTHING) return EVERYTHING;
  return [...new Set([...live.split(' + '), asked])].join(' + ');
}

/** The selection of the table that is live: from its promotion, or, for one made before promotions recorded it, from its run. */
export async function liveSelection(
  target: Target,
  history: readonly RecordedPromotion[],
  live: { readonly uuid: string; readonly owner?: string | undefined },
): Promise<string | null> {
  const recorded = history.findLast((p) => p.newUuid === live.uuid && p.selection !== undefined)?.selection;
  if (recorded !== undefined) return recorded;
  if (live.owner === undefined) return null;
  const [row] = await target.query<{ selection: string }>(loadSql('promote/selection'), {
    params: { run: live.owner },
    purpose: 'looking up what live covers',
  });
  return row === undefined || row.selection === '' ? null : row.selection;
}
