import { availableParallelism } from 'node:os';
import type { ProfileSettings, SampleProfile } from './profiling.js';

/** How long each stage alone would take for the whole plan; the longest is what bounds the run. */
export interface Projection {
  readonly limitMs: number;
  readonly sourceMs: number;
  readonly targetMs: number;
  readonly cpuMs: number;
  readonly etaMs: number;
  readonly bound: 'rate limit' | 'source' | 'target' | 'CPU';
  readonly settings: { readonly workers: number; readonly rps: number; readonly pageRows: number };
}

/** Inserts that ClickHouse takes on at once before they only queue up. */
const INSERTS_AT_ONCE = 32;
/** A page this slow is near the source's own time-outs. */
const SLOW_PAGE_MS = 10_000;

export function project(
  profile: SampleProfile,
  plan: { readonly rows: number; readonly requests: number },
  settings: ProfileSettings,
): Projection {
  const kinds = [profile.small, profile.large].filter((kind) => kind !== null);
  const requestMs = Math.max(...kinds.map((kind) => kind.requestMs.median), 1);
  const slowMs = Math.max(...kinds.map((kind) => kind.requestMs.p95), 1);
  const insertMs = Math.max(...kinds.map((kind) => kind.insertMs.median), 0);
  const stages = {
    'rate limit': (plan.requests / settings.rps) * 1000,
    source: (plan.requests * requestMs) / settings.workers,
    target: ((plan.rows / settings.batchRows) * insertMs) / Math.min(INSERTS_AT_ONCE, settings.workers),
    CPU: (plan.rows * profile.cpuMicrosPerRow) / 1000 / availableParallelism(),
  } as const;
  const [bound, etaMs] = (Object.entries(stages) as [Projection['bound'], number][]).reduce((a, b) =>
    b[1] > a[1] ? b : a,
  );
  return {
    limitMs: stages['rate limit'],
    sourceMs: stages.source,
    targetMs: stages.target,
    cpuMs: stages.CPU,
    etaMs,
    bound,
    settings: {
      // Enough to keep the limit busy through slow pages and inserts, and no more than help.
      workers: Math.min(256, Math.max(16, Math.ceil(((settings.rps * (slowMs + insertMs)) / 1000) * 1.5))),
      rps: settings.rps,
      pageRows: slowMs > SLOW_PAGE_MS ? Math.max(50, Math.round(settings.pageRows / 2)) : settings.pageRows,
    },
  };
}
