import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of the test's own: removed when the test passes, kept and named when it fails. Call inside a test. */
export function tempWorkspace(): string {
  const dir = mkdtempSync(join(tmpdir(), 'backfill-test-'));
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail') console.error(`${task.name}: its workspace is kept in ${dir}`);
    else rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}
