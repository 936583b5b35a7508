import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FaultRule } from '../../src/simulator/fault-table.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { built, type Ended, endOf } from '../support/node-child.js';
import { makeScenario, outcome, pagesServed, proxied, type Scenario, SMALL, until } from '../support/scenario.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

/** The places of the fault matrix that no other file of tests goes to with the program itself. */
let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const universe = createSyntheticUniverse({ seed: 8, markets: 40, fills: 3_000 });
const exact = { rows: universe.fillCount, problems: [] };
const QUICK = ['--retry-base', '5ms', '--workers', '4', '--threads', '0'];

test('a body of one byte a second and a socket that never answers are given up at the deadline and asked again', {
  timeout: 60_000,
}, async () => {
  const faults: FaultRule[] = (['dribble', 'silent'] as const).map((kind) => ({ kind, rate: 0.1, maxPerBody: 1 }));
  const scenario = await makeScenario(clickhouse, { universe, simulator: { faults } });
  expect(outcome(await scenario.fills(...SMALL, ...QUICK, '--request-timeout', '300ms'))).toMatchObject({ code: 0 });
  const { faults: struck } = scenario.simulator.stats();
  expect(struck.dribble).toBeGreaterThan(0);
  expect(struck.silent).toBeGreaterThan(0);
  expect(await scenario.compare()).toEqual(exact);
});

test('500, 502, 503 and 504 with nothing, 429 with neither Retry-After nor words: every question is asked again', {
  timeout: 60_000,
}, async () => {
  // Whatever is asked fails once, a quarter of it in each way.
  const failing: FaultRule[] = ([500, 502, 503, 504] as const).map((status, i) => ({
    kind: `http-${status}`,
    rate: 1 / (4 - i),
    maxPerBody: 1,
    body: 'empty',
  }));
  // Not at once: what was served until the first refusal tells how fast the source may be asked.
  const bare = { kind: 'throttled', rate: 1, fromRequest: 16, untilRequest: 17, retryAfterSeconds: null } as const;
  const scenario = await makeScenario(clickhouse, {
    universe,
    simulator: { faults: [{ ...bare, body: 'empty' }, ...failing] },
  });
  expect(outcome(await scenario.fills(...SMALL, ...QUICK))).toMatchObject({ code: 0 });
  const struck = scenario.simulator.stats().faults;
  for (const { kind } of failing) expect(struck[kind], kind).toBeGreaterThan(0);
  expect(struck.throttled).toBe(1);
  expect(scenario.report()).toMatchObject({ complete: true, chunks: { failed: 0 }, throttled: 1 });
  expect(await scenario.compare()).toEqual(exact);
});

test('a source that refuses connections, answers 503 and resets, one after the other, is waited for', {
  timeout: 60_000,
}, async () => {
  const faults: FaultRule[] = (['refuse', '503', 'reset'] as const).map((how, i) => ({
    kind: 'down',
    rate: 1,
    how,
    forMs: 500,
    fromRequest: [0, 8, 24][i] as number,
  }));
  const scenario = await makeScenario(clickhouse, { universe, simulator: { faults } });
  expect(outcome(await scenario.fills(...SMALL, ...QUICK))).toMatchObject({ code: 0 });
  expect(scenario.report()).toMatchObject({ complete: true, chunks: { failed: 0 } });
  expect(await scenario.compare()).toEqual(exact);
});

test.each(['both-assets-zero', 'neither-asset-zero'] as const)(
  '%s: what is in the table is the truth, what is not is kept aside or named; without the fault all is loaded',
  { timeout: 60_000 },
  async (kind) => {
    const scenario = await makeScenario(clickhouse, { universe, simulator: { faults: [{ kind, rate: 0.005 }] } });
    expect(outcome(await scenario.fills(...SMALL, ...QUICK, '--retry-base', '1ms'))).toMatchObject({ code: 2 });
    expect(scenario.simulator.stats().faults[kind]).toBeGreaterThan(0);
    const kept = new Set(
      scenario
        .run()
        .folder.readRejected()
        .map(({ row }) => (row as { id: string }).id),
    );
    const { rows, problems } = await scenario.compare();
    expect(problems.filter((problem) => !problem.includes('lost'))).toEqual([]);
    expect(rows + kept.size).toBeLessThanOrEqual(universe.fillCount);
    if (scenario.report().missing.length === 0) expect(rows + kept.size).toBe(universe.fillCount);
    scenario.simulator.setFaults([]);
    await scenario.fills(...SMALL, ...QUICK);
    expect(scenario.report().missing).toEqual([]);
    expect(await scenario.compare({ only: ({ id }) => !kept.has(id) })).toEqual({
      rows: universe.fillCount - kept.size,
      problems: [],
    });
  },
);

