import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFillsTable } from '../../src/clickhouse/schema.js';
import type { Target } from '../../src/clickhouse/target.js';
import { StopFlag } from '../../src/core/stop-flag.js';
import { makePlan } from '../../src/datasets/fills/plan/plan.js';
import { initialSegments } from '../../src/datasets/fills/plan/segments.js';
import type { SubgraphThreadSettings } from '../../src/datasets/fills/subgraph/thread.js';
import type { FILLS_OF_SUBGRAPH as entryType } from '../../src/datasets/registry.js';
import { LiveCounters } from '../../src/engine/live-counters.js';
import type { openPool as openPoolType } from '../../src/engine/pool.js';
import { RateCell } from '../../src/net/rate-cell.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { tokenTotals } from '../../src/simulator/truth.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { compareFills } from '../support/compare-fills.js';
import { built } from '../support/node-child.js';

/** Threads are made from the build: Node 20 cannot load TypeScript in them. */
const { openPool } = (await import(built('engine/pool.js'))) as { openPool: typeof openPoolType };
const { FILLS_OF_SUBGRAPH: entry } = (await import(built('datasets/registry.js'))) as {
  FILLS_OF_SUBGRAPH: typeof entryType;
};

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

function open(target: Target, threads: number, over: Partial<SubgraphThreadSettings> = {}) {
  const counters = new LiveCounters();
  const pool = openPool({
    entry,
    settings: {
      source: { url: simulator.url, token: undefined, deadlineMs: 10_000 },
      target: { ...clickhouse.settings, database: target.database },
      table: 'f',
      batchRows: 1000,
      rateMemory: RateCell.create(1e6).memory,
      ...over,
    },
    units: 8,
    stop: new StopFlag(),
    counters,
    threads,
  });
  return { pool, counters };
}

const task = (ordinal: number) => ({
  ordinal,
  rest: initialSegments(plan, plan.chunks[ordinal] as (typeof plan.chunks)[number]),
  size: 500,
  pin: universe.lastBlock,
});

test.each([0, 1, 2])('%i threads load every row of the chunks once', async (threads) => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  const { pool, counters } = open(target, threads);
  expect(pool.threads).toBe(threads);
  const outcomes = await Promise.all(plan.chunks.map((_, ordinal) => pool.run(task(ordinal))));
  await pool.close();
  expect(outcomes.every(({ failure, rest }) => failure === null && rest === null)).toBe(true);
  expect(outcomes.reduce((sum, { rows }) => sum + rows, 0)).toBe(universe.fillCount);
  expect(counters.rows).toBe(universe.fillCount);
  expect(await compareFills(target, universe, { table: 'f' })).toEqual({ rows: universe.fillCount, problems: [] });
});

test('failures of source and target come back as plain data, whatever thread met them', async () => {
  const target = await clickhouse.database();
  const { pool } = open(target, 2);
  const outcome = await pool.run(task(0));
  expect(outcome).toMatchObject({ failure: { kind: 'terminal', side: 'target', code: 'target_schema' }, rows: 0 });
  expect(outcome.rest).toEqual(task(0).rest);
  await pool.close();
});

test('a thread that cannot begin is a failure of its chunks, with what is left to read', async () => {
  const target = await clickhouse.database();
  const { pool } = open(target, 1, { source: { url: 'no url', token: undefined, deadlineMs: 1 } });
  const outcome = await pool.run(task(0));
  expect(outcome).toMatchObject({
    failure: { kind: 'transient', side: 'self', code: 'thread_lost' },
    rest: task(0).rest,
    rows: 0,
  });
  await pool.close();
});
