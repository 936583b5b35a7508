import type { RunFolder } from '../../run/run-folder.js';
import type { Plan, TokenCount } from './plan/chunk.js';
import { checkPlan } from './plan/plan.js';

/** What a run froze when it began: the plan, and the market of each of its tokens (null where the source names none). */
export interface FrozenPlan {
  readonly plan: Plan;
  readonly markets: readonly (string | null)[];
  /** What staging must hold in the end where that is more than the plan's tokens: with a refresh also what live holds already. */
  readonly universe: readonly TokenCount[] | null;
}

/** Checked again when read: a plan that does not cover its tokens must not be resumed. Throws ExitError(1). */
export function readFrozenPlan(folder: RunFolder): FrozenPlan {
  return folder.readPlan((value) => {
    const frozen = value as FrozenPlan;
    if (frozen.plan?.version !== 1)
      throw new Error(`version ${frozen.plan?.version ?? 'unknown'}, this program reads 1`);
    if (frozen.markets.length !== frozen.plan.tokens.length) throw new Error('markets and tokens differ in number');
    checkPlan(frozen.plan);
    return frozen;
  });
}

/** The market of each of the plan's tokens: its condition, or itself. */
export function marketsOfTokens({ plan, markets }: Pick<FrozenPlan, 'plan' | 'markets'>): string[] {
  return plan.tokens.map(({ token }, i) => markets[i] || token);
}
