import { preflight } from '../../clickhouse/preflight.js';
import { EXIT, ExitError } from '../../core/exit.js';
import { checkInput } from '../../datasets/fills/check-input.js';
import { printDryRun } from '../../datasets/fills/dry-run.js';
import { type FillsResult, runFills } from '../../datasets/fills/fills-step.js';
import { type FillsReport, publish } from '../../datasets/fills/summary.js';
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
  const report = publish(ctx, result);
  ctx.out.result({ ...report });
  endOf(result, report);
  ctx.out.text('\nNext: backfill verify');
}

/** Throws ExitError(2) when chunks are left over or rows were rejected, more of them than are accepted. */
export function endOf(result: FillsResult, report: FillsReport, acceptRejected = 0): void {
  const { failed, rejected } = { failed: report.chunks.failed, rejected: report.rows.rejected };
  if (failed === 0 && rejected <= acceptRejected) return;
  const parts = [
    failed > 0 ? `${failed} chunks could not be loaded` : '',
    rejected > 0 ? `${rejected} rows could not be decoded` : '',
  ].filter((part) => part !== '');
  throw new ExitError(
    EXIT.leftOver,
    `${parts.join(' and ')}; everything else is in staging`,
    failed > 0
      ? `run the same command again: it tries only what is left (${result.folder.reportPath} lists it by market)`
      : `look at ${result.folder.rejectedPath}; verify --accept-rejected ${rejected} lets them pass`,
  );
}
