import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../src/run/checkpoint.js';
import { tempWorkspace } from '../support/workspace.js';
import { makeCheckpoint } from './make-checkpoint.js';

const FULL: Checkpoint = makeCheckpoint({
  done: [
    [0, 412],
    [415, 416],
  ],
  failed: [{ ordinal: 413, name: '7:id:..', code: 'http_5xx', message: 'the source failed', attempts: 8 }],
  pinned: false,
  unpinnedWhy: 'block 1000 was refused',
  pace: { rowsPerS: 1.5, requestsPerS: 2, etaMs: -1, bound: 'source' },
  steps: { fills: '2026-01-01T00:10:00.000Z' },
});

function refusal(path: string): { code: number; message: string; hint: string } {
  try {
    readCheckpoint(path);
  } catch (error) {
    return error as { code: number; message: string; hint: string };
  }
  throw new Error('the checkpoint was not refused');
}

test('a checkpoint is read as it was written', () => {
  const path = join(tempWorkspace(), 'checkpoint.json');
  expect(readCheckpoint(path)).toBeNull();
  writeCheckpoint(path, FULL);
  expect(readCheckpoint(path)).toEqual(FULL);
});

test('a checkpoint of another version is refused with both versions, its path and what to do', () => {
  const path = join(tempWorkspace(), 'checkpoint.json');
  writeFileSync(path, JSON.stringify({ ...FULL, version: 2 }));
  const { code, message, hint } = refusal(path);
  expect(code).toBe(1);
  expect(message).toContain(path);
  expect(message).toMatch(/version 2.*reads version 1/);
  expect(hint).toContain('--fresh');
});

test('every prefix of a checkpoint is refused, never taken for a beginning', () => {
  const path = join(tempWorkspace(), 'checkpoint.json');
  const text = JSON.stringify(FULL, null, 1);
  for (let length = 0; length < text.length; length += 7) {
    writeFileSync(path, text.slice(0, length));
    const { code, message, hint } = refusal(path);
    expect(code).toBe(1);
    expect(message).toContain(path);
    expect(hint).toContain('--fresh');
  }
});

test.each<[string, unknown]>([
  ['null', null],
  ['a list', []],
  ['a done chunk below 0', { ...FULL, done: [[-1, 2]] }],
  ['done chunks that are no ranges', { ...FULL, done: [3] }],
  ['rows that are text', { ...FULL, rows: '12' }],
  ['a fingerprint that is missing', { ...FULL, fingerprint: undefined }],
  ['an unknown step', { ...FULL, steps: { launder: '2026-01-01T00:00:00.000Z' } }],
])('a damaged checkpoint (%s) is refused with its path and left as it is', (_, value) => {
  const path = join(tempWorkspace(), 'checkpoint.json');
  const text = JSON.stringify(value);
  writeFileSync(path, text);
  const { code, message, hint } = refusal(path);
  expect(code).toBe(1);
  expect(message).toContain(path);
  expect(hint).not.toBe('');
  expect(readFileSync(path, 'utf8')).toBe(text);
});
