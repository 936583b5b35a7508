import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Checkpoint } from '../../src/run/checkpoint.js';
import { CheckpointKeeper, type ChunkRecord, noteStep } from '../../src/run/keeper.js';
import { RunFolder } from '../../src/run/run-folder.js';
import { tempWorkspace } from '../support/workspace.js';
import { makeCheckpoint } from './make-checkpoint.js';

class SpyFolder extends RunFolder {
  writes: Checkpoint[] = [];
  /** What `rejected.ndjson` held whenever the checkpoint was written. */
  rejectedAtWrite: number[] = [];

  override writeCheckpoint(checkpoint: Checkpoint): void {
    super.writeCheckpoint(checkpoint);
    this.writes.push(checkpoint);
    this.rejectedAtWrite.push(this.readRejected().length);
  }
}

function makeKeeper(over: Partial<Checkpoint> = {}) {
  const dir = tempWorkspace();
  const folder = new SpyFolder(dir, 'r1');
  const clock = { ms: 0 };
  const open = (checkpoint: Checkpoint) =>
    new CheckpointKeeper(
      folder,
      checkpoint,
      () => clock.ms,
      () => new Date(Date.UTC(2026, 0, 1) + clock.ms).toISOString(),
    );
  return { folder, clock, open, keeper: open(makeCheckpoint(over)) };
}

const chunk = (ordinal: number, over: Partial<ChunkRecord> = {}): ChunkRecord => ({
  ordinal,
  rows: 10,
  markets: 1,
  rejected: [],
  ...over,
});
const rejected = (id: string) => ({ reason: 'fee', row: { id, fee: '-1' } });

test('done chunks are kept as ranges, with the sums of what they added', () => {
  const { keeper } = makeKeeper();
  for (const ordinal of [3, 1, 2, 7]) keeper.chunkDone(chunk(ordinal));
  expect(keeper.current).toMatchObject({
    done: [
      [1, 4],
      [7, 8],
    ],
    rows: 40,
    marketsDone: 4,
  });
});

test('a chunk cannot be done twice', () => {
  const { keeper } = makeKeeper({ done: [[0, 5]] });
  expect(() => keeper.chunkDone(chunk(4))).toThrow('chunk 4 ended twice');
  expect(keeper.current.rows).toBe(0);
});

test('a failed chunk that is done later is failed no more', () => {
  const { keeper } = makeKeeper();
  const failure = { ordinal: 9, name: '9:id:..', code: 'http_5xx', message: 'x', attempts: 8 };
  keeper.chunkFailed(failure);
  keeper.chunkFailed({ ...failure, attempts: 9 });
  expect(keeper.current.failed).toEqual([{ ...failure, attempts: 9 }]);
  keeper.chunkDone(chunk(9));
  expect(keeper.current.failed).toEqual([]);
});

test('the checkpoint is written with the first rows of a sitting, then after 5 seconds and not before', () => {
  const { keeper, folder, clock } = makeKeeper({ rows: 70 });
  keeper.update({ requests: 1 });
  keeper.writeIfDue();
  expect(folder.writes).toHaveLength(0);
  keeper.chunkDone(chunk(0));
  expect(folder.writes.map(({ rows }) => rows)).toEqual([80]);
  clock.ms = 4999;
  keeper.chunkDone(chunk(1));
  keeper.writeIfDue();
  expect(folder.writes).toHaveLength(1);
  clock.ms = 5000;
  keeper.writeIfDue();
  expect(folder.writes.map(({ rows }) => rows)).toEqual([80, 90]);
  clock.ms = 60_000;
  keeper.writeIfDue();
  expect(folder.writes).toHaveLength(2);
});

test('the checkpoint is written every 500 markets, however fast they come', () => {
  const { keeper, folder } = makeKeeper();
  for (let ordinal = 0; ordinal < 1300; ordinal++) keeper.chunkDone(chunk(ordinal));
  expect(folder.writes.map(({ marketsDone }) => marketsDone)).toEqual([1, 501, 1001]);
});

test('what must be durable is on disk when the call returns', () => {
  const { keeper, folder } = makeKeeper();
  keeper.update({ prepared: false });
  expect(folder.readCheckpoint()).toBeNull();
  keeper.update({ pinned: false }, { durable: true });
  expect(folder.readCheckpoint()).toMatchObject({ prepared: false, pinned: false });
});

