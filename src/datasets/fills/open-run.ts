import type { Context } from '../../cli/context.js';
import { usageError } from '../../core/exit.js';
import type { Checkpoint } from '../../run/checkpoint.js';
import { checkFingerprint, type Fingerprint } from '../../run/fingerprint.js';
import { acquireLock } from '../../run/lock.js';
import { type FoundRun, findRun, newRunId, RunFolder, setDamagedAside } from '../../run/run-folder.js';

/**
 * Which run this command is about.
 *
 * - An unfinished run of the same fingerprint is resumed; of another one it is refused.
 * - A finished run that is not promoted is left as it is: running it again changes nothing.
 * - After a promotion, or with `--fresh`, a new run begins.
 */
export type RunChoice =
  | { readonly kind: 'new'; readonly folder: RunFolder }
  | { readonly kind: 'resume'; readonly folder: RunFolder; readonly checkpoint: Checkpoint }
  | { readonly kind: 'finished'; readonly folder: RunFolder; readonly checkpoint: Checkpoint };

/** Takes the run's lock; pushes its release. */
export function chooseRun(ctx: Context, fingerprint: Fingerprint): RunChoice {
  const found = existingRun(ctx);
  if (found === null) return begin(ctx);
  checkFingerprint(found, fingerprint);
  lock(ctx, found.folder);
  // Read again under the lock: another process may have moved it on meanwhile.
  const checkpoint = found.folder.readCheckpoint() ?? found.checkpoint;
  const finished = checkpoint.steps.fills !== undefined && checkpoint.failed.length === 0;
  return { kind: finished ? 'finished' : 'resume', folder: found.folder, checkpoint };
}

/** The run that stands in the way of a new one, or goes on: not promoted yet. */
export function existingRun(ctx: Context): FoundRun | null {
  const { config } = ctx;
  if (config.fresh) return null;
  const found = findRun(config.checkpoints, config.run);
  if (found === null || found.checkpoint.steps.promote === undefined) return found;
  if (config.run === undefined) return null;
  throw usageError(
    `run ${config.run} has been promoted`,
    'leave --run out to begin a new run, or give it another id; --refresh fetches what is new',
  );
}

function begin(ctx: Context): RunChoice {
  const { config } = ctx;
  if (config.fresh) {
    for (const path of setDamagedAside(config.checkpoints)) ctx.log.warn({ path }, 'damaged checkpoint set aside');
  }
  const id = config.run ?? newRunId(new Date(), Math.random);
  const folder = RunFolder.create(config.checkpoints, id);
  lock(ctx, folder);
  if (config.fresh) folder.clear();
  return { kind: 'new', folder };
}

function lock(ctx: Context, folder: RunFolder): void {
  const held = acquireLock(folder.dir);
  ctx.releases.push('run lock', () => held.release());
  ctx.sinks.addFile(folder.logPath);
}
