import { usageError } from '../core/exit.js';
import type { FoundRun } from './run-folder.js';

/**
 * What must be the same for a run to go on: source, deployment, target and selection. Workers, rate and batch size may
 * change between sittings.
 */
export type Fingerprint = Readonly<Record<string, string>>;

/** Throws ExitError(1) naming every value that differs, old and new. */
export function checkFingerprint(found: FoundRun, now: Fingerprint): void {
  const then = found.checkpoint.fingerprint;
  const keys = [...new Set([...Object.keys(then), ...Object.keys(now)])].sort();
  const differences = keys.filter((key) => then[key] !== now[key]);
  if (differences.length === 0) return;
  const shown = differences.map((key) => `${key}: ${then[key] ?? 'none'} then, ${now[key] ?? 'none'} now`);
  throw usageError(
    `run ${found.folder.id} was begun under other settings (${shown.join('; ')})`,
    'use the settings of then to resume it, or --fresh to start over',
  );
}
