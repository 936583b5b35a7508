import { expect, test } from 'vitest';
import { renderStatus, statusOf } from '../../src/cli/commands/status.js';
import { acquireLock } from '../../src/run/lock.js';
import { RunFolder } from '../../src/run/run-folder.js';
import { makeCheckpoint } from '../run/make-checkpoint.js';
import { tempWorkspace } from '../support/workspace.js';

const checkpoint = makeCheckpoint({
  done: [[0, 3]],
  rows: 3000,
  loading: { chunks: 12, names: ['3:id:..', '4:id:0x4..0x8'], rows: 250 },
  pace: { rowsPerS: 1500, requestsPerS: 3, etaMs: 60_000, bound: 'rate limit' },
});

test('while a load runs, status shows what is loaded at this moment and counts its rows', async () => {
  const folder = RunFolder.create(tempWorkspace(), 'r1');
  const lock = await acquireLock(folder.dir, { notify: () => undefined });
  const status = statusOf({ folder, checkpoint });
  expect(status).toMatchObject({
    dataset: 'fills',
    phase: 'loading',
    rows: { acknowledged: 3250 },
    loading: { chunks: 12, names: ['3:id:..', '4:id:0x4..0x8'] },
    pace: { rowsPerS: 1500 },
  });
  expect(renderStatus(status)).toMatch(/loading now +12 chunks of fills: 3:id:\.\., 4:id:0x4\.\.0x8, …/);
  lock.release();
});

test('of a load that was killed, status counts only what a resume does not read again', () => {
  const folder = RunFolder.create(tempWorkspace(), 'r1');
  const status = statusOf({ folder, checkpoint });
  expect(status).toMatchObject({ phase: 'interrupted', rows: { acknowledged: 3000 }, loading: null, pace: null });
  expect(renderStatus(status)).not.toContain('loading now');
});
