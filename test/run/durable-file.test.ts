import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appendDurably, type DurableStep, writeDurably } from '../../src/run/durable-file.js';
import { built, runInChild } from '../support/node-child.js';
import { tempWorkspace } from '../support/workspace.js';

const OLD = `${JSON.stringify({ content: 'old', filler: 'o'.repeat(200_000) })}\n`;
const NEW = `${JSON.stringify({ content: 'new', filler: 'n'.repeat(300_000) })}\n`;

const WRITER = `
  const [module, path, contentPath, step] = process.argv.slice(1);
  const { writeDurably } = await import(module);
  const { readFileSync } = await import('node:fs');
  writeDurably(path, readFileSync(contentPath), (at) => {
    if (at === step) process.kill(process.pid, 'SIGKILL');
  });
`;

/** What a reader must find when the writer is killed right after the step. */
const AFTER_KILL: readonly (readonly [DurableStep, string])[] = [
  ['opened', OLD],
  ['written', OLD],
  ['synced', OLD],
  ['renamed', NEW],
  ['folder-synced', NEW],
];

test.each(AFTER_KILL)('a writer killed after "%s" leaves the old or the new content, whole', async (step, expected) => {
  const dir = tempWorkspace();
  const path = join(dir, 'checkpoint.json');
  writeFileSync(path, OLD);
  writeFileSync(join(dir, 'content'), NEW);
  const ended = await runInChild(WRITER, [built('run/durable-file.js'), path, join(dir, 'content'), step]);
  expect(ended.signal).toBe('SIGKILL');
  expect(readFileSync(path, 'utf8') === expected).toBe(true);

  writeDurably(path, 'the next one\n');
  expect(readFileSync(path, 'utf8')).toBe('the next one\n');
});

test('a first write that is killed before its rename leaves no file', async () => {
  const dir = tempWorkspace();
  const path = join(dir, 'checkpoint.json');
  writeFileSync(join(dir, 'content'), NEW);
  const ended = await runInChild(WRITER, [built('run/durable-file.js'), path, join(dir, 'content'), 'synced']);
  expect(ended.signal).toBe('SIGKILL');
  expect(readdirSync(dir)).not.toContain('checkpoint.json');
});

test('the steps come in the order that makes them durable', () => {
  const steps: DurableStep[] = [];
  writeDurably(join(tempWorkspace(), 'file'), 'x', (step) => steps.push(step));
  expect(steps).toEqual(['opened', 'written', 'synced', 'renamed', 'folder-synced']);
});

test('a write that fails leaves the old content and nothing beside it', () => {
  const dir = tempWorkspace();
  const path = join(dir, 'file');
  writeFileSync(path, OLD);
  const fail = (step: DurableStep) => {
    if (step === 'written') throw new Error('no space left on device');
  };
  expect(() => writeDurably(path, NEW, fail)).toThrow('no space left');
  expect(readFileSync(path, 'utf8') === OLD).toBe(true);
  expect(readdirSync(dir)).toEqual(['file']);
});

test('lines appended durably stand after those that were there', () => {
  const path = join(tempWorkspace(), 'rejected.ndjson');
  appendDurably(path, '1\n');
  appendDurably(path, '2\n3\n');
  expect(readFileSync(path, 'utf8')).toBe('1\n2\n3\n');
});