test('rejected rows are durable before the checkpoint that counts them', () => {
  const { keeper, folder, clock } = makeKeeper();
  clock.ms = 5000;
  keeper.chunkDone(chunk(0, { rejected: [rejected('a'), rejected('b')] }));
  expect(folder.writes.map((c) => c.rejected)).toEqual([2]);
  expect(folder.rejectedAtWrite).toEqual([2]);
  expect(folder.readRejected()).toEqual([
    { chunk: 0, reason: 'fee', row: { id: 'a', fee: '-1' } },
    { chunk: 0, reason: 'fee', row: { id: 'b', fee: '-1' } },
  ]);
});

test('a rejected row that two lanes met is kept and counted once', () => {
  const { keeper, folder } = makeKeeper();
  keeper.chunkDone(chunk(0, { rejected: [rejected('a'), rejected('a')] }));
  keeper.chunkDone(chunk(1, { rejected: [rejected('a'), rejected('b')] }));
  expect(keeper.current.rejected).toBe(2);
  expect(folder.readRejected().map(({ row }) => (row as { id: string }).id)).toEqual(['a', 'b']);
});

test('rejected rows without an id are all kept: nothing tells that two are one', () => {
  const { keeper } = makeKeeper();
  keeper.chunkDone(chunk(0, { rejected: [0, 1].map(() => ({ reason: 'shape', row: null })) }));
  expect(keeper.current.rejected).toBe(2);
});

test('a resume drops rejected rows of chunks that are not in the checkpoint: they come again', () => {
  const { keeper, folder, clock, open } = makeKeeper();
  keeper.chunkDone(chunk(0, { rejected: [rejected('a')] }));
  keeper.write();
  clock.ms = 1;
  keeper.chunkDone(chunk(1, { rejected: [rejected('b')] }));
  // The kill: chunk 1 never reached the checkpoint, and a line was cut short.
  appendFileSync(folder.rejectedPath, '{"chunk":2,"reason":"fee","row":{"id":"c"');

  const resumed = open(folder.readCheckpoint() as Checkpoint);
  resumed.resumeRejected();
  expect(folder.readRejected().map(({ chunk: of }) => of)).toEqual([0]);
  expect(resumed.current.rejected).toBe(1);
  resumed.chunkDone(chunk(1, { rejected: [rejected('b')] }));
  expect(resumed.current.rejected).toBe(2);
  expect(readFileSync(folder.rejectedPath, 'utf8').trim().split('\n')).toHaveLength(2);
});

test('a resume without rejected rows leaves no empty file', () => {
  const { keeper, folder } = makeKeeper();
  keeper.resumeRejected();
  expect(existsSync(folder.rejectedPath)).toBe(false);
  expect(join(folder.dir, 'rejected.ndjson')).toBe(folder.rejectedPath);
});

test('rows of chunks that have not ended are shown at once, too', () => {
  const { keeper, folder } = makeKeeper();
  keeper.update({ loading: { chunks: 1, names: ['0:id:..'], rows: 5 } });
  keeper.writeIfDue();
  expect(folder.readCheckpoint()).toMatchObject({ rows: 0, loading: { names: ['0:id:..'], rows: 5 } });
});

test('a step is noted on disk with the time of the checkpoint, and taken back', () => {
  const { folder, keeper } = makeKeeper({ steps: { fills: '2026-01-01T00:00:00.000Z' } });
  keeper.write();
  const before = folder.readCheckpoint()?.updatedAt ?? '';
  noteStep(folder, 'verify', '2026-01-02T00:00:00.000Z');
  expect(folder.readCheckpoint()?.steps).toEqual({
    fills: '2026-01-01T00:00:00.000Z',
    verify: '2026-01-02T00:00:00.000Z',
  });
  expect((folder.readCheckpoint()?.updatedAt ?? '') > before).toBe(true);
  noteStep(folder, 'verify', null);
  expect(folder.readCheckpoint()?.steps).toEqual({ fills: '2026-01-01T00:00:00.000Z' });
});

test('a run begins with a checkpoint on disk, and every count at nothing', () => {
  const folder = RunFolder.create(tempWorkspace(), 'r2');
  CheckpointKeeper.begin(folder, {
    dataset: 'venues',
    fingerprint: { source: 'x' },
    block: 0,
    chunks: 3,
    expectedRows: 0,
    expectedRequests: 3,
    requests: 1,
  });
  expect(folder.readCheckpoint()).toMatchObject({
    dataset: 'venues',
    run: 'r2',
    chunks: 3,
    rows: 0,
    done: [],
    steps: {},
  });
});
