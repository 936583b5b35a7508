import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFillsTable } from '../../src/clickhouse/schema.js';
import type { Target } from '../../src/clickhouse/target.js';
import { StopFlag } from '../../src/core/stop-flag.js';
import { makePlan } from '../../src/datasets/fills/plan/plan.js';
import { initialSegments } from '../../src/datasets/fills/plan/segments.js';
import type { openPool as openPoolType } from '../../src/engine/pool.js';
import type { ThreadSettings } from '../../src/engine/thread-tools.js';
import { RateCell } from '../../src/net/rate-cell.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { tokenTotals } from '../../src/simulator/truth.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { compareFills } from '../support/compare-fills.js';
import { built } from '../support/node-child.js';

/** Threads are made from the build: Node 20 cannot load TypeScript in them. */
const { openPool } = (await import(built('engine/pool.js'))) as { openPool: typeof openPoolType };

const universe = createSyntheticUniverse({ seed: 11, markets: 60, fills: 6000, doubleFillRate: 0 });
let clickhouse: TestClickHouse;
let simulator: Simulator;
beforeAll(async () => {
  [clickhouse, simulator] = await Promise.all([startTestClickHouse(), startSimulator({ universe })]);
});
afterAll(async () => {
  await simulator.close();
  await clickhouse.stop();
});

const plan = makePlan(
  tokenTotals(universe).map(({ token, counted: { buys, sells } }) => ({
    token,
    buys: buys.fills,
    sells: sells.fills,
    buyMicros: String(buys.usdc),
    sellMicros: String(sells.usdc),
  })),
  { partition: 'markets', sliceBy: 'id', pageRows: 500, chunkPages: 2, maxPackTokens: 50 },
);

function settingsFor(target: Target, concurrency = 8): ThreadSettings {
  return {
    concurrency,
    source: { url: simulator.url, token: undefined, deadlineMs: 10_000 },
    target: { ...clickhouse.settings, database: target.database },
    table: 'f',
    batchRows: 1000,
    rateMemory: RateCell.create(1e6).memory,
    stopMemory: new StopFlag().memory,
  };
}

const task = (ordinal: number) => ({
  ordinal,
  segments: initialSegments(plan, plan.chunks[ordinal] as (typeof plan.chunks)[number]),
  pageRows: 500,
  block: universe.lastBlock,
});

test.each([0, 1, 2])('%i threads load every row of the chunks once', async (threads) => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  const pool = openPool(settingsFor(target), threads);
  expect(pool.threads).toBe(threads);
  const outcomes = await Promise.all(plan.chunks.map((_, ordinal) => pool.run(task(ordinal))));
  await pool.close();
  expect(outcomes.every(({ failure, rest }) => failure === null && rest.length === 0)).toBe(true);
  expect(outcomes.reduce((sum, { rows }) => sum + rows, 0)).toBe(universe.fillCount);
  expect(await compareFills(target, universe, { table: 'f' })).toEqual({ rows: universe.fillCount, problems: [] });
});

test('failures of source and target come back as plain data, whatever thread met them', async () => {
  const target = await clickhouse.database();
  const pool = openPool(settingsFor(target), 2);
  const outcome = await pool.run(task(0));
  expect(outcome).toMatchObject({ failure: { kind: 'terminal', code: 'target_schema' }, rows: 0 });
  expect(outcome.rest).toEqual(task(0).segments);
  await pool.close();
});

test('a thread that cannot begin is a failure of its chunks, with what is left to read', async () => {
  const target = await clickhouse.database();
  const pool = openPool({ ...settingsFor(target), source: { url: 'no url', token: undefined, deadlineMs: 1 } }, 1);
  const outcome = await pool.run(task(0));
  expect(outcome).toMatchObject({
    failure: { kind: 'transient', code: 'thread_lost' },
    rest: task(0).segments,
    rows: 0,
  });
  await pool.close();
});
