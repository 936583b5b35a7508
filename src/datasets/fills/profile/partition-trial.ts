import type { Context } from '../../../cli/context.js';
import type { OpenedTarget } from '../../../clickhouse/open.js';
import { isTooSlow } from '../../../sources/subgraph/lists.js';
import type { Plan } from '../plan/chunk.js';
import { type Planned, planRun } from '../planning.js';
import type { SourceLink } from '../source-link.js';
import { CLEARLY } from './axis-trial.js';
import { profileSamples, type SampleProfile } from './profiling.js';
import { project } from './projection.js';

/** How long the source alone would keep a load waiting, asked for market by market and for the whole tape in windows. */
export interface PartitionTrial {
  /** Null: the source does not answer such pages in time, however small. */
  readonly marketsMs: number | null;
  readonly timeMs: number | null;
  readonly prefers: 'markets' | 'time';
}

/** Samples of the partition that the plan does not have, against those of its own. Throws FailureError. */
export async function comparePartitions(
  ctx: Context,
  source: SourceLink,
  opened: OpenedTarget,
  planned: Planned,
  own: { readonly plan: Plan; readonly samples: SampleProfile },
): Promise<PartitionTrial> {
  const byTime = own.plan.options.partition === 'time';
  const plan = planRun(ctx, planned, { partition: byTime ? 'markets' : 'time' });
  const samples = await samplesInTime(ctx, source, opened, plan, planned.pinned ? planned.head.block : null);
  const waits = (of: typeof own): number => {
    const { limitMs, sourceMs } = project(of.samples, of.plan.totals, ctx.config);
    return Math.max(limitMs, sourceMs);
  };
  const [ownMs, otherMs] = [waits(own), samples && waits({ plan, samples })];
  const [marketsMs, timeMs] = byTime ? [otherMs, ownMs] : [ownMs, otherMs];
  const prefersTime = timeMs !== null && timeMs * CLEARLY < (marketsMs ?? Number.POSITIVE_INFINITY);
  return { marketsMs, timeMs, prefers: prefersTime ? 'time' : 'markets' };
}

async function samplesInTime(
  ctx: Context,
  source: SourceLink,
  opened: OpenedTarget,
  plan: Plan,
  block: number | null,
): Promise<SampleProfile | null> {
  try {
    return await profileSamples(ctx, source, opened, plan, block);
  } catch (error) {
    if (isTooSlow(error)) return null;
    throw error;
  }
}
