/** What is loaded of the venues: rows of each layer, how old, and whether what certificates promise is there. */
import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import type { Venue } from './model.js';

export interface VenueState {
  readonly venue: Venue;
  /** Null where it was never loaded. */
  readonly run: string | null;
  readonly type: string | null;
  /** Whether the latest run ended and everything it had to prove was proved. */
  readonly complete: boolean;
  readonly stale: boolean;
  /** Since the last run that ended, milliseconds. */
  readonly ageMs: number | null;
  readonly rows: Readonly<Record<string, number>>;
  /** What is wrong, one sentence each. */
  readonly findings: readonly string[];
}

interface RunRow {
  readonly venue: Venue;
  readonly latest: string;
  readonly run_type: string;
  readonly loaded_at: string | null;
  readonly ended: number | boolean;
  readonly is_complete: boolean;
  readonly why: string;
}

export async function checkVenues(
  target: Target,
  venues: readonly Venue[],
  { staleAfterMs, nowMs }: { readonly staleAfterMs: number; readonly nowMs: number },
): Promise<VenueState[]> {
  const query = <Row>(name: string, params = {}) =>
    target.query<Row>(loadSql(`venues/${name}`), { params, purpose: `asking for ${name.replaceAll('-', ' ')}` });
  const runs = new Map((await query<RunRow>('latest-runs')).map((row) => [row.venue, row]));
  const layers = await query<{ layer: string; venue: Venue; rows: string }>('layers');
  const certificates = await query<CertificateRow>('certificates-of-latest');
  const states: VenueState[] = [];
  for (const venue of venues) {
    const run = runs.get(venue);
    const rows = Object.fromEntries(
      layers.filter((row) => row.venue === venue).map((row) => [row.layer, Number(row.rows)]),
    );
    if (run === undefined) {
      const findings = ['never loaded: run backfill ingest'];
      states.push({ venue, run: null, type: null, complete: false, stale: true, ageMs: null, rows, findings });
      continue;
    }
    const promised = await query<{ run: string; expected: string; found: string }>('promised-markets', { venue });
    const short = promised.filter(({ expected, found }) => Number(found) < Number(expected));
    const ageMs = run.loaded_at === null ? null : nowMs - Date.parse(`${run.loaded_at.replace(' ', 'T')}Z`);
    const stale = ageMs === null || ageMs > staleAfterMs;
    const failed = certificates.filter(
      (row) => row.venue === venue && row.run === run.latest && row.required && !row.passed,
    );
    const findings = [
      ...(run.ended ? [] : [`run ${run.latest} has not ended${run.why === '' ? '' : `: ${run.why}`}`]),
      ...failed.map(({ check, expected, found, detail }) => `${check}: ${shown(expected, found)}${detail}`),
      ...short.map(({ run, expected, found }) => `run ${run} has seen ${expected} markets, ${found} of them are there`),
      ...(stale ? ['stale: the last run ended too long ago'] : []),
    ];
    const complete = Boolean(run.ended) && run.is_complete && short.length === 0;
    states.push({ venue, run: run.latest, type: run.run_type, complete, stale, ageMs, rows, findings });
  }
  return states;
}

interface CertificateRow {
  readonly venue: Venue;
  readonly run: string;
  readonly check: string;
  readonly expected: string | null;
  readonly found: string | null;
  readonly passed: boolean;
  readonly required: boolean;
  readonly detail: string;
}

function shown(expected: string | null, found: string | null): string {
  return expected === null ? '' : `${found} of ${expected}; `;
}
