import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, type Scenario, SMALL, until } from '../support/scenario.js';

const TOKEN = 'tok-3nAvEryS3cretBearer';
const PASSWORD = "pw-L0ng'n&S3cret/=é";
const URL_PASSWORD = 'urlpw-W1thS3cret';
const URL_KEY = 'apikey-N0tToBeSeen';
const SECRETS = [TOKEN, PASSWORD, URL_PASSWORD, URL_KEY].flatMap((secret) => [
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

function withUserInfo(url: string, userInfo: string): string {
  return url.replace('://', `://${userInfo}@`);
}

test('no token, password or key is left in any output, log, checkpoint, report or process title', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, {
    simulator: { token: TOKEN, latencyMs: 5, faults: [{ kind: 'http-503', rate: 0.05, maxPerBody: 1 }] },
    env: LOGIN,
  });
  const source = `${withUserInfo(scenario.simulator.url, `who:${URL_PASSWORD}`)}?key=${URL_KEY}`;
  const program = scenario.startFills(...SMALL, ...LOUD, '--source-url', source);
  await until(program, () => scenario.simulator.stats().requests > 5);
  if (process.platform === 'linux') {
    const title = readFileSync(`/proc/${program.pid}/cmdline`, 'latin1');
    expect([TOKEN, PASSWORD].filter((secret) => title.includes(secret))).toEqual([]);
  }
  const ended = await program.ended;
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(leaks(textsOf(scenario, ended))).toEqual([]);
  expect(scenario.run().checkpoint.fingerprint.source).toContain('key=…');
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
