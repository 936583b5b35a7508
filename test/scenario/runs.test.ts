import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, pagesServed, type Scenario, SMALL, until } from '../support/scenario.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

/** What ClickHouse stores, down to its parts, but for what merges do by themselves. */
async function fingerprintOf({ target }: Scenario) {
  return target.query('SELECT count() AS n, sum(cityHash64(*)) AS hash FROM clob_fills_staging FINAL');
}

test('a finished run again exits 0 and changes nothing', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  expect(outcome(await scenario.fills())).toMatchObject({ code: 0 });
  const { folder } = scenario.run();
  const checkpoint = readFileSync(folder.checkpointPath, 'utf8');
  const before = await fingerprintOf(scenario);
  const pages = pagesServed(scenario.simulator);

  const again = await scenario.fills();
  expect(outcome(again)).toMatchObject({ code: 0 });
  expect(pagesServed(scenario.simulator)).toBe(pages);
  expect(readFileSync(folder.checkpointPath, 'utf8')).toBe(checkpoint);
  expect(await fingerprintOf(scenario)).toEqual(before);
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('a second process on the same folder is refused with the pid of the first', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 30 } });
  const first = scenario.startFills(...SMALL, '--workers', '2');
  await until(first, () => pagesServed(scenario.simulator) > 0);
  first.kill('SIGSTOP');
  const second = await scenario.fills(...SMALL);
  first.kill('SIGCONT');
  expect(outcome(second)).toMatchObject({ code: 1 });
  expect(second.stderr).toContain(`process ${first.pid} `);
  scenario.simulator.setLatency(0);
  expect(outcome(await first.ended)).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('of two processes started at once on an empty folder one loads, and the other leaves nothing in its way', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 20 } });
  const both = await Promise.all([scenario.fills(...SMALL), scenario.fills(...SMALL)]);
  expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
  const refused = both.find(({ code }) => code === 1);
  expect(refused?.stderr).toMatch(/belongs to the run|in use by process/);
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('a run from another folder is refused the staging table of the first', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 30 } });
  const first = scenario.startFills(...SMALL, '--workers', '2');
  await until(first, () => pagesServed(scenario.simulator) > 0);
  const { folder } = scenario.run();
  const elsewhere = mkdtempSync(join(scenario.dir, 'other-'));
  first.kill('SIGSTOP');
  const second = await scenario.fills('--checkpoints', elsewhere);
  first.kill('SIGCONT');
  expect(outcome(second)).toMatchObject({ code: 1 });
  expect(second.stderr).toContain(`belongs to the run ${folder.id}`);
  expect(second.stderr).toContain('--fresh');
  scenario.simulator.setLatency(0);
  expect(outcome(await first.ended)).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('a run whose table was taken by --fresh of another one does not end as if it were complete', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 30 } });
  const first = scenario.startFills(...SMALL, '--workers', '2');
  await until(first, () => pagesServed(scenario.simulator) > 4);
  const elsewhere = mkdtempSync(join(scenario.dir, 'other-'));
  first.kill('SIGSTOP');
  const second = await scenario.fills('--checkpoints', elsewhere, '--fresh');
  first.kill('SIGCONT');
  const ended = await first.ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/belongs to the run|--fresh/);
  expect(outcome(second)).toMatchObject({ code: 0 });
});

test.each([
  ['another selection', ['--limit', '3'], 'selection: everything then, limit 3 now'],
  ['another partition', ['--partition', 'time'], 'partition: markets then, time now'],
])('an unfinished run is refused under %s, showing both values', { timeout: 60_000 }, async (_, args, says) => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 20 } });
  const first = scenario.startFills(...SMALL, '--workers', '2');
  await until(first, () => pagesServed(scenario.simulator) > 4);
  first.kill('SIGKILL');
  await first.ended;
  const { stderr, code } = await scenario.fills(...SMALL, ...args);
  expect({ code, stderr }).toEqual({ code: 1, stderr });
  expect(stderr).toContain(says);
  expect(stderr).toContain('--fresh');
});

test('workers, rate, batches, threads and insert mode may change between sittings', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 10 } });
  const first = scenario.startFills(...SMALL, '--workers', '3');
  await until(first, () => pagesServed(scenario.simulator) > 10);
  first.kill('SIGKILL');
  await first.ended;
  const other = ['--workers', '40', '--rps', '5000', '--batch-rows', '7000', '--threads', '2', '--insert-mode', 'sync'];
  expect(outcome(await scenario.fills(...other))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('--fresh begins a new run and an empty table', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  expect(outcome(await scenario.fills('--limit', '5'))).toMatchObject({ code: 0 });
  const before = scenario.run().folder.id;
  expect(outcome(await scenario.fills('--fresh'))).toMatchObject({ code: 0 });
  expect(scenario.run().folder.id).not.toBe(before);
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('--fresh under the same id forgets the counts of the tokens that are not chosen any more', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse);
  expect(outcome(await scenario.fills('--run', 'again'))).toMatchObject({ code: 0 });
  expect(outcome(await scenario.fills('--run', 'again', '--fresh', '--limit', '3'))).toMatchObject({ code: 0 });
  expect(outcome(await scenario.start('verify', '--rps', '100000').ended)).toMatchObject({ code: 0 });
});

test('status tells where a run is while another process works on it, and what to do next', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 20 } });
  const none = await scenario.start('status').ended;
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no run') });

  const program = scenario.startFills(...SMALL, '--workers', '2');
  await until(program, () => pagesServed(scenario.simulator) > 4);
  program.kill('SIGSTOP');
  expect(await scenario.status()).toMatchObject({
    phase: 'loading',
    pid: program.pid,
    rows: { expected: scenario.run().checkpoint.expectedRows },
    next: 'wait for it',
  });
  program.kill('SIGKILL');
  await program.ended;
  const interrupted = await scenario.status();
  expect(interrupted).toMatchObject({ phase: 'interrupted', pid: null });
  const { chunks, left } = interrupted as { chunks: { done: number; planned: number }; left: { chunks: number } };
  expect(left.chunks).toBe(chunks.planned - chunks.done);

  scenario.simulator.setLatency(0);
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  const text = await scenario.start('status').ended;
  expect(text.stdout).toContain(', loaded');
  expect(text.stdout).toContain('backfill verify');
  expect(await scenario.status()).toMatchObject({
    phase: 'loaded',
    chunks: { failed: 0 },
    left: { chunks: 0 },
    rows: { acknowledged: scenario.universe.fillCount },
  });
});
