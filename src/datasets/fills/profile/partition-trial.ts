import { isTooSlow } from '../../../sources/subgraph/lists.js';
import type { Plan } from '../plan/chunk.js';
import { type Planned, planRun } from '../planning.js';
import { CLEARLY } from './axis-trial.js';
import { type ProfileSettings, profileSamples, type SampleInput, type SampleProfile } from './profiling.js';
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
  input: Omit<SampleInput, 'plan' | 'block'>,
  settings: ProfileSettings,
  planned: Planned,
  own: { readonly plan: Plan; readonly samples: SampleProfile },
): Promise<PartitionTrial> {
  const byTime = own.plan.options.partition === 'time';
  const plan = planRun({ ...own.plan.options, partition: byTime ? 'markets' : 'time' }, planned);
  const samples = await samplesInTime({ ...input, plan, block: planned.pinned ? planned.head.block : null });
  const waits = (of: typeof own): number => {
    const { limitMs, sourceMs } = project(of.samples, of.plan.totals, settings);
    return Math.max(limitMs, sourceMs);
  };
  const [ownMs, otherMs] = [waits(own), samples && waits({ plan, samples })];
  const [marketsMs, timeMs] = byTime ? [otherMs, ownMs] : [ownMs, otherMs];
  const prefersTime = timeMs !== null && timeMs * CLEARLY < (marketsMs ?? Number.POSITIVE_INFINITY);
  return { marketsMs, timeMs, prefers: prefersTime ? 'time' : 'markets' };
}

async function samplesInTime(input: SampleInput): Promise<SampleProfile | null> {
  try {
    return await profileSamples(input);
  } catch (error) {
    if (isTooSlow(error)) return null;
    throw error;
  }
}
