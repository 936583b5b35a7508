import { usageError } from '../core/exit.js';
import { acquireLock } from '../run/lock.js';
import { type FoundRun, findRun } from '../run/run-folder.js';
import type { Context } from './context.js';

/** The run that the options name, or the latest, under its lock; pushes its release. Throws ExitError(1) when there is none. */
export function lockedRun(ctx: Context): FoundRun {
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
export function lockRun(ctx: Context, found: FoundRun): FoundRun {
  const lock = acquireLock(found.folder.dir);
  ctx.releases.push('lock of the run', () => lock.release());
  return found;
}
