import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Habits that a linter does not know; each failure names the file. */
const root = new URL('..', import.meta.url).pathname;
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split(
  '\n',
);
const sources = tracked.filter((path) => /^src\/.*\.ts$/.test(path));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');

/** Who may import what: dependencies have one door each. */
const DOORS: readonly (readonly [pattern: RegExp, allowed: RegExp])[] = [
  [/from 'graphql-request'/, /^src\/source\//],
  [/from '@clickhouse\/client'/, /^src\/target\//],
  [/from 'piscina'/, /^src\/load\/(pool|thread)\.ts$/],
  [/from 'yargs'/, /^src\/cli\.ts$/],
  [/process\.env\b/, /^src\/config\.ts$/],
  [/process\.exit\(/, /^src\/main\.ts$/],
];

/** A folder may import the ones to its right of the colon, and itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  plan: [],
  source: ['plan'],
  target: [],
  simulator: [],
  report: [],
  run: ['plan'],
  load: ['plan', 'source', 'target'],
  verify: ['plan', 'report', 'run', 'source', 'target'],
  promote: ['report', 'run', 'target', 'verify'],
  pnl: ['promote', 'report', 'run', 'target', 'verify'],
  job: ['load', 'plan', 'report', 'run', 'source', 'target'],
};

it('each library has one door', () => {
  const strangers = sources.flatMap((path) =>
    DOORS.filter(([pattern, allowed]) => pattern.test(read(path)) && !allowed.test(path)).map(
      ([pattern]) => `${path}: ${pattern}`,
    ),
  );
  expect(strangers).toEqual([]);
});

it('dependencies between folders point one way', () => {
  const wrong = sources.flatMap((path) => {
    const folder = /^src\/([^/]+)\//.exec(path)?.[1];
    const allowed = folder === undefined ? undefined : MAY_IMPORT[folder];
    if (folder === undefined || allowed === undefined) return [];
    const imported = [...read(path).matchAll(/from '\.\.\/([a-z-]+)\//g)].map((match) => match[1] as string);
    return imported
      .filter((other) => other !== folder && !allowed.includes(other))
      .map((other) => `${path} → ${other}/`);
  });
  expect(wrong).toEqual([]);
});

it('no source file is longer than 350 lines', () => {
  expect(sources.filter((path) => read(path).split('\n').length > 350)).toEqual([]);
});

it('every SQL file says what it does and how to run it by hand', () => {
  const statements = tracked.filter((path) => /^sql\/.*\.sql$/.test(path));
  expect(statements.filter((path) => !/^-- [\s\S]*By hand/.test(read(path)))).toEqual([]);
});

it('nothing is skipped silently and no error is swallowed', () => {
  const tests = tracked.filter((path) => /^test\/.*\.ts$/.test(path) && path !== 'test/tidy.test.ts');
  const soft = [...sources, ...tests].filter((path) =>
    /\b(?:it|test|describe)\.(?:only|todo)\b|catch *(?:\([a-z_]*\))? *\{ *\}/.test(read(path)),
  );
  expect(soft).toEqual([]);
});
