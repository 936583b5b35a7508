import type { Work } from '../../clickhouse/heavy.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import { verifyRun } from '../../datasets/fills/checks/verify-run.js';
import type { Lease } from '../../publish/lease.js';
import { renderGates } from '../../publish/print.js';
import { type Promoted, type PromoteOptions, promoteRun } from '../../publish/promote-run.js';
import { rollback } from '../../publish/rollback.js';
import { formatCount, formatDuration } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import { noteStep } from '../../run/keeper.js';
import { acquireLock } from '../../run/lock.js';
import type { FoundRun } from '../../run/run-folder.js';
import { stepAgain } from '../again.js';
import type { Context } from '../context.js';
import { leaseOf, pnlRemark } from '../lease.js';
import { openCountSource } from '../open-count-source.js';
import { openWork, requireRun, settle } from './verify.js';

/** Verifies, then switches staging to live in one atomic step; with --rollback, back again. */
export async function promote(ctx: Context): Promise<void> {
  if (ctx.config.rollback) return rollBack(ctx);
  const found = requireRun(ctx);
  const lock = acquireLock(found.folder.dir);
  ctx.releases.push('lock of the run', () => lock.release());
  const work = await openWork(ctx);
  const lease = ctx.config.dryRun ? undefined : await leaseOf(ctx, work.target);
  const promoted = await promoteFound(ctx, work, found, lease);
  const pnl = ctx.config.dryRun ? null : await pnlRemark(work.target);
  ctx.out.result({ ...promoted, pnl: pnl ?? 'current' });
  ctx.out.text(describePromoted(promoted, ctx.config.dryRun, pnl));
}

/** What `promote` and `run` do with a run whose lock they hold; notes it in the checkpoint. */
export async function promoteFound(
  ctx: Context,
  work: Work,
  found: FoundRun,
  lease: Lease | undefined,
): Promise<Promoted> {
  const { acceptRejected, acceptFewer, keepBackups, dryRun } = ctx.config;
  const options: PromoteOptions = {
    found,
    keepBackups,
    acceptRejected,
    acceptFewer,
    lease,
    dryRun,
    verify: async () => {
      const openSource = () => openCountSource(ctx, found.checkpoint);
      const verdict = await verifyRun(work, { found, acceptRejected, openSource });
      ctx.out.text(renderGates(`run ${found.folder.id}`, verdict.gates));
      settle(found, verdict);
      return verdict;
    },
  };
  const promoted = await stepAgain(ctx, 'promote', () => promoteRun(work, options));
  if (!dryRun) {
    noteStep(found.folder, 'promote', found.checkpoint.steps.promote ?? new Date().toISOString());
  }
  return promoted;
}

/** @param pnl what is to be said of P&L; null: nothing */
export function describePromoted(promoted: Promoted, dryRun: boolean, pnl: string | null): string {
  const { rows, oldRows, backup, dropped, changed } = promoted;
  const would = dryRun ? 'would be ' : '';
  const facts: [string, string][] = [['run', promoted.run]];
  if (changed || dryRun) {
    facts.push([
      FILLS_LIVE,
      `${would}${formatCount(rows)} rows${oldRows === null ? ', the first' : `, before ${formatCount(oldRows)}`}`,
    ]);
    if (changed) facts.push(['switched in', formatDuration(promoted.switchMs)]);
    facts.push(['backup', backup === null ? 'none: nothing was live' : `${would}${backup}`]);
    if (dropped.length > 0) facts.push(['dropped', `${would}${dropped.join(', ')}`]);
  }
  for (const remark of promoted.remarks) facts.push(['note', remark]);
  if (changed) facts.push(['to undo', 'backfill promote --rollback puts the old table back']);
  if (pnl !== null) facts.push(['next', pnl]);
  return renderFacts(facts);
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
