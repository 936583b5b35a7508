import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type FrozenPlan, marketsOfTokens, readFrozenPlan } from '../../src/datasets/fills/frozen-plan.js';
import type { TokenCount } from '../../src/datasets/fills/plan/chunk.js';
import { makePlan } from '../../src/datasets/fills/plan/plan.js';
import { checkFingerprint } from '../../src/run/fingerprint.js';
import { findRun, newRunId, RunFolder, setDamagedAside } from '../../src/run/run-folder.js';
import { tempWorkspace } from '../support/workspace.js';
import { makeCheckpoint } from './make-checkpoint.js';

const counts: TokenCount[] = Array.from({ length: 40 }, (_, i) => ({
  token: String(1000 + i),
  buys: 1 + i * 90,
  sells: 5000 - i * 100,
  buyMicros: String(2n ** 60n + BigInt(i)),
  sellMicros: '7',
}));
const plan = makePlan(counts, {
  partition: 'markets',
  sliceBy: 'id',
  pageRows: 1000,
  chunkPages: 4,
  maxPackTokens: 50,
});
const frozen: FrozenPlan = {
  plan,
  markets: plan.tokens.map((_, i) => (i % 3 === 0 ? null : `0x${String(i >> 1).padStart(64, '0')}`)),
  universe: null,
};

test('a plan is read as it was frozen', () => {
  const folder = RunFolder.create(tempWorkspace(), 'r1');
  folder.writePlan(frozen);
  expect(readFrozenPlan(folder)).toEqual(frozen);
  expect(marketsOfTokens(readFrozenPlan(folder))).toEqual(frozen.markets.map((m, i) => m ?? plan.tokens[i]?.token));
});

const damaged: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['half a file', (bytes) => bytes.subarray(0, bytes.length / 2)],
  ['an empty file', () => Buffer.alloc(0)],
  ['no gzip', () => Buffer.from(JSON.stringify(frozen))],
  ['another version', () => gzipSync(JSON.stringify({ ...frozen, plan: { ...plan, version: 9 } }))],
  ['no plan', () => gzipSync('{}')],
  ['a chunk missing', () => gzipSync(JSON.stringify({ ...frozen, plan: { ...plan, chunks: plan.chunks.slice(1) } }))],
  [
    'a chunk twice',
    () => gzipSync(JSON.stringify({ ...frozen, plan: { ...plan, chunks: [...plan.chunks, plan.chunks[0]] } })),
  ],
  ['a token missing', () => gzipSync(JSON.stringify({ ...frozen, plan: { ...plan, tokens: plan.tokens.slice(1) } }))],
];
test.each(damaged)('a plan that is %s is refused with its path and what to do', (_, damage) => {
  const folder = RunFolder.create(tempWorkspace(), 'r1');
  folder.writePlan(frozen);
  writeFileSync(folder.planPath, damage(readFileSync(folder.planPath)));
  expect(() => readFrozenPlan(folder)).toThrow(
    expect.objectContaining({
      code: 1,
      message: expect.stringContaining(folder.planPath),
      hint: expect.stringContaining('--fresh'),
    }),
  );
});

test('a plan that is missing is refused', () => {
  expect(() => readFrozenPlan(RunFolder.create(tempWorkspace(), 'r1'))).toThrow(expect.objectContaining({ code: 1 }));
});

test('the run begun last is found, or the one that is named', () => {
  const dir = tempWorkspace();
  expect(findRun(dir)).toBeNull();
  expect(findRun(join(dir, 'nowhere'))).toBeNull();
  for (const [run, hour] of [
    ['b', '03'],
    ['c', '01'],
    ['a', '02'],
  ]) {
    RunFolder.create(dir, run as string).writeCheckpoint(
      makeCheckpoint({ run: run as string, createdAt: `2026-01-01T${hour}:00:00.000Z` }),
    );
  }
  mkdirSync(join(dir, 'zz-never-began'));
  writeFileSync(join(dir, 'README.md'), 'not a run');
  expect(findRun(dir)?.folder.id).toBe('b');
  expect(findRun(dir, 'c')?.folder.id).toBe('c');
  expect(findRun(dir, 'zz-never-began')).toBeNull();
});

test('a damaged checkpoint stops the search until it is set aside', () => {
  const dir = tempWorkspace();
  const folder = RunFolder.create(dir, 'r1');
  writeFileSync(folder.checkpointPath, '{"version":1,');
  expect(() => findRun(dir)).toThrow(expect.objectContaining({ code: 1 }));
  expect(setDamagedAside(dir)).toEqual([folder.checkpointPath]);
  expect(findRun(dir)).toBeNull();
  expect(readFileSync(`${folder.checkpointPath}.damaged`, 'utf8')).toBe('{"version":1,');
});

test('a run folder that cannot be made is refused with its path', () => {
  const dir = tempWorkspace();
  writeFileSync(join(dir, 'file'), '');
  expect(() => RunFolder.create(join(dir, 'file'), 'r1')).toThrow(
    expect.objectContaining({ code: 1, message: expect.stringContaining(join(dir, 'file')) }),
  );
});

test('ids of runs sort by time', () => {
  const ids = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-10-01T00:00:00Z'].map((at) =>
    newRunId(new Date(at), () => 0.5),
  );
  expect(ids).toEqual([...ids].sort());
  expect(ids[0]).toBe('20260101-000000-8000');
});

test('other settings are refused showing both values of each that differs', () => {
  const found = {
    folder: new RunFolder('/nowhere/r1', 'r1'),
    checkpoint: makeCheckpoint({ fingerprint: { source: 'http://a/', deployment: 'Qm1', selection: 'limit 5' } }),
  };
  checkFingerprint(found, { selection: 'limit 5', deployment: 'Qm1', source: 'http://a/' });
  expect(() => checkFingerprint(found, { source: 'http://b/', deployment: 'Qm1' })).toThrow(
    expect.objectContaining({
      code: 1,
      message: expect.stringMatching(
        /r1.*selection: limit 5 then, none now; source: http:\/\/a\/ then, http:\/\/b\/ now/,
      ),
      hint: expect.stringContaining('--fresh'),
    }),
  );
});
