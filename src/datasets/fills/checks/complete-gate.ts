import { failedGate, type Gate, passed, warned } from '../../../publish/gate.js';
import { formatCount } from '../../../report/format.js';
import type { Checkpoint } from '../../../run/checkpoint.js';

/** The run is complete: every chunk of its plan is done, none failed, no row was rejected beyond what is accepted. */
export function completeGates(checkpoint: Checkpoint, acceptRejected: number): Gate[] {
  const name = 'the run is complete';
  const done = checkpoint.done.reduce((sum, [from, to]) => sum + to - from, 0);
  const left = checkpoint.chunks - done;
  const gates: Gate[] = [
    left === 0 && checkpoint.failed.length === 0
      ? passed(name, `${formatCount(done)} chunks, ${formatCount(checkpoint.rows)} rows acknowledged`)
      : failedGate(
          name,
          `${formatCount(left)} of ${formatCount(checkpoint.chunks)} chunks are not done, ${formatCount(checkpoint.failed.length)} of them failed`,
          checkpoint.failed.map(
            (chunk) => `${chunk.name}: ${chunk.code} after ${chunk.attempts} attempts: ${chunk.message}`,
          ),
          'run `backfill fills` again: it continues with what is left',
        ),
  ];
  if (checkpoint.rejected > acceptRejected) {
    gates.push(
      failedGate(
        'rejected rows',
        `${formatCount(checkpoint.rejected)} rows could not be decoded; ${formatCount(acceptRejected)} are accepted`,
        [],
        `look at rejected.ndjson of the run; --accept-rejected ${checkpoint.rejected} lets them pass, and records it`,
      ),
    );
  } else if (checkpoint.rejected > 0) {
    gates.push(
      warned(
        'rejected rows',
        `${formatCount(checkpoint.rejected)} rows could not be decoded, accepted by --accept-rejected`,
      ),
    );
  }
  if (!checkpoint.pinned) {
    gates.push(
      warned(
        'one view of the source',
        `the run is unpinned: ${checkpoint.unpinnedWhy ?? 'the source refused the pin'}`,
        [],
        'pages were read at different heads; the counts below are those of the source as it is now',
      ),
    );
  }
  return gates;
}
