import type { Work } from '../../clickhouse/heavy.js';
import { ensureDatabase, ensureTables } from '../../clickhouse/schema.js';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { verifyRun } from '../../datasets/fills/checks/verify-run.js';
import { failures, renderGates } from '../../publish/print.js';
import type { Verdict } from '../../publish/verdict.js';
import { noteStep } from '../../run/keeper.js';
import { acquireLock } from '../../run/lock.js';
import { type FoundRun, findRun } from '../../run/run-folder.js';
import { stepAgain } from '../again.js';
import type { Context } from '../context.js';
import { openCountSource } from '../open-count-source.js';
import { openTargetFor } from '../open-target.js';

/** Proves that staging holds what the source counts. Throws ExitError(3) when a gate fails. */
export async function verify(ctx: Context): Promise<void> {
  const found = requireRun(ctx);
  const lock = acquireLock(found.folder.dir);
  ctx.releases.push('lock of the run', () => lock.release());
  const work = await openWork(ctx);
  const { acceptRejected } = ctx.config;
  const openSource = () => openCountSource(ctx, found.checkpoint);
  const verdict = await stepAgain(ctx, 'verify', () => verifyRun(work, { found, openSource, acceptRejected }));
  ctx.out.result({ ...verdict });
  ctx.out.text(renderGates(`run ${found.folder.id}`, verdict.gates));
  settle(found, verdict);
}

/** Notes a passed verdict in the checkpoint, or ends the command with code 3. */
export function settle(found: FoundRun, verdict: Verdict): void {
  noteStep(found.folder, 'verify', verdict.passed ? verdict.at : null);
  if (!verdict.passed) {
    throw new ExitError(
      EXIT.gateFailed,
      `verify failed: ${failures(verdict.gates)}`,
      'nothing was changed; see above what to do',
    );
  }
}

export function requireRun(ctx: Context): FoundRun {
  const { checkpoints, run } = ctx.config;
  const found = findRun(checkpoints, run);
  if (found === null) {
    throw usageError(
      run === undefined ? `there is no run in ${checkpoints}` : `there is no run ${run} in ${checkpoints}`,
      'run `backfill fills` first, or name its folder with --checkpoints and --run',
    );
  }
  return found;
}

export async function openWork(ctx: Context): Promise<Work> {
  const target = await openTargetFor(ctx);
  await ensureDatabase(target);
  await ensureTables(target);
  return { target, maxMemoryMb: ctx.config.maxMemory, log: ctx.log, signal: ctx.stop };
}
