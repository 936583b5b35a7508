import { preflight } from '../../clickhouse/preflight.js';
import { checkInput } from '../../datasets/fills/check-input.js';
import { printDryRun } from '../../datasets/fills/dry-run.js';
import { runFills } from '../../datasets/fills/fills-step.js';
import { endOfFills, reportFills } from '../../datasets/fills/summary.js';
import type { Context } from '../context.js';
import { openTargetOf } from '../open-target.js';
import { fillsSettings, inputOf } from '../settings.js';

/** Plans and loads every fill into staging; resumes. */
export async function fills(ctx: Context): Promise<void> {
  const asked = checkInput(inputOf(ctx));
  const settings = fillsSettings(ctx.config);
  if (ctx.config.dryRun) return printDryRun(ctx, settings, asked);
  const opened = await openTargetOf(ctx);
  await preflight(opened.target);
  const result = await runFills(ctx, settings, opened, asked);
  if (result === null) {
    ctx.out.text('Live holds exactly what the source counts: nothing to fetch.');
    ctx.out.result({ upToDate: true });
    return;
  }
  const report = reportFills(ctx, result);
  ctx.out.result({ ...report });
  endOfFills(result, report);
  ctx.out.text('\nNext: backfill verify');
}
