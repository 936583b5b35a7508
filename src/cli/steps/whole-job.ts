import type { Work } from '../../clickhouse/heavy.js';
import type { OpenedTarget } from '../../clickhouse/open.js';
import { preflight } from '../../clickhouse/preflight.js';
import { ensureSchema } from '../../clickhouse/schema.js';
import { readCatalogue } from '../../datasets/conditions/catalogue.js';
import { renderMarketsReport } from '../../datasets/conditions/markets-report.js';
import { loadMarkets, type MarketsReport } from '../../datasets/conditions/markets-step.js';
import { runFills } from '../../datasets/fills/fills-step.js';
import { existingRun } from '../../datasets/fills/open-run.js';
import type { AskedSelection } from '../../datasets/fills/planning.js';
import { endOfFills, reportFills } from '../../datasets/fills/summary.js';
import type { Rebuilt } from '../../datasets/pnl/rebuild.js';
import { whyPnlBehind } from '../../datasets/pnl/versions.js';
import { noteStep } from '../../run/keeper.js';
import { type FoundRun, findRun } from '../../run/run-folder.js';
import type { Context } from '../context.js';
import { leaseOf } from '../lease.js';
import { lockRun } from '../open-run.js';
import { workOn } from '../open-target.js';
import { fillsSettings, marketsSources, runSettings } from '../settings.js';
import { rebuildAndShow, rebuildFound } from './pnl-step.js';
import { describePromoted, promoteFound } from './promote-step.js';

export interface WholeJob extends Record<string, unknown> {
  /** Absent where an earlier sitting made this step. */
  readonly markets?: MarketsReport;
}

/** The five steps on an open target; prints each one's report and returns what `--json` shows. */
export async function runWholeJob(ctx: Context, opened: OpenedTarget, asked: AskedSelection): Promise<WholeJob> {
  const work = workOn(ctx, opened);
  await preflight(opened.target);
  const { found, ...said } = await loadAll(ctx, opened, asked);
  if (found === null) {
    ctx.out.text('Live holds exactly what the source counts: nothing to fetch.');
    return { upToDate: true, ...said, ...(await followWithPnl(ctx, work)) };
  }
  await ensureSchema(opened.target);
  const lease = await leaseOf(ctx, opened.target);
  if (found.checkpoint.steps.promote === undefined) {
    ctx.stop.throwIfAborted();
    title(ctx, 'Checks');
    const promoted = await promoteFound(ctx, work, found, lease);
    title(ctx, 'Promoted');
    ctx.out.text(describePromoted(promoted, false, null));
  }
  ctx.stop.throwIfAborted();
  title(ctx, 'Profit and loss');
  const pnl = await rebuildFound(ctx, work, found, lease);
  return { run: found.folder.id, steps: found.folder.readCheckpoint()?.steps, pnl, ...said };
}

/** No new fill is no reason for P&L to stand still: `markets` may have learned of resolutions. */
export async function followWithPnl(ctx: Context, work: Work): Promise<{ pnl?: Rebuilt }> {
  const why = await whyPnlBehind(work.target);
  if (why === null) return {};
  title(ctx, 'Profit and loss');
  ctx.log.info(`P&L is rebuilt: ${why}`);
  return { pnl: await rebuildAndShow(ctx, work, await leaseOf(ctx, work.target)) };
}

/** A run that went live but whose P&L was not rebuilt: the only step left. Takes its lock. */
async function promotedOnly(ctx: Context): Promise<FoundRun | null> {
  if (ctx.config.fresh) return null;
  const last = findRun(ctx.config.checkpoints, ctx.config.run);
  const steps = last?.checkpoint.steps;
  if (!last || steps?.promote === undefined || steps['rebuild-pnl'] !== undefined) return null;
  ctx.log.info({ run: last.folder.id }, 'the run is live; its P&L is not rebuilt yet');
  return lockRun(ctx, last);
}

interface Loaded {
  /** Null when live holds everything already. */
  readonly found: FoundRun | null;
  readonly markets?: MarketsReport;
}

async function loadAll(ctx: Context, opened: OpenedTarget, asked: AskedSelection): Promise<Loaded> {
  const promoted = await promotedOnly(ctx);
  const { catalogue } = ctx.config;
  const said: { markets?: MarketsReport } = {};
  const begun = promoted ?? existingRun(runSettings(ctx.config));
  if (begun?.checkpoint.steps.markets === undefined) {
    title(ctx, 'Markets');
    said.markets = await loadMarkets(ctx, opened.target, {
      ...marketsSources(ctx.config),
      catalogue: catalogue === undefined ? null : readCatalogue(catalogue),
      ...(begun === null ? { selection: asked.selection } : {}),
    });
    ctx.out.text(renderMarketsReport(said.markets));
  }
  if (promoted !== null) return { found: promoted, ...said };
  ctx.stop.throwIfAborted();
  title(ctx, 'Fills');
  const result = await runFills(ctx, fillsSettings(ctx.config), opened, asked);
  if (result === null) return { found: null, ...said };
  const report = reportFills(ctx, result);
  // With conditions set aside the step is left over too: the next sitting tries it again.
  if (!said.markets?.setAside.length && result.checkpoint.steps.markets === undefined) {
    noteStep(result.folder, 'markets', new Date().toISOString());
  }
  endOfFills(result, report, ctx.config.acceptRejected);
  const checkpoint = result.folder.readCheckpoint() ?? result.checkpoint;
  return { found: { folder: result.folder, checkpoint }, ...said };
}

function title(ctx: Context, name: string): void {
  ctx.out.text(`\n${name}`);
}
