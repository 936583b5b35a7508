import { usageError } from '../core/exit.js';
import { lockFolder } from '../run/lock.js';
import { type FoundRun, findRun } from '../run/run-folder.js';
import type { Context } from './context.js';

/** The run that the options name, or the latest, under its lock; pushes its release. Throws ExitError(1) when there is none. */
export async function lockedRun(ctx: Context): Promise<FoundRun> {
  const { checkpoints, run } = ctx.config;
  const found = findRun(checkpoints, run);
  if (found === null) {
    throw usageError(
      run === undefined ? `there is no run in ${checkpoints}` : `there is no run ${run} in ${checkpoints}`,
      'run `backfill fills` first, or name its folder with --checkpoints and --run',
    );
  }
  return lockRun(ctx, found);
}

/** Takes the run's lock and pushes its release. */
export async function lockRun(ctx: Context, found: FoundRun): Promise<FoundRun> {
  await lockFolder(ctx, found.folder.dir);
  return found;
}
