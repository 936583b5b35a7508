import { usageError } from '../../core/exit.js';
import { formatCount, formatDuration, formatEta } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import type { Checkpoint } from '../../run/checkpoint.js';
import { size } from '../../run/intervals.js';
import { liveHolder } from '../../run/lock.js';
import { type FoundRun, findRun } from '../../run/run-folder.js';
import type { Context } from '../context.js';

/** Where the run is, read from its folder alone: works beside the running process and without source or target. */
export async function status(ctx: Context): Promise<void> {
  const { checkpoints, run } = ctx.config;
  const found = findRun(checkpoints, run);
  if (found === null) {
    throw usageError(
      run === undefined ? `no run in ${checkpoints}` : `no run ${run} in ${checkpoints}`,
      'backfill fills begins one; --checkpoints DIR names another folder',
    );
  }
  const state = statusOf(found);
  ctx.out.result({ ...state });
  ctx.out.text(renderStatus(state));
}

export interface Status {
  readonly dataset: string;
  readonly run: string;
  readonly phase: Phase;
  /** The process that works on it now. */
  readonly pid: number | null;
  readonly block: number;
  readonly pinned: boolean;
  readonly chunks: { readonly done: number; readonly failed: number; readonly planned: number };
  readonly markets: { readonly done: number; readonly planned: number };
  /** `acknowledged`: while it loads, also those of chunks that have not ended, which a resume reads again. */
  readonly rows: { readonly acknowledged: number; readonly expected: number; readonly rejected: number };
  readonly requests: number;
  readonly throttled: number;
  readonly retries: number;
  readonly pace: {
    readonly rowsPerS: number;
    readonly requestsPerS: number;
    readonly etaMs: number | null;
    readonly bound: string;
  } | null;
  /** What is loaded at this moment: chunks in flight, the names of the first few. Null when nothing is. */
  readonly loading: { readonly chunks: number; readonly names: readonly string[] } | null;
  /** What a resume would load, chunks that were in flight included. */
  readonly left: { readonly chunks: number; readonly rows: number };
  readonly sittings: number;
  readonly activeMs: number;
  readonly updatedAt: string;
  readonly steps: Checkpoint['steps'];
  readonly next: string;
}

type Phase = 'planned' | 'loading' | 'interrupted' | 'loaded' | 'incomplete' | 'verified' | 'promoted' | 'finished';

export function statusOf({ folder, checkpoint: c }: FoundRun): Status {
  const holder = liveHolder(folder.dir);
  const done = size(c.done);
  const phase = phaseOf(c, holder !== null);
  // A killed process leaves behind what it was at.
  const loading = holder === null ? null : c.loading;
  return {
    dataset: c.dataset,
    run: c.run,
    phase,
    pid: holder?.pid ?? null,
    block: c.block,
    pinned: c.pinned,
    chunks: { done, failed: c.failed.length, planned: c.chunks },
    markets: { done: c.marketsDone, planned: c.markets },
    rows: { acknowledged: c.rows + (loading?.rows ?? 0), expected: c.expectedRows, rejected: c.rejected },
    requests: c.requests,
    throttled: c.throttled,
    retries: c.retries,
    pace: c.pace && holder ? { ...c.pace, etaMs: c.pace.etaMs < 0 ? null : c.pace.etaMs } : null,
    loading: loading && { chunks: loading.chunks, names: loading.names },
    left: { chunks: c.chunks - done, rows: done === c.chunks ? 0 : Math.max(0, c.expectedRows - c.rows) },
    sittings: c.sittings,
    activeMs: c.activeMs,
    updatedAt: c.updatedAt,
    steps: c.steps,
    next: NEXT[phase],
  };
}

function phaseOf(c: Checkpoint, alive: boolean): Phase {
  if (c.steps['rebuild-pnl'] !== undefined) return 'finished';
  if (c.steps.promote !== undefined) return 'promoted';
  if (c.steps.verify !== undefined) return 'verified';
  if (c.steps.fills !== undefined) return c.failed.length > 0 ? 'incomplete' : 'loaded';
  if (alive) return 'loading';
  return c.sittings === 0 ? 'planned' : 'interrupted';
}

const NEXT: Readonly<Record<Phase, string>> = {
  planned: 'backfill fills',
  loading: 'wait for it',
  interrupted: 'backfill fills, with the same options: it goes on where it stopped',
  incomplete: 'backfill fills, with the same options: it tries only what is left',
  loaded: 'backfill verify',
  verified: 'backfill promote',
  promoted: 'backfill rebuild-pnl',
  finished: 'backfill fills --refresh, when the source has grown',
};

export function renderStatus(s: Status): string {
  const failed = s.chunks.failed > 0 ? `, ${formatCount(s.chunks.failed)} failed` : '';
  const rejected = s.rows.rejected > 0 ? `, ${formatCount(s.rows.rejected)} rejected` : '';
  const facts: [string, string][] = [
    ['run', `${s.run} of ${s.dataset}, ${s.phase}${s.pid === null ? '' : ` (process ${s.pid})`}`],
    ['block', `${formatCount(s.block)}${s.pinned ? '' : ', unpinned'}`],
    ['markets', `${formatCount(s.markets.done)} of ${formatCount(s.markets.planned)}`],
    ['chunks', `${formatCount(s.chunks.done)} of ${formatCount(s.chunks.planned)}${failed}`],
    ['rows', `${formatCount(s.rows.acknowledged)} acknowledged of ${formatCount(s.rows.expected)} expected${rejected}`],
    [
      'requests',
      `${formatCount(s.requests)}, ${formatCount(s.throttled)} throttled, ${formatCount(s.retries)} retries`,
    ],
  ];
  if (s.loading && s.loading.chunks > 0) {
    const more = s.loading.chunks > s.loading.names.length ? ', …' : '';
    facts.push([
      'loading now',
      `${formatCount(s.loading.chunks)} chunks of ${s.dataset}: ${s.loading.names.join(', ')}${more}`,
    ]);
  }
  if (s.pace) {
    facts.push([
      'pace',
      `${formatCount(Math.round(s.pace.rowsPerS))} rows/s, ${s.pace.requestsPerS.toFixed(1)} requests/s, bound by ${s.pace.bound}`,
    ]);
    facts.push(['ETA', formatEta(s.pace.etaMs ?? Number.POSITIVE_INFINITY)]);
  }
  facts.push([
    'time',
    `${formatDuration(s.activeMs)} in ${s.sittings} ${s.sittings === 1 ? 'sitting' : 'sittings'}; checkpoint of ${s.updatedAt}`,
  ]);
  if (s.left.chunks > 0)
    facts.push(['a resume loads', `${formatCount(s.left.chunks)} chunks, about ${formatCount(s.left.rows)} rows`]);
  facts.push(['next', s.next]);
  return renderFacts(facts);
}
