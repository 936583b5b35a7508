import { endOfMarkets } from '../../datasets/conditions/markets-step.js';
import { checkInput } from '../../datasets/fills/check-input.js';
import { type FoundRun, findRun } from '../../run/run-folder.js';
import type { Context } from '../context.js';
import { openTargetOf, workOn } from '../open-target.js';
import { inputOf } from '../settings.js';
import { followWithPnl, runWholeJob } from '../steps/whole-job.js';

/** Markets, fills, verify, promote and rebuild-pnl; goes on at the step where the last sitting stopped. */
export async function run(ctx: Context): Promise<void> {
  const asked = checkInput(inputOf(ctx));
  const over = allDone(ctx);
  const opened = await openTargetOf(ctx);
  if (over !== null) {
    const pnl = await followWithPnl(ctx, workOn(ctx, opened));
    ctx.out.text(`The run ${over.folder.id} is live and P&L follows it: nothing is left to do.`);
    ctx.out.result({ run: over.folder.id, steps: over.checkpoint.steps, ...pnl });
    return;
  }
  const job = await runWholeJob(ctx, opened, asked);
  ctx.out.result({ ...job });
  if (job.markets) endOfMarkets(job.markets, 'run `backfill markets`, then `backfill rebuild-pnl`');
}

/** The run that was named and has made every step; without a name the same command begins the next run. */
function allDone(ctx: Context): FoundRun | null {
  if (ctx.config.fresh || ctx.config.run === undefined) return null;
  const found = findRun(ctx.config.checkpoints, ctx.config.run);
  const steps = found?.checkpoint.steps;
  return steps?.promote !== undefined && steps['rebuild-pnl'] !== undefined ? found : null;
}
