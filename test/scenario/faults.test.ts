import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFrozenPlan } from '../../src/datasets/fills/frozen-plan.js';
import type { FaultRule } from '../../src/simulator/fault-table.js';
import { allFills, tokenOf, tokenTotals } from '../../src/simulator/truth.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, pagesServed, type Scenario, SMALL, smallUniverse, until } from '../support/scenario.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

/** A token in the middle of the list, with some fills. */
function someToken(): string {
  const known = tokenTotals(smallUniverse()).filter(({ served }) => served.buys.fills > 5 && served.sells.fills > 5);
  return (known[Math.floor(known.length / 2)] as { token: string }).token;
}

const conditionOf = (token: string): string => {
  const datas = smallUniverse().marketDatas(smallUniverse().lastBlock);
  for (let i = 0; i < datas.size; i++) if (datas.row(i).id === token) return datas.row(i).condition;
  return token;
};

test('a token that always fails is set aside and named; the rest is loaded; the next run tries only what is left', {
  timeout: 120_000,
}, async () => {
  const token = someToken();
  const scenario = await makeScenario(clickhouse, {
    simulator: { faults: [{ kind: 'http-500', rate: 1, matching: token }] },
  });
  const first = await scenario.fills(...SMALL, '--retry-base', '2ms');
  expect(outcome(first)).toMatchObject({ code: 2 });
  expect(first.stderr).toContain('chunks could not be loaded');
  expect(first.stderr).toContain('run the same command again');
  const report = scenario.report();
  expect(report.complete).toBe(false);
  expect(report.missing.length).toBeGreaterThan(0);
  for (const missing of report.missing) {
    expect(missing.code).toBe('http_5xx');
    expect(missing.markets).toContain(conditionOf(token));
  }
  const { folder, checkpoint } = scenario.run();
  const { plan } = readFrozenPlan(folder);
  const packs = new Set(checkpoint.failed.map(({ ordinal }) => plan.chunks[ordinal]?.pack));
  const lanes = [...packs].flatMap((pack) => plan.packs[pack as number]?.lanes ?? []);
  const left = new Set(lanes.flatMap(({ side, tokens }) => tokens.map((i) => `${side} ${plan.tokens[i]?.token}`)));
  const side = (fill: Parameters<typeof tokenOf>[0]) => (fill.makerAssetId === '0' ? 'buy' : 'sell');
  const loaded = { only: (fill: Parameters<typeof tokenOf>[0]) => !left.has(`${side(fill)} ${tokenOf(fill)}`) };
  const compared = await scenario.compare(loaded);
  expect(compared.problems.filter((problem) => problem.includes('lost'))).toEqual([]);
  expect(await scenario.status()).toMatchObject({ phase: 'incomplete', chunks: { failed: checkpoint.failed.length } });

  scenario.simulator.setFaults([]);
  const before = pagesServed(scenario.simulator);
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  const lanesAsked = pagesServed(scenario.simulator) - before;
  expect(lanesAsked).toBeLessThan(checkpoint.failed.length * 12);
  expect(scenario.report()).toMatchObject({ complete: true, missing: [] });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('rows that cannot be decoded are kept with the reason, counted, and make the exit code 2; the rest is loaded', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { faults: [{ kind: 'negative-amount', rate: 0.01 }] } });
  const first = await scenario.fills(...SMALL);
  expect(outcome(first)).toMatchObject({ code: 2 });
  expect(first.stderr).toContain('rejected.ndjson');
  expect(first.stderr).toContain('--accept-rejected');
  const rejected = scenario.run().folder.readRejected();
  const ids = new Set(rejected.map(({ row }) => (row as { id: string }).id));
  expect(ids.size).toBe(rejected.length);
  expect(rejected.length).toBeGreaterThan(20);
  for (const { reason, row } of rejected) {
    expect(['shares', 'usdc']).toContain(reason);
    expect((row as { makerAmountFilled: string }).makerAmountFilled).toMatch(/^-/);
  }
  expect(scenario.report().rows.rejected).toBe(rejected.length);
  expect(await scenario.compare({ only: ({ id }) => !ids.has(id) })).toEqual({
    rows: scenario.universe.fillCount - rejected.length,
    problems: [],
  });
  // Again: the same verdict, nothing asked, nothing doubled.
  const again = await scenario.fills(...SMALL);
  expect(outcome(again)).toMatchObject({ code: 2 });
  expect(scenario.run().folder.readRejected()).toEqual(rejected);
});

