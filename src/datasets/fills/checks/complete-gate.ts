import { type Finding, finding } from '../../../core/finding.js';
import type { Checkpoint } from '../../../run/checkpoint.js';
import { size } from '../../../run/intervals.js';

/** The run is complete: every chunk of its plan is done, none failed, no row was rejected beyond what is accepted. */
export function completeGates(checkpoint: Checkpoint, acceptRejected: number): Finding[] {
  const { chunks, failed, rows, rejected, pinned, unpinnedWhy } = checkpoint;
  const done = size(checkpoint.done);
  const left = chunks - done;
  const findings = [
    finding(
      'run_complete',
      left === 0 && failed.length === 0 ? 'passed' : 'failed',
      { chunks, done, left, failed: failed.length, rows },
      failed.map(({ name, code, attempts, message }) => ({ chunk: name, code, attempts, message })),
    ),
  ];
  if (rejected > 0) {
    const status = rejected > acceptRejected ? 'failed' : 'warned';
    findings.push(finding('rejected_rows', status, { rejected, accepted: acceptRejected }));
  }
  if (!pinned) findings.push(finding('one_view', 'warned', { reason: unpinnedWhy ?? 'the source refused the pin' }));
  return findings;
}
