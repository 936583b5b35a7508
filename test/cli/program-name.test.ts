import { expect, test } from 'vitest';
import { nameCommands, programName } from '../../src/cli/program-name.js';

test('hints name the program as the shell knows it: npx where only npm put it on the path', () => {
  const clone = '/home/me/clone/node_modules/.bin:/usr/local/bin:/usr/bin';
  expect(programName(clone, (file) => file === '/home/me/clone/node_modules/.bin/backfill')).toBe('npx backfill');
  expect(programName(clone, (file) => file === '/usr/local/bin/backfill')).toBe('backfill');
  expect(programName('', () => true)).toBe('npx backfill');
});

test('only commands are renamed', () => {
  const text = 'run `backfill fills --fresh`, then backfill promote; backfill --help lists commands';
  expect(nameCommands(text, 'npx backfill')).toBe(
    'run `npx backfill fills --fresh`, then npx backfill promote; npx backfill --help lists commands',
  );
  for (const same of ['the backfill of a day', '/opt/backfill run', 'npx backfill run', 'my-backfill run']) {
    expect(nameCommands(same, 'npx backfill')).toBe(same);
  }
});
