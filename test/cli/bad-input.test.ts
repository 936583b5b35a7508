import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.js';
import { loadConfig } from '../../src/cli/config.js';
import { endingOf, renderEnding } from '../../src/core/ending.js';
import { backfill } from '../support/program.js';
import { tempWorkspace } from '../support/workspace.js';

/** Nothing listens there: whoever asks for it has gone too far. */
const SOURCE = ['--source-url', 'http://127.0.0.1:9/orderbook'];

interface Case {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** What the message must name. */
  readonly says: readonly (string | RegExp)[];
}

const TOKEN = '10171926'.padEnd(77, '3');
/** What the arguments and the environment alone tell. */
const OPTION_CASES: Readonly<Record<string, Case>> = {
  'no command': { args: [], says: ['no command given', '--help'] },
  'an unknown command': { args: ['fils'], says: [/fils|fills/, '--help'] },
  'an unknown option': { args: ['fills', '--worker', '3'], says: ['worker', '--help'] },
  "another command's option": { args: ['status', '--batch-rows', '5'], says: ['batch-rows'] },
  'an argument too many': { args: ['fills', 'everything'], says: [/everything|takes no arguments/] },
  'an option without its value': { args: ['fills', '--rps'], says: ['rps'] },
  'workers 0': { args: ['fills', '--workers', '0'], says: ['--workers', '1'] },
  'workers 1e9': { args: ['fills', '--workers', '1e9'], says: ['--workers', '1024'] },
  'workers half': { args: ['fills', '--workers', '1.5'], says: ['--workers', '1.5'] },
  'workers text': { args: ['fills', '--workers', '12abc'], says: ['--workers', '12abc'] },
  'workers empty': { args: ['fills', '--workers', ''], says: ['--workers'] },
  'rps negative': { args: ['fills', '--rps=-5'], says: ['--rps', '-5'] },
  'rps Infinity': { args: ['fills', '--rps', 'Infinity'], says: ['--rps'] },
  'batch rows too few': { args: ['fills', '--batch-rows', '99'], says: ['--batch-rows', '100'] },
  'page rows beyond the source': { args: ['fills', '--page-rows', '1001'], says: ['--page-rows', '1000'] },
  'an insert mode that is none': { args: ['fills', '--insert-mode', 'maybe'], says: ['--insert-mode', 'async'] },
  'a time that is none': { args: ['fills', '--request-timeout', 'soon'], says: ['--request-timeout', '90s'] },
  'a time out of range': { args: ['fills', '--give-up-after', '1ms'], says: ['--give-up-after'] },
  'a run id with a path': { args: ['fills', '--run', '../x'], says: ['--run', 'letters'] },
  'a run id like an option': { args: ['fills', '--run=-x'], says: ['--run'] },
  'a log level that is none': { args: ['fills', '--log-level', 'loud'], says: ['--log-level', 'info'] },
  'a source URL that is none': { args: ['fills', '--source-url', 'localhost:8000'], says: ['--source-url', 'http'] },
  'a source URL of another kind': { args: ['fills', '--source-url', 'ftp://x/y'], says: ['--source-url', 'http'] },
  'a ClickHouse URL that is none': { args: ['fills', ...SOURCE, '--clickhouse-url', 'x'], says: ['--clickhouse-url'] },
  'several mistakes are told at once': {
    args: ['fills', '--workers', '0', '--rps', 'x', '--run', '*'],
    says: ['--workers', '--rps', '--run'],
  },
  'a wrong environment variable is named': {
    args: ['fills', ...SOURCE],
    env: { BACKFILL_WORKERS: 'many' },
    says: ['BACKFILL_WORKERS (environment)', 'many'],
  },
  'a wrong value in .env is named': {
    args: ['fills', ...SOURCE],
    files: { '.env': 'BACKFILL_RPS=fast\n' },
    says: ['BACKFILL_RPS (.env)', 'fast'],
  },
  'a wrong flag in the environment': {
    args: ['fills', ...SOURCE],
    env: { BACKFILL_FRESH: 'perhaps' },
    says: ['BACKFILL_FRESH', 'perhaps'],
  },
};

