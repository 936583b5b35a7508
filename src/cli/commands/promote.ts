import { FILLS_LIVE } from '../../clickhouse/tables.js';
import { rollback } from '../../publish/rollback.js';
import { formatCount } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import { stepAgain } from '../again.js';
import type { Context } from '../context.js';
import { leaseOf, pnlRemark } from '../lease.js';
import { lockedRun } from '../open-run.js';
import { openWork } from '../open-target.js';
import { describePromoted, promoteFound } from '../steps/promote-step.js';

/** Verifies, then switches staging to live in one atomic step; with --rollback, back again. */
export async function promote(ctx: Context): Promise<void> {
  if (ctx.config.rollback) return rollBack(ctx);
  const found = await lockedRun(ctx);
  const work = await openWork(ctx);
  const lease = ctx.config.dryRun ? undefined : await leaseOf(ctx, work.target);
  const promoted = await promoteFound(ctx, work, found, lease);
  const pnl = ctx.config.dryRun ? null : await pnlRemark(work.target);
  ctx.out.result({ ...promoted, pnl: pnl ?? 'current' });
  ctx.out.text(describePromoted(promoted, ctx.config.dryRun, pnl));
}

async function rollBack(ctx: Context): Promise<void> {
  const work = await openWork(ctx);
  const { dryRun } = ctx.config;
  const lease = dryRun ? undefined : await leaseOf(ctx, work.target);
  if (ctx.config.run !== undefined) ctx.log.warn('--rollback takes back the last promotion, whichever run it was');
  const back = await stepAgain(ctx, 'rollback', () => rollback(work, { dryRun, lease }));
  const pnl = dryRun ? null : await pnlRemark(work.target);
  ctx.out.result({ ...back, pnl: pnl ?? 'current' });
  const would = dryRun ? 'would be ' : '';
  ctx.out.text(
    renderFacts([
      ['taken back', `${would}promotion ${back.promotion}`],
      [
        FILLS_LIVE,
        `${would}${formatCount(back.rows)} rows${back.run === null ? '' : ` of the run ${back.run}`}, from ${back.from}`,
      ],
      ['kept', `${would}${back.undone}`],
      ...(pnl === null ? [] : [['next', pnl] as [string, string]]),
    ]),
  );
}
