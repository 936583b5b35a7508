import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openTarget } from '../../src/clickhouse/client.js';
import { EmbeddedServer } from '../../src/clickhouse/embedded/embedded.js';
import { startSimulator } from '../../src/simulator/server.js';
import { compareFills } from '../support/compare-fills.js';
import { backfill, spawnBackfill } from '../support/program.js';
import { outcome, pagesServed, SMALL, smallUniverse, until } from '../support/scenario.js';
import { tempWorkspace } from '../support/workspace.js';

interface ServerFile {
  readonly pid: number;
  readonly httpPort: number;
}

const serverOf = (dir: string) =>
  JSON.parse(readFileSync(join(dir, '.clickhouse', 'server.json'), 'utf8')) as ServerFile;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  while (lives(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function compareIn(dir: string) {
  const server = await EmbeddedServer.start({ dir: join(dir, '.clickhouse') });
  const target = await openTarget({
    url: server.url,
    ...server.login,
    database: 'polymarket',
    requestTimeoutMs: 30_000,
  });
  try {
    return await compareFills(target, smallUniverse());
  } finally {
    await target.close();
    await server.close();
  }
}

async function makePlace(latencyMs = 0) {
  const dir = tempWorkspace();
  const simulator = await startSimulator({ universe: smallUniverse(), latencyMs });
  onTestFinished(() => simulator.close());
  const args = [
    'fills',
    '--source-url',
    simulator.url,
    '--rps',
    '100000',
    '--workers',
    '4',
    '--threads',
    '1',
    ...SMALL,
  ];
  return { dir, simulator, args };
}

test('without a ClickHouse URL a server of our own is started, ends with the program, and keeps the data', {
  timeout: 120_000,
}, async () => {
  const { dir, args } = await makePlace();
  expect(outcome(await backfill(args, { cwd: dir }))).toMatchObject({ code: 0 });
  expect(lives(serverOf(dir).pid)).toBe(false);
  const again = await backfill(args, { cwd: dir });
  expect(outcome(again)).toMatchObject({ code: 0 });
  expect(again.stderr).toContain('finished');
  expect(await compareIn(dir)).toEqual({ rows: smallUniverse().fillCount, problems: [] });
});

test('after SIGKILL of the program its server is gone too, and the same command goes on', {
  timeout: 120_000,
}, async () => {
  const { dir, simulator, args } = await makePlace(20);
  const program = spawnBackfill(args, { cwd: dir });
  await until(program, () => pagesServed(simulator) > 10);
  const { pid } = serverOf(dir);
  expect(lives(pid)).toBe(true);
  program.kill('SIGKILL');
  await program.ended;
  await gone(pid);
  simulator.setLatency(0);
  expect(outcome(await backfill(args, { cwd: dir }))).toMatchObject({ code: 0 });
  expect(await compareIn(dir)).toEqual({ rows: smallUniverse().fillCount, problems: [] });
});

test('a server that is killed under the program comes back, and nothing is lost', { timeout: 120_000 }, async () => {
  const { dir, simulator, args } = await makePlace(20);
  const program = spawnBackfill([...args, '--retry-base', '50ms'], { cwd: dir });
  await until(program, () => pagesServed(simulator) > 20);
  const { pid } = serverOf(dir);
  process.kill(pid, 'SIGKILL');
  expect(outcome(await program.ended)).toMatchObject({ code: 0 });
  expect(serverOf(dir).pid).not.toBe(pid);
  expect(await compareIn(dir)).toEqual({ rows: smallUniverse().fillCount, problems: [] });
});

test('`backfill clickhouse` keeps a server up that other commands use', { timeout: 120_000 }, async () => {
  const { dir, args } = await makePlace();
  const keeper = spawnBackfill(['clickhouse'], { cwd: dir });
  await keeper.waitFor('Ctrl-C ends it.');
  const { pid } = serverOf(dir);
  expect(outcome(await backfill(args, { cwd: dir }))).toMatchObject({ code: 0 });
  expect(serverOf(dir).pid).toBe(pid);
  const printed = keeper.stdout();
  const [link] = /http:\S+\/play\?\S+/.exec(printed) ?? [];
  const play = await fetch(link ?? '');
  expect(play.status).toBe(200);
  await play.arrayBuffer();
  const [, user, password, url] = /^curl -u (\w+):(\S+) '(\S+)' -d/m.exec(printed) ?? [];
  const headers = { authorization: `Basic ${btoa(`${user}:${password}`)}` };
  const asked = await fetch(url ?? '', { method: 'POST', headers, body: 'SHOW TABLES' });
  expect(await asked.text()).toContain('clob_fills_staging\n');
  keeper.kill('SIGINT');
  expect((await keeper.ended).code).toBe(130);
  await gone(pid);
  expect(existsSync(join(dir, '.clickhouse'))).toBe(true);
});
