import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { built } from '../support/node-child.js';
import { backfill, spawnBackfill } from '../support/program.js';
import { tempWorkspace } from '../support/workspace.js';

const TIMEOUT = { timeout: 60_000 };
/** Nothing listens there. */
const NOWHERE = ['--source-url', 'http://127.0.0.1:9/orderbook', '--give-up-after', '1s'];

/** A host of one's own, and the headers it was asked with. */
async function host(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const refuse = (text: string) => (_: IncomingMessage, response: ServerResponse) =>
  void response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ errors: [{ message: text }] }));

test('a signal in the first moments ends with 130, not by the signal', TIMEOUT, async () => {
  // From the start of Node on there is no listener; from its first line of ours on there is one.
  for (const delayMs of [50, 150]) {
    const program = spawnBackfill(['status', '--give-up-after', '30s'], {
      cwd: tempWorkspace(),
      env: {
        NODE_OPTIONS: `--import=data:text/javascript,process.stderr.write("up%5Cn")`,
        CLICKHOUSE_URL: 'http://127.0.0.1:9',
      },
    });
    await program.waitFor('up');
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    program.kill('SIGTERM');
    const { code, signal } = await program.ended;
    expect({ delayMs, signal }).toEqual({ delayMs, signal: null });
    expect([0, 1, 130]).toContain(code);
  }
});

test('a reader that has gone (| head) ends nothing and leaves no stack trace', TIMEOUT, async () => {
  const child = spawn(process.execPath, [built('main.js'), '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('.env that is a folder is a clear mistake', TIMEOUT, async () => {
  const cwd = tempWorkspace();
  mkdirSync(join(cwd, '.env'));
  const ended = await backfill(['status'], { cwd });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^backfill: \.env is a folder/);
});

test.each([['one line\nand another'], ['dänisch €']])(
  'a token that no header can hold is refused at once: %j',
  TIMEOUT,
  async (token) => {
    const ended = await backfill(['fills', ...NOWHERE], { cwd: tempWorkspace(), env: { GOLDSKY_TOKEN: token } });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/GOLDSKY_TOKEN.*HTTP header/);
    expect(ended.stderr).not.toContain(token.split(/\s/)[0]);
  },
);

test("a bare % in a URL's password is a password", TIMEOUT, async () => {
  const { url, asked } = await host(refuse('no such field'));
  const source = `${url.replace('://', '://joe:50%25%zz@')}/orderbook`.replace('%25', '%');
  const ended = await backfill(['fills', '--dry-run', '--source-url', source], { cwd: tempWorkspace() });
  expect(ended.stderr).toContain('no such field');
  expect(ended.stderr).not.toContain('malformed');
  expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from('joe:50%%zz').toString('base64')}`);
});

test("GOLDSKY_TOKEN goes to the source's origin, another host gets its own or none", TIMEOUT, async () => {
  const universe = createSyntheticUniverse({ seed: 6, markets: 3, fills: 100 });
  const source = await startSimulator({ universe, token: 'token-of-the-source' });
  onTestFinished(() => source.close());
  const { url, asked } = await host(refuse('no such field'));
  const markets = (env: Record<string, string>) =>
    backfill(['markets', '--source-url', source.url, '--pnl-source-url', `${url}/pnl`, '--clickhouse-dir', 'ch'], {
      cwd: tempWorkspace(),
      env: { GOLDSKY_TOKEN: 'token-of-the-source', ...env },
    });
  await markets({});
  await markets({ GOLDSKY_PNL_TOKEN: 'token-of-pnl' });
  const sent = new Set(asked.map(({ headers }) => headers.authorization));
  expect(sent).toEqual(new Set([undefined, 'Bearer token-of-pnl']));
});

test('escape sequences in what the source says are shown, not obeyed', TIMEOUT, async () => {
  const { url } = await host(refuse('\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnissap'));
  for (const json of [[], ['--json']]) {
    const ended = await backfill(
      ['fills', '--dry-run', '--source-url', `${url}/orderbook`, '--log-file', 'all.log', ...json],
      {
        cwd: tempWorkspace(),
      },
    );
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u202egnissap');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(ended.stdout + ended.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  }
});

test.each(['true', '127'])(
  'a secret that is a common word or a number (%s) leaves --json whole',
  TIMEOUT,
  async (secret) => {
    const cwd = tempWorkspace();
    writeFileSync(join(cwd, '.env'), `CLICKHOUSE_PASSWORD=${secret}\nGOLDSKY_TOKEN=${secret}\n`);
    const ended = await backfill(['fills', '--dry-run', '--json', ...NOWHERE], { cwd });
    expect(JSON.parse(ended.stdout)).toMatchObject({ exitCode: 75, error: expect.stringContaining('127.0.0.1:9') });
  },
);

test('a Retry-After of a year does not outlast --give-up-after', TIMEOUT, async () => {
  const { url } = await host((_, response) => void response.writeHead(429, { 'retry-after': '31536000' }).end());
  const ended = await backfill(['fills', '--dry-run', '--source-url', `${url}/orderbook`, '--give-up-after', '2s'], {
    cwd: tempWorkspace(),
  });
  expect(ended.code).toBe(75);
});

test('nor in the midst of a load', TIMEOUT, async () => {
  const universe = createSyntheticUniverse({ seed: 6, markets: 20, fills: 20_000 });
  const source = await startSimulator({
    universe,
    faults: [{ kind: 'throttled', rate: 1, matching: 'orderFilledEvents', retryAfterSeconds: 31_536_000 }],
  });
  onTestFinished(() => source.close());
  const child = spawnBackfill(
    ['fills', '--source-url', source.url, '--give-up-after', '3s', '--clickhouse-dir', 'ch'],
    {
      cwd: tempWorkspace(),
    },
  );
  const ended = await child.ended;
  expect(ended.code).toBe(75);
  expect(ended.stderr).toContain('429');
});