/** What only the program itself finds out. */
const PROGRAM_CASES: Readonly<Record<string, Case>> = {
  'a ClickHouse URL with parameters': {
    args: ['fills', ...SOURCE, '--clickhouse-url', 'http://127.0.0.1:9/?database=x'],
    says: ['ClickHouse URL', '--database'],
  },
  'an unknown option, asked of the program': { args: ['fills', '--worker', '3'], says: ['worker', '--help'] },
  'a number out of range, asked of the program': { args: ['fills', '--workers', '0'], says: ['--workers'] },
  '--fresh with --refresh': { args: ['fills', ...SOURCE, '--fresh', '--refresh'], says: ['--fresh', '--refresh'] },
  'a market list that is missing': {
    args: ['fills', ...SOURCE, '--markets', 'none.csv'],
    says: ['--markets', 'none.csv', 'no such file'],
  },
  'a market list that is a folder': {
    args: ['fills', ...SOURCE, '--markets', 'folder'],
    files: { 'folder/x': '' },
    says: ['--markets', 'folder'],
  },
  'a market list with broken ids': {
    args: ['fills', ...SOURCE, '--markets', 'list.txt'],
    files: { 'list.txt': `# markets\n${TOKEN}\n0x12\n\nhello world\n1.07e+76\n` },
    says: ['list.txt', 'line 3', 'line 5', 'line 6', 'spreadsheet'],
  },
  'a market list in NDJSON with a broken line': {
    args: ['fills', ...SOURCE, '--markets', 'list.ndjson'],
    files: { 'list.ndjson': `{"conditionId":"0x${'a'.repeat(64)}"}\n{"id":1}\n{oops\n` },
    says: ['line 2', 'line 3'],
  },
  'recorded events that are missing': {
    args: ['simulate', '--events', 'none.ndjson'],
    says: ['--events', 'none.ndjson'],
  },
  'recorded events that are broken': {
    args: ['simulate', '--events', 'e.ndjson'],
    files: { 'e.ndjson': '{"id":"0x1"}\n' },
    says: ['e.ndjson:1'],
  },
  'faults that are no JSON': { args: ['simulate', '--faults', '[{kind}]'], says: ['--faults'] },
  'faults that nobody knows': {
    args: ['simulate', '--faults', '[{"kind":"earthquake","rate":1}]'],
    says: ['--faults', 'earthquake'],
  },
  'a day that no calendar has': {
    args: ['bars', '--symbols', 'AAPL', '--from', '2026-02-01', '--to', '2026-02-30'],
    says: ['--to', '2026-11-24'],
  },
  'a port that is none': { args: ['simulate', '--port', '65536'], says: ['--port', '65535'] },
  'a seed below 0': { args: ['simulate', '--seed=-1'], says: ['--seed'] },
  'the status of no run': { args: ['status'], says: ['no run', 'backfill fills'] },
  'the status of a run that is not there': { args: ['status', '--run', 'r9'], says: ['no run r9'] },
  'a checkpoint of another version': {
    args: ['status'],
    files: { 'checkpoints/r1/checkpoint.json': '{"version":99}' },
    says: ['checkpoint.json', 'version 99', '--fresh'],
  },
  'half a checkpoint': {
    args: ['status'],
    files: { 'checkpoints/r1/checkpoint.json': '{"version":1,"run":"r1"' },
    says: ['checkpoint.json', 'complete JSON', '--fresh'],
  },
};

function filesUnder(dir: string, prefix = ''): string[] {
  return readdirSync(join(dir, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = join(prefix, entry.name);
    return entry.isDirectory() ? [`${path}/`, ...filesUnder(dir, path)] : [path];
  });
}

function prepare(files: Readonly<Record<string, string>> = {}): string {
  const cwd = tempWorkspace();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(cwd, name, '..'), { recursive: true });
    writeFileSync(join(cwd, name), content);
  }
  return cwd;
}

function expectMessage(code: number | null, stderr: string, says: readonly (string | RegExp)[]): void {
  expect({ code, stderr }).toEqual({ code: 1, stderr });
  for (const part of says) expect(stderr).toMatch(typeof part === 'string' ? new RegExp(literal(part), 'i') : part);
  expect(stderr).toMatch(/^backfill: /);
  expect(stderr).toMatch(/\n {2}→ \S/);
  expect(stderr).not.toMatch(/unexpected error|\bat .*\.js:\d+/);
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe('bad options end with exit code 1 and a message that names them and says what to do', () => {
  test.each(Object.entries(OPTION_CASES))('%s', async (_, { args, env = {}, files, says }) => {
    const cwd = prepare(files);
    const attempt = async () => {
      const invocation = await parseArguments(args, '0.0.0');
      if ('command' in invocation) loadConfig(invocation.command, invocation.flags, env, join(cwd, '.env'));
    };
    const error: unknown = await attempt().then(
      () => new Error('it was accepted'),
      (caught: unknown) => caught,
    );
    expectMessage(endingOf(error).code, renderEnding(endingOf(error)), says);
  });
});

describe('bad input ends the program with exit code 1 before anything is touched', () => {
  test.each(Object.entries(PROGRAM_CASES))('%s', { timeout: 60_000 }, async (_, { args, env = {}, files, says }) => {
    const cwd = prepare(files);
    const before = filesUnder(cwd);
    const { code, stdout, stderr } = await backfill(args, { cwd, env });
    expectMessage(code, stderr, says);
    expect(stdout).toBe('');
    expect(filesUnder(cwd)).toEqual(before);
  });
});

test('a port that is taken is refused', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, stderr } = await backfill(['simulate', '--port', String(port)], { cwd: tempWorkspace() });
  taken.close();
  expectMessage(code, stderr, [`--port ${port}`, 'another port']);
});

test('with --json the error is JSON on stdout as well', async () => {
  const { code, stdout } = await backfill(['status', '--json'], { cwd: tempWorkspace() });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    exitCode: 1,
    error: expect.stringContaining('no run'),
    hint: expect.any(String),
  });
});
