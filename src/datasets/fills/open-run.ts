import { usageError } from '../../core/exit.js';
import type { StepContext } from '../../report/step.js';
import type { Checkpoint } from '../../run/checkpoint.js';
import { checkFingerprint, type Fingerprint } from '../../run/fingerprint.js';
import { lockFolder } from '../../run/lock.js';
import { type FoundRun, findRun, newRunId, RunFolder, setDamagedAside } from '../../run/run-folder.js';
import type { RunSettings } from './settings.js';

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
export async function chooseRun(
  step: StepContext,
  settings: RunSettings,
  fingerprint: Fingerprint,
): Promise<RunChoice> {
  const found = existingRun(settings);
  if (found === null) return begin(step, settings);
  checkFingerprint(found, fingerprint);
  await lock(step, found.folder);
  // Read again under the lock: another process may have moved it on meanwhile.
  const checkpoint = found.folder.readCheckpoint() ?? found.checkpoint;
  const finished = checkpoint.steps.fills !== undefined && checkpoint.failed.length === 0;
  return { kind: finished ? 'finished' : 'resume', folder: found.folder, checkpoint };
}

/** The run that stands in the way of a new one, or goes on: not promoted yet. */
export function existingRun({ checkpoints, run, fresh }: RunSettings): FoundRun | null {
  if (fresh) return null;
  const found = findRun(checkpoints, run);
  if (found === null || found.checkpoint.steps.promote === undefined) return found;
  if (run === undefined) return null;
  throw usageError(
    `run ${run} has been promoted`,
    'leave --run out to begin a new run, or give it another id; --refresh fetches what is new',
  );
}

async function begin(step: StepContext, { checkpoints, run, fresh }: RunSettings): Promise<RunChoice> {
  if (fresh) {
    for (const path of setDamagedAside(checkpoints)) step.log.warn({ path }, 'damaged checkpoint set aside');
  }
  const id = run ?? newRunId(new Date(), Math.random);
  const folder = RunFolder.create(checkpoints, id);
  await lock(step, folder);
  if (fresh) folder.clear();
  return { kind: 'new', folder };
}

async function lock(step: StepContext, folder: RunFolder): Promise<void> {
  await lockFolder(step, folder.dir);
  step.sinks.addFile(folder.logPath);
}
