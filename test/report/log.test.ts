import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLog } from '../../src/report/log.js';
import { tempWorkspace } from '../support/workspace.js';

/** A log whose console lines are kept. */
function makeLog(options: { level?: string; secrets?: readonly string[] } = {}) {
  const file = join(tempWorkspace(), 'deep', 'run.log');
  const sinks = openLog({ level: options.level ?? 'info', secrets: options.secrets ?? [], file });
  const console: string[] = [];
  sinks.setConsole((line) => console.push(line));
  const lines = () =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { sinks, console, lines, file };
}

test('a line is for people on the console and JSON in the file, there when the call returns', () => {
  const { sinks, console, lines } = makeLog();
  sinks.log.warn({ chunk: 7 }, 'it failed');
  expect(console).toEqual([expect.stringMatching(/WARN: it failed \{"chunk":7\}\n$/)]);
  expect(lines()).toEqual([expect.objectContaining({ level: 40, chunk: 7, msg: 'it failed' })]);
});

test('lines below the level are nowhere', () => {
  const { sinks, console, lines } = makeLog({ level: 'warn' });
  sinks.log.info('quiet');
  sinks.log.error('loud');
  expect(console).toHaveLength(1);
  expect(lines()).toHaveLength(1);
});

test('known secrets are cut out of every field, also encoded', () => {
  const secret = 'pä55w/rd&more';
  const { sinks, console, lines } = makeLog({ secrets: [secret] });
  const url = `http://u:${encodeURIComponent(secret)}@h/`;
  const header = `Basic ${Buffer.from(secret).toString('base64')}`;
  sinks.log.error({ url, nested: { header, list: [secret] } }, `refused ${secret}`);
  sinks.toFiles({ stack: `Error: ${secret}\n at x` }, 'ended');
  const all = console.join('') + JSON.stringify(lines());
  for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
    expect(all).not.toContain(form);
  }
  expect(all).toContain('[secret]');
});

test('a secret that JSON or a header writes in another way is cut out too', () => {
  const secret = 'quote"back\\slash';
  const { sinks, console, lines } = makeLog({ secrets: [secret] });
  sinks.log.error({ password: secret }, secret);
  expect(console.join('')).not.toContain('slash');
  expect(JSON.stringify(lines())).not.toContain('slash');
});

test('a file added later receives the same lines from then on', () => {
  const { sinks } = makeLog();
  const later = join(tempWorkspace(), 'run.log');
  sinks.log.info('before');
  sinks.addFile(later);
  sinks.log.info('after');
  expect(readFileSync(later, 'utf8')).toContain('after');
  expect(readFileSync(later, 'utf8')).not.toContain('before');
});

test('what the console shows in another form goes to files alone', () => {
  const { sinks, console, lines } = makeLog();
  sinks.toFiles({ exitCode: 75 }, 'the source went away');
  expect(console).toEqual([]);
  expect(lines()).toEqual([expect.objectContaining({ exitCode: 75, msg: 'the source went away' })]);
});
