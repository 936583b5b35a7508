import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { spawnBackfill } from '../support/program.js';
import { makeScenario, outcome, type Scenario, SMALL, until } from '../support/scenario.js';

const TOKEN = 'tok-3nAvEryS3cretBearer';
const PASSWORD = "pw-L0ng'n&S3cret/=é";
const URL_PASSWORD = 'urlpw-W1thS3cret';
const URL_KEY = 'apikey-N0tToBeSeen';
/** As The Graph's gateway has it: /api/KEY/subgraphs/id/…. */
const PATH_KEY = '5c1f0a9be47d28836ab0d1ce92f7345d';
const SECRETS = [TOKEN, PASSWORD, URL_PASSWORD, URL_KEY, PATH_KEY].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64'),
]);

const escaped = PASSWORD.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const USERS = `
<clickhouse>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users>
    <default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
    <loader><password>${escaped}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></loader>
    <other><password>${URL_PASSWORD}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></other>
  </users>
</clickhouse>`;

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse({ usersXml: USERS });
});
afterAll(() => clickhouse.stop());

const LOGIN = { GOLDSKY_TOKEN: TOKEN, CLICKHOUSE_USER: 'loader', CLICKHOUSE_PASSWORD: PASSWORD };
const LOUD = ['--log-level', 'trace', '--log-file', 'all.log'];

/** Every place where a secret could have been left. */
function textsOf(scenario: Scenario, ended: { stdout: string; stderr: string }): [string, string][] {
  const files = (dir: string): string[] =>
    readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? files(join(dir, entry.name)) : [join(dir, entry.name)],
    );
  return [
    ['stdout', ended.stdout],
    ['stderr', ended.stderr],
    ...files(scenario.dir).map((path): [string, string] => [path, readFileSync(path, 'latin1')]),
  ];
}

function leaks(texts: readonly (readonly [string, string])[]): string[] {
  return texts.flatMap(([where, text]) =>
    SECRETS.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${where}`),
  );
}

/** What everybody on the machine may read of a process and of those that it started: the arguments and the names. */
function titlesOf(pid: number): [string, string][] {
  const isChild = (name: string) => new RegExp(`^PPid:\\s+${pid}$`, 'm').test(readProcess(name, 'status'));
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isChild(name));
  return [String(pid), ...children].flatMap((name): [string, string][] =>
    ['cmdline', 'comm'].map((file) => [`${file} of ${name}`, readProcess(name, file)]),
  );
}

/** As UTF-8, like the secrets; empty for a process that has ended meanwhile. */
function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function withUserInfo(url: string, userInfo: string): string {
  return url.replace('://', `://${userInfo}@`);
}

function sourceWithSecrets({ simulator }: Scenario): string {
  const url = simulator.url.replace('/orderbook', `/api/${PATH_KEY}/orderbook`);
  return `${withUserInfo(url, `who:${URL_PASSWORD}`)}?key=${URL_KEY}`;
}

test('no token, password or key is left in any output, log, checkpoint, report or process title', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, {
    simulator: { token: TOKEN, latencyMs: 5, faults: [{ kind: 'http-503', rate: 0.05, maxPerBody: 1 }] },
    env: LOGIN,
  });
  const source = sourceWithSecrets(scenario);
  const program = scenario.startFills(...SMALL, ...LOUD, '--source-url', source);
  await until(program, () => scenario.simulator.stats().requests > 5);
  if (process.platform === 'linux') expect(leaks(titlesOf(program.pid))).toEqual([]);
  const ended = await program.ended;
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(leaks(textsOf(scenario, ended))).toEqual([]);
  expect(scenario.run().checkpoint.fingerprint.source).toMatch(/\/api\/…\/orderbook\?key=… \(key [0-9a-f]{12}\)$/);
  const status = await scenario.start('status', '--json').ended;
  expect(leaks([['status', status.stdout + status.stderr]])).toEqual([]);
});

test('user and password may stand in the ClickHouse URL, and are not shown', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  const url = withUserInfo(clickhouse.url, `other:${URL_PASSWORD}`);
  const ended = await scenario.fills(...LOUD, '--clickhouse-url', url);
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(leaks(textsOf(scenario, ended))).toEqual([]);
  expect(scenario.run().checkpoint.fingerprint.target).toBe(clickhouse.url);
});

test.runIf(process.platform === 'linux')(
  'credentials in URLs on the command line are not in the title of the program nor of the server that it starts',
  { timeout: 60_000 },
  async () => {
    const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 50 } });
    const source = sourceWithSecrets(scenario);
    const program = spawnBackfill(
      ['fills', ...SMALL, `--source-url=${source}`, '--clickhouse-dir', 'clickhouse', '--threads', '2'],
      { cwd: scenario.dir },
    );
    await until(program, () => scenario.simulator.stats().requests > 5);
    const titles = titlesOf(program.pid);
    // Two of the program, two of the server.
    expect(titles.length).toBeGreaterThanOrEqual(4);
    expect(titles[0]?.[1]).toMatch(/^backfill fills .*--source-url=http:\/\/… --clickhouse-dir clickhouse/);
    expect(leaks(titles)).toEqual([]);
    program.kill('SIGTERM');
    expect((await program.ended).code).toBe(130);

    const nowhere = withUserInfo('http://127.0.0.1:9', `other:${URL_PASSWORD}`);
    const away = scenario.startFills(...SMALL, '--clickhouse-url', nowhere);
    await away.waitFor(/ECONNREFUSED/);
    expect(leaks(titlesOf(away.pid))).toEqual([]);
    away.kill('SIGKILL');
  },
);

const REFUSALS: readonly (readonly [string, (s: Scenario) => string[], Record<string, string>, number, RegExp])[] = [
  ['a wrong password', () => [], { ...LOGIN, CLICKHOUSE_USER: 'other' }, 1, /CLICKHOUSE_USER/],
  ['a wrong token', () => [], { ...LOGIN, GOLDSKY_TOKEN: `${TOKEN}x` }, 1, /GOLDSKY_TOKEN/],
  [
    'a source that is not there',
    () => ['--source-url', `http://who:${URL_PASSWORD}@127.0.0.1:9/?key=${URL_KEY}`, '--give-up-after', '1s'],
    LOGIN,
    75,
    /--source-url/,
  ],
  [
    'a ClickHouse that is not there',
    () => ['--clickhouse-url', `http://loader:${URL_PASSWORD}@127.0.0.1:9`, '--give-up-after', '1s'],
    LOGIN,
    75,
    /CLICKHOUSE_URL/,
  ],
];
test.each(REFUSALS)('%s is refused without showing it', { timeout: 60_000 }, async (_, args, env, code, says) => {
  const scenario = await makeScenario(clickhouse, { simulator: { token: TOKEN }, env });
  const ended = await scenario.fills(...LOUD, ...args(scenario));
  expect(outcome(ended)).toMatchObject({ code });
  expect(ended.stderr).toMatch(says);
  expect(leaks(textsOf(scenario, ended))).toEqual([]);
});