const PINNED: readonly (readonly [string, FaultRule, RegExp])[] = [
  ['at the start', { kind: 'pin-refused', rate: 1 }, /when the counts were read/],
  [
    'in the middle',
    { kind: 'pin-refused', rate: 1, matching: 'orderFilledEvents', fromRequest: 40 },
    /during the load/,
  ],
];
test.each(PINNED)(
  'a source that refuses the pin %s: the run goes on unpinned and says so',
  { timeout: 60_000 },
  async (_, rule, why) => {
    const scenario = await makeScenario(clickhouse, { simulator: { faults: [rule] } });
    const ended = await scenario.fills(...SMALL);
    expect(outcome(ended)).toMatchObject({ code: 0 });
    expect(ended.stderr).toMatch(/refuses the pinned block; the run goes on unpinned/);
    expect(ended.stderr).toMatch(/the run is unpinned; the head has not moved while it ran/);
    expect(scenario.run().checkpoint).toMatchObject({ pinned: false, unpinnedWhy: expect.stringMatching(why) });
    expect(scenario.report()).toMatchObject({ pinned: false });
    expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
  },
);

test('a source that throttles is waited for: 429 costs time, no chunk and no row', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse, {
    simulator: { throttle: { rps: 20, windowMs: 1000, kind: 'window' } },
  });
  expect(outcome(await scenario.fills(...SMALL, '--rps', '250'))).toMatchObject({ code: 0 });
  const report = scenario.report();
  expect(report).toMatchObject({ complete: true, chunks: { failed: 0 } });
  expect(report.throttled).toBeGreaterThan(0);
  expect(report.throttled).toBe(scenario.simulator.stats().throttled);
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

/** Each of them strikes often, and lets the same question through after a while. */
const PASSING: readonly FaultRule[] = (
  [
    'statement-timeout',
    'query-timeout',
    'overloaded',
    'database-down',
    'reorganized',
    'http-500',
    'http-502',
    'http-503',
    'http-504',
    'reset-before',
    'reset-during',
    'reset-after',
    'truncated',
    'truncated-json',
    'missing-key',
    'data-null',
    'partial-data',
    'row-outside',
    'out-of-order',
    'doubled-row',
    'extra-row',
    'behind',
  ] as const
).map((kind) => ({ kind, rate: 0.02, maxPerBody: 2 }));

test('a source with every passing failure at once loses nothing and doubles nothing', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { faults: PASSING, faultSeed: 5 } });
  expect(outcome(await scenario.fills(...SMALL, '--retry-base', '5ms'))).toMatchObject({ code: 0 });
  const { faults } = scenario.simulator.stats();
  expect(Object.keys(faults).length).toBeGreaterThan(15);
  expect(scenario.report()).toMatchObject({ complete: true });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('a source that goes away for a while is waited for, and no chunk pays for it', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 10 } });
  const program = scenario.startFills(...SMALL, '--workers', '4');
  await until(program, () => pagesServed(scenario.simulator) > 10);
  await scenario.simulator.goDown(1500);
  const ended = await program.ended;
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(ended.stderr).toContain('holding all chunks until it answers');
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('a source that stays away ends the run with 75; the same command goes on', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 10 } });
  const program = scenario.startFills(...SMALL, '--workers', '4', '--give-up-after', '2s');
  await until(program, () => pagesServed(scenario.simulator) > 10);
  const down = scenario.simulator.goDown(600_000);
  const ended = await program.ended;
  expect(outcome(ended)).toMatchObject({ code: 75 });
  expect(ended.stderr).toContain('source was unavailable');
  const unreachable = await scenario.fills(...SMALL, '--give-up-after', '1s');
  expect(outcome(unreachable)).toMatchObject({ code: 75 });
  void down;
  const again = await makeAgain(scenario);
  expect(outcome(again)).toMatchObject({ code: 0 });
});

