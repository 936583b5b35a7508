import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { randomFrom, testSeed } from '../support/random.js';
import { makeScenario, manyMarkets, pagesServed, SMALL, until } from '../support/scenario.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

test('SIGKILL at any moment, then the same command: every fill is there once', { timeout: 240_000 }, async () => {
  const random = randomFrom(testSeed());
  const scenario = await makeScenario(clickhouse, { universe: manyMarkets(), simulator: { latencyMs: 5 } });
  const kills: number[] = [];
  for (let sitting = 0; ; sitting++) {
    const before = scenario.simulator.stats().requests;
    const program = scenario.startFills(...SMALL);
    if (sitting < 6) {
      // By what was asked, not by time: from before the first request to well into the load.
      const after = before + Math.floor(random() ** 2 * 150);
      await Promise.race([program.ended, until(program, () => scenario.simulator.stats().requests >= after)]);
      await new Promise((resolve) => setTimeout(resolve, random() * 20));
      program.kill('SIGKILL');
    }
    const ended = await program.ended;
    if (ended.signal === 'SIGKILL') {
      kills.push(sitting);
      continue;
    }
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: ended.stderr });
    break;
  }
  expect(kills.length).toBeGreaterThan(0);
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
  expect(scenario.report()).toMatchObject({ complete: true, chunks: { failed: 0 }, rows: { rejected: 0 } });
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s once: what is in flight lands, the checkpoint is written, 130; the same command goes on',
  { timeout: 120_000 },
  async (signal) => {
    const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 30 } });
    const program = scenario.startFills(...SMALL, '--workers', '4');
    await until(program, () => pagesServed(scenario.simulator) >= 20);
    program.kill(signal);
    const ended = await program.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 130, stderr: ended.stderr });
    expect(ended.stderr).toContain(`interrupted by ${signal}`);
    expect(ended.stderr).toContain('run the same command to continue');

    const { checkpoint } = scenario.run();
    expect(checkpoint.done.length).toBeGreaterThan(0);
    expect(checkpoint.steps.fills).toBeUndefined();
    // All that was read was acknowledged and counted: nothing in flight was thrown away.
    const [staged] = await scenario.target.query<{ n: string }>('SELECT count() AS n FROM clob_fills_staging FINAL');
    expect(Number(staged?.n)).toBe(checkpoint.rows);
    expect(await scenario.status()).toMatchObject({ phase: 'interrupted', pid: null });

    const servedBefore = pagesServed(scenario.simulator);
    expect((await scenario.fills(...SMALL)).code).toBe(0);
    expect(pagesServed(scenario.simulator) - servedBefore).toBeLessThan(checkpoint.expectedRequests * 2 - 10);
    expect(scenario.run().checkpoint.sittings).toBe(2);
    expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
  },
);

test('SIGINT twice stops at once, and the same command goes on', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  const program = scenario.startFills(...SMALL, '--workers', '4', '--request-timeout', '100s');
  await until(program, () => pagesServed(scenario.simulator) >= 20);
  // From now on nothing that is in flight comes back.
  scenario.simulator.setLatency(90_000);
  program.kill('SIGINT');
  await program.waitFor('once more stops at once');
  program.kill('SIGINT');
  expect((await program.ended).code).toBe(130);
  scenario.simulator.setLatency(0);
  expect((await scenario.fills(...SMALL)).code).toBe(0);
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('SIGINT before the load has begun leaves nothing that the same command cannot take up', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 200 } });
  const program = scenario.startFills(...SMALL);
  await until(program, () => scenario.simulator.stats().requests >= 1);
  program.kill('SIGINT');
  expect((await program.ended).code).toBe(130);
  scenario.simulator.setLatency(0);
  expect((await scenario.fills(...SMALL)).code).toBe(0);
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});