test('a target that goes away in the middle of the inserts is waited for, and no chunk pays for it', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  let back: Promise<void> | undefined;
  const proxy: TcpProxy = await proxied(clickhouse, {
    onStatement: ({ kind, ordinal }) => {
      if (kind === 'insert' && ordinal === 4) back ??= proxy.goDown(1200);
    },
  });
  const ended = await scenario.fills(...SMALL, ...QUICK, '--clickhouse-url', proxy.url);
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(back).toBeDefined();
  await back;
  expect(ended.stderr).toMatch(/ECONNRESET[\s\S]*ECONNREFUSED/);
  expect(scenario.report()).toMatchObject({ complete: true, chunks: { failed: 0 } });
  expect(await scenario.compare()).toEqual(exact);
});

test('a user who may only read from now on: nothing counts as loaded, and with the rights back the same command goes on', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  const proxy = await proxied(clickhouse, {
    rules: [{ kind: 'read-only-user', rate: 1, only: 'insert', fromRequest: 3 }],
  });
  const args = [...SMALL, ...QUICK, '--clickhouse-url', proxy.url];
  const refused = await scenario.fills(...args);
  expect(refused.code, refused.stderr).toBe(1);
  expect(refused.stderr).toContain('Cannot execute query in readonly mode');
  const { rows } = scenario.run().checkpoint;
  const [staged] = await scenario.target.query<{ n: string }>('SELECT count() AS n FROM clob_fills_staging FINAL');
  expect(rows).toBeLessThanOrEqual(Number(staged?.n));
  expect(rows).toBeLessThan(universe.fillCount);
  proxy.setRules([]);
  expect(outcome(await scenario.fills(...args))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual(exact);
});

/** SIGKILL to the server, once at each of these statements: before it, while it runs, or after it and before its answer. */
const DEATHS: readonly (readonly [string, RegExp, 'before' | 'during' | 'after'])[] = [
  ['first', /^\s*(--.*\n\s*)*RENAME TABLE/m, 'before'],
  ['first', /INSERT INTO[\s\S]*ledger_pnl/, 'during'],
  ['fresh', /EXCHANGE TABLES[^,]*clob_fills/, 'after'],
  ['fresh', /EXCHANGE TABLES[^,]*wallet_market_pnl/, 'before'],
  ['fresh', /EXCHANGE TABLES[^,]*wallet_pnl/, 'after'],
];

test('a server killed during promote and during rebuild-pnl comes back, and one command still does the whole job', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  let round = 'first';
  const met = new Set<number>();
  const deaths: Promise<void>[] = [];
  const die = async () => {
    process.kill(clickhouse.server.pid, 'SIGKILL');
    deaths.push(new Promise((resolve) => setTimeout(resolve, 300)).then(() => clickhouse.server.ensure()));
  };
  const meet = (sql: string, when: 'before' | 'after') => {
    const i = DEATHS.findIndex(
      ([of, what, then], at) =>
        of === round && !met.has(at) && what.test(sql) && (then === 'after') === (when === 'after'),
    );
    if (i === -1) return;
    met.add(i);
    if (DEATHS[i]?.[2] === 'during') setTimeout(() => void die(), 3);
    else void die();
  };
  const proxy = await proxied(clickhouse, {
    onStatement: ({ sql }) => meet(sql, 'before'),
    onApplied: ({ sql }) => meet(sql, 'after'),
  });
  // A statement that loses its answer is asked about in the log of the server, for one time-out at most.
  const urls = ['--pnl-source-url', scenario.simulator.pnlUrl, '--clickhouse-url', proxy.url];
  const args = [...SMALL, ...QUICK, '--insert-timeout', '2500ms', ...urls];
  expect(outcome(await scenario.start('run', ...args).ended)).toMatchObject({ code: 0 });
  round = 'fresh';
  expect(outcome(await scenario.start('run', '--fresh', ...args).ended)).toMatchObject({ code: 0 });
  await Promise.all(deaths);
  expect([...met].sort()).toEqual(DEATHS.map((_, i) => i));
  expect(await scenario.compare({ table: 'clob_fills' })).toEqual(exact);
  const [pnl] = await scenario.target.query<{ fills: string; agree: number }>(
    `SELECT (SELECT sum(fills) FROM wallet_market_pnl) AS fills,
            (SELECT toString(sum(ledger_pnl)) FROM wallet_pnl) = (SELECT toString(sum(ledger_pnl)) FROM wallet_market_pnl) AS agree`,
  );
  expect(pnl).toEqual({ fills: String(universe.fillCount), agree: 1 });
  const [left] = await scenario.target.query<{ n: string }>(
    "SELECT count() AS n FROM system.tables WHERE database = currentDatabase() AND name IN ('wallet_pnl', 'clob_fills')",
  );
  expect(left?.n).toBe('2');
});

