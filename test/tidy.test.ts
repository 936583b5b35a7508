import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { expect, it } from 'vitest';

/** Habits that a linter does not know; each failure names the file. */
const root = new URL('..', import.meta.url).pathname;
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split(
  '\n',
);
const sources = tracked.filter((path) => /^src\/.*\.ts$/.test(path));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');

/** Who may use what: dependencies, the environment and the checkpoint have one door each. */
const DOORS: readonly (readonly [pattern: RegExp, allowed: RegExp])[] = [
  [/from 'graphql-request'/, /^src\/sources\/subgraph\//],
  [/from '@clickhouse\/client'/, /^src\/clickhouse\//],
  [/from 'piscina'/, /^src\/engine\/(pool|thread)\.ts$/],
  [/from 'yargs'/, /^src\/cli\/arguments\.ts$/],
  [/process\.env\b/, /^src\/cli\/config\.ts$/],
  [/process\.exit\(/, /^src\/main\.ts$/],
  [/writeCheckpoint\(/, /^src\/run\//],
];

/** The rooms of `src/`. A room may import the ones named here, and itself; the simulator stands apart and imports nothing. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  report: ['core'],
  simulator: [],
  net: ['report', 'core'],
  clickhouse: ['report', 'core'],
  run: ['report', 'core'],
  sources: ['net', 'report', 'core'],
  publish: ['run', 'clickhouse', 'net', 'report', 'core'],
  engine: ['run', 'net', 'report', 'core'],
  datasets: ['engine', 'publish', 'sources', 'run', 'clickhouse', 'net', 'report', 'core'],
  cli: ['datasets', 'engine', 'publish', 'sources', 'run', 'clickhouse', 'net', 'report', 'core', 'simulator'],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const imports: readonly Import[] = sources.flatMap((from) =>
  [...read(from).matchAll(/(?:from|import\() ?'(\.[^']+)\.js'/g)].map((match) => ({
    from,
    to: `${posix.join(dirname(from), match[1] as string)}.ts`,
  })),
);
const roomOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];

it('each library, and the checkpoint, has one door', () => {
  const strangers = sources.flatMap((path) =>
    DOORS.filter(([pattern, allowed]) => pattern.test(read(path)) && !allowed.test(path)).map(
      ([pattern]) => `${path}: ${pattern}`,
    ),
  );
  expect(strangers).toEqual([]);
});

it('nothing lies loose but the entry, and every room is known', () => {
  const strangers = sources.filter((path) => path !== 'src/main.ts' && !Object.hasOwn(MAY_IMPORT, roomOf(path) ?? ''));
  expect(strangers).toEqual([]);
});

it('dependencies between rooms point one way', () => {
  const wrong = imports.filter(({ from, to }) => {
    const [room, other] = [roomOf(from), roomOf(to)];
    if (room === undefined || other === room) return false;
    return other === undefined || !(MAY_IMPORT[room] ?? []).includes(other);
  });
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

it('commands import no commands', () => {
  const isCommand = (path: string) => path.startsWith('src/cli/commands/');
  const wrong = imports.filter(({ from, to }) => isCommand(from) && isCommand(to));
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
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