/** The same run against a source on the same port. */
async function makeAgain(scenario: Scenario) {
  const { startSimulator } = await import('../../src/simulator/server.js');
  await scenario.simulator.close();
  const back = await startSimulator({ universe: scenario.universe, port: scenario.simulator.port });
  const ended = await scenario.fills(...SMALL);
  await back.close();
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
  return ended;
}

/** Ends the first two threads of the program half a second after they began. */
const DIE = `
const { isMainThread } = require('node:worker_threads');
const fs = require('node:fs');
if (!isMainThread) {
  for (const mark of ['first', 'second']) {
    try { fs.closeSync(fs.openSync(mark, 'wx')); } catch { continue; }
    setTimeout(() => process.exit(1), 500);
    break;
  }
}
`;

test('threads that die in the middle cost nothing but time', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse, {
    simulator: { latencyMs: 40 },
    env: { NODE_OPTIONS: '--require ./die.cjs' },
  });
  writeFileSync(join(scenario.dir, 'die.cjs'), DIE);
  const ended = await scenario.fills(...SMALL, '--workers', '4');
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(readFileSync(scenario.run().folder.logPath, 'utf8')).toContain('thread_lost');
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test("counts that exceed what is served do not hold a run up: judging them is verify's work", {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, {
    simulator: { faults: [{ kind: 'counters-exceed', rate: 0.2, excess: 150 }] },
  });
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  const report = scenario.report();
  expect(report.rows.expected).toBeGreaterThan(report.rows.loaded);
  expect(report.rows.loaded).toBe(allFills(scenario.universe).length);
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('tokens whose counts are always malformed are named and loaded, and proven by reading them again; also by a refresh', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, {
    simulator: { faults: [{ kind: 'bad-count', rate: 0.1 }] },
  });
  const first = await scenario.fills(...SMALL);
  expect(outcome(first)).toMatchObject({ code: 0 });
  const { uncounted, rows } = scenario.report();
  expect(uncounted.length).toBeGreaterThan(3);
  for (const token of uncounted) expect(first.stderr).toContain(`the counts of the token ${token} cannot be read`);
  expect(rows.loaded).toBeGreaterThan(rows.expected);
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
  const verified = await scenario.start('verify', '--rps', '100000').ended;
  expect(outcome(verified)).toMatchObject({ code: 0 });
  expect(verified.stdout.replace(/\s+/g, ' ')).toMatch(/counts that cannot be read/);

  // One row of such a token is lost: nothing but the second reading can tell.
  const { target } = scenario;
  await target.command(
    `ALTER TABLE clob_fills_staging DELETE WHERE order_hash =
       (SELECT order_hash FROM clob_fills_staging WHERE token_id = toUInt256({token:String}) LIMIT 1)
     SETTINGS mutations_sync = 1`,
    { params: { token: uncounted[0] } },
  );
  const failed = await scenario.start('verify', '--rps', '100000').ended;
  expect(outcome(failed)).toMatchObject({ code: 3 });
  expect(failed.stdout).toContain(`${uncounted[0]}: held`);

  // Live lacks that row too: a refresh fetches such tokens whatever live holds.
  await target.command('RENAME TABLE clob_fills_staging TO clob_fills');
  expect(outcome(await scenario.fills('--refresh', '--checkpoints', 'refresh', ...SMALL))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('a subgraph that is broken stops the run at once with what to do', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse, {
    simulator: { faults: [{ kind: 'indexing-error', rate: 1, matching: 'orderFilledEvents' }] },
  });
  const ended = await scenario.fills(...SMALL);
  expect(outcome(ended)).toMatchObject({ code: 75 });
  expect(ended.stderr).toContain('its owner has to repair it');
});
