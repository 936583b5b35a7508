import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, SMALL, smallUniverse } from '../support/scenario.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

interface Spread {
  readonly median: number;
  readonly p95: number;
}
interface Kind extends Record<'requestMs' | 'decodeMicros' | 'encodeMicros' | 'insertMs', Spread> {
  readonly rows: number;
  readonly requests: number;
}
interface Profile {
  readonly plan: { readonly rows: number };
  readonly samples: { readonly small: Kind; readonly large: Kind; readonly shares: Record<string, number> };
  readonly projection: { readonly bound: string; readonly etaMs: number };
  readonly axes: { readonly prefers: string } | null;
  readonly partitions: { readonly marketsMs: number; readonly timeMs: number | null; readonly prefers: string } | null;
}

const LATENCY_MS = 40;

test('profile times every stage by median and p95, names the bound, and leaves nothing behind', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, {
    universe: createSyntheticUniverse({ seed: 24, markets: 40, fills: 40_000 }),
    simulator: { latencyMs: LATENCY_MS },
  });
  const ended = await scenario.start('profile', '--json', '--rps', '1000', '--workers', '1', ...SMALL).ended;
  expect(outcome(ended)).toMatchObject({ code: 0 });
  const { plan, samples, projection, axes } = JSON.parse(ended.stdout) as Profile;
  expect(plan.rows).toBeGreaterThan(10_000);
  for (const kind of [samples.small, samples.large]) {
    for (const stage of ['requestMs', 'decodeMicros', 'encodeMicros', 'insertMs'] as const) {
      expect(kind[stage].median, stage).toBeGreaterThan(0);
      expect(kind[stage].p95, stage).toBeGreaterThanOrEqual(kind[stage].median);
    }
    expect(kind.requestMs.median).toBeGreaterThanOrEqual(LATENCY_MS - 1);
    expect(kind.rows).toBeGreaterThan(0);
  }
  expect(Object.values(samples.shares).reduce((a, b) => a + b)).toBeCloseTo(1);
  expect(projection).toMatchObject({ bound: 'source' });
  expect(axes).toBeNull();
  expect(await scenario.target.query('SHOW TABLES')).toEqual([]);
  expect(existsSync(join(scenario.dir, 'checkpoints'))).toBe(false);

  const file = join(scenario.dir, 'before.json');
  writeFileSync(file, ended.stdout);
  const compared = await scenario.start('profile', '--compare', file, '--rps', '30', ...SMALL, '--limit', '3').ended;
  expect(outcome(compared)).toMatchObject({ code: 0 });
  expect(compared.stdout).toMatch(/bound by rate limit/);
  for (const line of ['request ms', 'decode µs a row', 'encode µs a row', 'insert ms']) {
    expect(compared.stdout).toMatch(new RegExp(`${line} +[\\d.]+ +[\\d.]+ +[\\d.]+ ×`));
  }
});

test('profile keeps to --rps, and a refused sample is asked for again', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse, {
    simulator: {
      faults: [
        {
          kind: 'throttled',
          rate: 1,
          matching: 'orderFilledEvents',
          fromRequest: 10,
          untilRequest: 11,
          retryAfterSeconds: 1,
        },
      ],
    },
  });
  const startMs = performance.now();
  const ended = await scenario.start('profile', '--json', '--rps', '20', '--limit', '4', ...SMALL).ended;
  const seconds = (performance.now() - startMs) / 1000;
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(ended.stderr).toMatch(/a sample page.*trying again/);
  // 20 in the first second at once, by the token bucket.
  expect(scenario.simulator.stats().requests).toBeLessThanOrEqual(20 * (seconds + 1));
  const { samples } = JSON.parse(ended.stdout) as Profile;
  expect(samples.small.rows).toBeGreaterThan(0);
});

test('profile says by which axis a large token is cheaper', { timeout: 60_000 }, async () => {
  const universe = createSyntheticUniverse({ seed: 23, markets: 2, fills: 90_000, emptyShare: 0 });
  const scenario = await makeScenario(clickhouse, { universe });
  const ended = await scenario.start('profile', '--json', '--rps', '1000').ended;
  expect(outcome(ended)).toMatchObject({ code: 0 });
  const { axes } = JSON.parse(ended.stdout) as Profile;
  expect(['id', 'time']).toContain(axes?.prefers);
});

test('profile says which partition the source prefers', { timeout: 60_000 }, async () => {
  for (const [simulator, prefers] of [
    [{ cost: { scatteredRowMs: 0.5, orderedRowMs: 0.02 } }, 'time'],
    [{ cost: { scatteredRowMs: 0.02, orderedRowMs: 0.5 } }, 'markets'],
    // Pages of the tape are never answered.
    [{ faults: [{ kind: 'statement-timeout', rate: 1, matching: 'timestamp_gte' }] }, 'markets'],
  ] as const) {
    const scenario = await makeScenario(clickhouse, { simulator });
    const args = ['--json', '--rps', '10000', '--workers', '1', '--retry-base', '10ms', ...SMALL];
    const ended = await scenario.start('profile', ...args).ended;
    expect(outcome(ended)).toMatchObject({ code: 0 });
    const { partitions } = JSON.parse(ended.stdout) as Profile;
    expect(partitions?.prefers, JSON.stringify(partitions)).toBe(prefers);
    if ('faults' in simulator) expect(partitions?.timeMs).toBeNull();
  }
});

test('--compare with a file that no profile has printed is refused before the source is asked', async () => {
  const scenario = await makeScenario(clickhouse, { universe: smallUniverse() });
  const file = join(scenario.dir, 'other.json');
  writeFileSync(file, '{"at": 1}');
  const ended = await scenario.start('profile', '--compare', file).ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/--compare .*other\.json/);
  expect(scenario.simulator.stats().requests).toBe(0);
});
