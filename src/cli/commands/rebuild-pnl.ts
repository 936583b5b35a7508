import { withWords } from '../../report/findings.js';
import { lockFolder } from '../../run/lock.js';
import { findRun } from '../../run/run-folder.js';
import type { Context } from '../context.js';
import { leaseOf } from '../lease.js';
import { openWork } from '../open-target.js';
import { notePnl, rebuildAndShow } from '../steps/pnl-step.js';

/** Materializes profit and loss from the live fills. Throws ExitError(3) when a gate fails. */
export async function rebuildPnl(ctx: Context): Promise<void> {
  const work = await openWork(ctx);
  const rebuilt = await rebuildAndShow(ctx, work, await leaseOf(ctx, work.target));
  ctx.out.result({ ...rebuilt, gates: withWords(rebuilt.gates) });
  const found = rebuilt.run === null ? null : findRun(ctx.config.checkpoints, rebuilt.run);
  if (found === null) return;
  const lock = await lockFolder(ctx, found.folder.dir);
  notePnl(found);
  lock.release();
}