/** A command under which the rights of files are those of everybody: root may write anywhere otherwise. */
function withoutPrivileges(scenario: Scenario, args: readonly string[]): Promise<Ended> {
  const program = [process.execPath, built('main.js'), 'fills', ...scenario.common, ...SMALL, ...QUICK, ...args];
  const drop = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'] : [];
  const [command = '', ...rest] = [...drop, ...program];
  const child = spawn(command, rest, {
    cwd: scenario.dir,
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return endOf(child);
}

const onLinux = test.runIf(process.platform === 'linux');

onLinux(
  'a checkpoint folder that is read-only, from the start or from the middle on, ends the command with words',
  {
    timeout: 60_000,
  },
  async () => {
    const scenario = await makeScenario(clickhouse, { universe, simulator: { latencyMs: 20 } });
    const checkpoints = join(scenario.dir, 'checkpoints');
    mkdirSync(checkpoints, { mode: 0o555 });
    chmodSync(checkpoints, 0o555);
    const atTheStart = await withoutPrivileges(scenario, []);
    expect(outcome(atTheStart)).toMatchObject({ code: 1 });
    expect(atTheStart.stderr).toMatch(/EACCES[\s\S]*\n {2}→ /);
    const [staged] = await scenario.target.query<{ n: string }>(
      "SELECT count() AS n FROM system.tables WHERE database = currentDatabase() AND name = 'clob_fills_staging'",
    );
    expect(staged?.n).toBe('0');

    chmodSync(checkpoints, 0o755);
    const running = withoutPrivileges(scenario, ['--workers', '1']);
    const loading = () => pagesServed(scenario.simulator) > 10;
    while (!loading()) await new Promise((resolve) => setTimeout(resolve, 5));
    const { folder } = scenario.run();
    chmodSync(folder.dir, 0o555);
    const inTheMiddle = await running;
    expect(outcome(inTheMiddle)).toMatchObject({ code: 1 });
    expect(inTheMiddle.stderr).toMatch(/EACCES[\s\S]*chown, chmod[\s\S]*, then run the same command again/);
    expect(inTheMiddle.stderr).not.toMatch(/node:internal|\n\s+at /);

    chmodSync(folder.dir, 0o755);
    expect(outcome(await withoutPrivileges(scenario, []))).toMatchObject({ code: 0 });
    expect(await scenario.compare()).toEqual(exact);
  },
);

test('a checkpoint that is torn or of another version is refused by every command that would write, and left as it is', {
  timeout: 90_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe, simulator: { latencyMs: 20 } });
  const program = scenario.startFills(...SMALL, ...QUICK);
  await until(program, () => pagesServed(scenario.simulator) > 20);
  program.kill('SIGTERM');
  expect((await program.ended).code).toBe(130);
  const { folder } = scenario.run();
  const whole = readFileSync(folder.checkpointPath, 'utf8');
  const rows = async () => {
    const [row] = await scenario.target.query<{ n: string }>('SELECT count() AS n FROM clob_fills_staging FINAL');
    return Number(row?.n);
  };
  const before = await rows();
  expect(before).toBeGreaterThan(0);
  const torn = whole.slice(0, Math.floor(whole.length / 2));
  const newer = JSON.stringify({ ...JSON.parse(whole), version: 99 });
  for (const [content, words] of [
    [torn, /is not complete JSON/],
    [newer, /version 99/],
  ] as const) {
    writeFileSync(folder.checkpointPath, content);
    for (const command of ['fills', 'run', 'verify', 'promote']) {
      const ended = await scenario.start(command).ended;
      expect(outcome(ended), command).toMatchObject({ code: 1 });
      expect(ended.stderr, command).toMatch(words);
      expect(readFileSync(folder.checkpointPath, 'utf8')).toBe(content);
    }
    expect(await rows()).toBe(before);
  }
  writeFileSync(folder.checkpointPath, whole);
  expect(outcome(await scenario.fills(...SMALL, ...QUICK))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual(exact);
});

test('of two runs begun at once on one staging table from two checkpoint folders one loads, and the other is refused', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe, simulator: { latencyMs: 10 } });
  const folders = ['here', 'there'];
  const both = await Promise.all(folders.map((dir) => scenario.fills(...SMALL, ...QUICK, '--checkpoints', dir)));
  expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
  expect(both.find(({ code }) => code === 1)?.stderr).toMatch(/belongs to the run/);
  expect(folders.some((dir) => existsSync(join(scenario.dir, dir)))).toBe(true);
  expect(await scenario.compare()).toEqual(exact);
});
