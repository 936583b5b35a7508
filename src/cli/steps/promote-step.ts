import type { Work } from '../../clickhouse/heavy.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import { EXIT, ExitError } from '../../core/exit.js';
import { verifyRun } from '../../datasets/fills/checks/verify-run.js';
import type { Lease } from '../../publish/lease.js';
import { type Promoted, type PromoteOptions, promoteRun } from '../../publish/promote-run.js';
import type { Verdict } from '../../publish/verdict.js';
import { failures, renderFindings } from '../../report/findings.js';
import { formatCount, formatDuration } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import { noteStep } from '../../run/keeper.js';
import type { FoundRun } from '../../run/run-folder.js';
import { stepAgain } from '../again.js';
import type { Context } from '../context.js';
import { openCountSource } from '../open-count-source.js';

/** Notes a passed verdict in the checkpoint, or ends the command with code 3. */
export function endOfVerify(found: FoundRun, verdict: Verdict): void {
  noteStep(found.folder, 'verify', verdict.passed ? verdict.at : null);
  if (!verdict.passed) {
    throw new ExitError(
      EXIT.gateFailed,
      `verify failed: ${failures(verdict.gates)}`,
      'nothing was changed; see above what to do',
    );
  }
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
      ctx.out.text(renderFindings(`run ${found.folder.id}`, verdict.gates));
      endOfVerify(found, verdict);
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
