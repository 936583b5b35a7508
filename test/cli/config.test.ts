import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { helpText, parseArguments } from '../../src/cli/arguments.js';
import { COMMANDS, type CommandName } from '../../src/cli/command-table.js';
import { loadConfig } from '../../src/cli/config.js';
import { flagOf, OPTIONS, type OptionName } from '../../src/cli/options.js';
import { tempWorkspace } from '../support/workspace.js';

/** The configuration of a command line, an environment and a `.env`. */
async function configOf(args: readonly string[], env: NodeJS.ProcessEnv = {}, file = '') {
  const path = join(tempWorkspace(), '.env');
  writeFileSync(path, file);
  const invocation = await parseArguments(args, '0.0.0');
  if (!('command' in invocation)) throw new Error(invocation.text);
  return loadConfig(invocation.command, invocation.flags, env, path);
}

test('flags win over the environment, the environment over .env, .env over defaults', async () => {
  const file = 'BACKFILL_WORKERS=3\nBACKFILL_RPS=33\nBACKFILL_BATCH_ROWS=333\n';
  const env = { BACKFILL_WORKERS: '2', BACKFILL_RPS: '22' };
  expect(await configOf(['fills', '--workers', '1'], env, file)).toMatchObject({
    workers: 1,
    rps: 22,
    batchRows: 333,
    chunkPages: 10,
  });
});

test('the defaults are those of the design', async () => {
  expect(await configOf(['fills'])).toMatchObject({
    workers: 128,
    rps: 75,
    batchRows: 5000,
    insertMode: 'async',
    pageRows: 1000,
    database: 'polymarket',
    giveUpAfter: 30 * 60_000,
    retryBase: 1000,
    fresh: false,
    checkpoints: 'checkpoints',
    clickhouseDir: '.clickhouse',
  });
});

test('the variables that others know have their names', async () => {
  const env = {
    GOLDSKY_URL: 'http://s/',
    GOLDSKY_PNL_URL: 'http://p/',
    GOLDSKY_TOKEN: 't0ken',
    CLICKHOUSE_URL: 'http://c/',
    CLICKHOUSE_USER: 'u',
    CLICKHOUSE_PASSWORD: 'p',
    CLICKHOUSE_DATABASE: 'd',
  };
  expect(await configOf(['fills'], env)).toMatchObject({
    sourceUrl: 'http://s/',
    pnlSourceUrl: 'http://p/',
    sourceToken: 't0ken',
    clickhouseUrl: 'http://c/',
    clickhouseUser: 'u',
    clickhousePassword: 'p',
    database: 'd',
  });
});

test('an empty variable is one that is not set', async () => {
  expect(await configOf(['fills'], { BACKFILL_WORKERS: '', GOLDSKY_URL: '' })).toMatchObject({ workers: 128 });
});

test.each(['1', 'true', 'TRUE', 'yes'])(
  'a switch is on for %s in the environment, and a flag turns it off',
  async (value) => {
    expect(await configOf(['fills'], { BACKFILL_FRESH: value })).toMatchObject({ fresh: true });
    expect(await configOf(['fills', '--no-fresh'], { BACKFILL_FRESH: value })).toMatchObject({ fresh: false });
  },
);

test.each([
  ['500ms', 500],
  ['90s', 90_000],
  ['2', 2000],
  ['1.5min', 90_000],
  ['1h', 3_600_000],
])('a time of %s is %i milliseconds', async (given, ms) => {
  expect(await configOf(['fills', '--request-timeout', given])).toMatchObject({ requestTimeout: ms });
});

test('a wrong variable of another command does not stop this one', async () => {
  expect(await configOf(['status'], { BACKFILL_WORKERS: 'many' })).toMatchObject({ workers: 128 });
});

test('wrong secrets and URLs are not echoed', async () => {
  const secret = 'hunter2secret';
  await expect(configOf(['fills'], { CLICKHOUSE_URL: `htp://user:${secret}@host` })).rejects.toSatisfy(
    (error: Error) => error.message.includes('CLICKHOUSE_URL') && !error.message.includes(secret),
  );
  await expect(configOf(['fills', '--source-url', `ftp://x/?key=${secret}`])).rejects.toSatisfy(
    (error: Error) => error.message.includes('--source-url') && !error.message.includes(secret),
  );
});

test('secrets are no flags', () => {
  for (const [name, spec] of Object.entries(OPTIONS)) {
    if ('secret' in spec) expect('envOnly' in spec, name).toBe(true);
  }
});

test.each(Object.keys(COMMANDS) as CommandName[])(
  'the help of %s lists every option with its variable',
  async (command) => {
    const help = (await helpText(command, '0.0.0')).replace(/\s+/g, ' ');
    for (const name of COMMANDS[command].options as readonly OptionName[]) {
      const spec = OPTIONS[name];
      if ('envOnly' in spec) continue;
      expect(help).toContain(`--${flagOf(name)}`);
      expect(help).toContain(spec.env);
    }
  },
);

test('the help of the program lists every command', async () => {
  const help = await helpText(null, '0.0.0');
  for (const command of Object.keys(COMMANDS)) expect(help).toContain(`backfill ${command}`);
});

test('no two options share a variable', () => {
  const names = Object.values(OPTIONS).map(({ env }) => env);
  expect(new Set(names).size).toBe(names.length);
});
