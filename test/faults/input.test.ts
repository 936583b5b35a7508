import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.js';
import { COMMANDS, type CommandName } from '../../src/cli/command-table.js';
import { loadConfig } from '../../src/cli/config.js';
import { flagOf, OPTIONS, type OptionName } from '../../src/cli/options.js';
import { ExitError } from '../../src/core/exit.js';
import { parseMarketList } from '../../src/datasets/fills/plan/market-list.js';
import { built } from '../support/node-child.js';
import { testSeed } from '../support/random.js';

const dir = mkdtempSync(join(tmpdir(), 'backfill-fuzz-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What people and scripts put where a value belongs. */
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer().map(String),
  fc.double().map(String),
  fc.constantFrom('', ' ', '-1', '0', '1e9', '0x10', 'NaN', 'Infinity', '9'.repeat(400), 'true', '../../etc/passwd'),
  fc.constantFrom(
    'http://',
    'http://[',
    'ftp://x',
    'http://a:b@127.0.0.1:1/?key=secretsecret',
    'javascript:0',
    '`; DROP',
    "'--",
  ),
  fc.constantFrom('5s', '5 s', '1h', '-3min', '1e3s', '__proto__', 'constructor', '\u0000', '\ud800', '🦊'),
);
const command = fc.constantFrom(...(Object.keys(COMMANDS) as CommandName[]));
const option = fc.constantFrom(...(Object.keys(OPTIONS) as OptionName[]));

/** Undefined when it is accepted; what is thrown must be a usage error with words. */
async function refusal(ask: () => Promise<unknown>): Promise<ExitError | undefined> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    if (error instanceof ExitError) return error;
    throw error;
  }
}

test('generated options and environments are accepted, or refused with exit code 1 and a message', {
  timeout: 60_000,
}, async () => {
  const seed = testSeed();
  await fc.assert(
    fc.asyncProperty(
      command,
      fc.array(fc.tuple(option, value), { maxLength: 5 }),
      fc.array(fc.tuple(option, value), { maxLength: 5 }),
      fc.array(fc.oneof(value, fc.constantFrom('--', '-h', '--no-fresh', '--fresh=maybe', '--workers')), {
        maxLength: 2,
      }),
      async (name, flags, environment, rest) => {
        const args = [name, ...flags.flatMap(([o, v]) => [`--${flagOf(o)}`, v]), ...rest];
        const env = Object.fromEntries(environment.map(([o, v]) => [OPTIONS[o].env, v]));
        const error = await refusal(async () => {
          const parsed = await parseArguments(args, '0.0.0');
          if ('command' in parsed) loadConfig(parsed.command, parsed.flags, env, join(dir, 'no.env'));
        });
        if (error === undefined) return;
        expect(error.code).toBe(1);
        expect(error.message.length).toBeGreaterThan(5);
        expect(error.message).not.toContain('secretsecret');
      },
    ),
    { seed, numRuns: 500 },
  );
});

test('generated market files are read, or refused naming their lines', () => {
  const id = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << 256n) + 5n }).map(String),
    fc
      .string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), minLength: 60, maxLength: 66 })
      .map((hex) => `0x${hex}`),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.json(),
    fc.constantFrom('', '#', 'conditionId', '"', '{"conditionId":', '{"conditionId":[]}', '\ufeff', ',,,', '\t'),
  );
  const text = fc
    .array(id, { maxLength: 12 })
    .chain((lines) => fc.constantFrom('\n', '\r\n', '\r').map((eol) => lines.join(eol)));
  fc.assert(
    fc.property(text, (given) => {
      const parsed = parseMarketList(given);
      if (parsed.ok) {
        for (const { id: market } of parsed.list.entries) expect(market).toMatch(/^(0x[0-9a-f]{64}|\d{1,78})$/);
      } else {
        expect(parsed.errors.length).toBeGreaterThan(0);
        for (const { line, message } of parsed.errors) {
          expect(line).toBeGreaterThanOrEqual(0);
          expect(message).not.toBe('');
        }
      }
    }),
    { seed: testSeed(), numRuns: 2_000 },
  );
});

test('the program itself, given nonsense, ends with 1, two lines of words and no stack', { timeout: 60_000 }, () => {
  const file = join(dir, 'markets.txt');
  writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00, 0x31, 0x0a, 0x80]));
  for (const args of [
    ['fills', '--workers', '\u0007;rm -rf /'],
    ['fills', '--markets', file],
    ['fills', '--source-url', 'http://127.0.0.1:1/a b\r\nx: y', '--database', '', '--run', '../../x'],
    ['verify', '--run', 'a/../../b'],
    ['status', '--checkpoints', file],
  ]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [built('main.js'), ...args], {
      cwd: dir,
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', BACKFILL_RPS: args[0] === 'verify' ? 'NaN' : '' },
    });
    expect({ args, status }).toEqual({ args, status: 1 });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^backfill: /);
    expect(stderr).not.toMatch(/\n\s+at |node:internal/);
  }
});
