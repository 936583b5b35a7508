import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FrozenPlan, readFrozenPlan } from '../../src/datasets/fills/frozen-plan.js';
import { chunkName } from '../../src/datasets/fills/plan/chunk-name.js';
import { checkPlan } from '../../src/datasets/fills/plan/plan.js';
import { rangeContains } from '../../src/datasets/fills/plan/ranges.js';
import { contains } from '../../src/run/intervals.js';
import { findRun } from '../../src/run/run-folder.js';
import { allFills, isBuy, tokenOf } from '../../src/simulator/truth.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { randomFrom, testSeed } from '../support/random.js';
import { makeScenario, manyMarkets, outcome, pagesServed, SMALL, smallUniverse, until } from '../support/scenario.js';

/** What always holds (DESIGN.md), against the real program. */
let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

type Fill = ReturnType<typeof allFills>[number];

/** The chunks that a fill belongs to, by the frozen plan. */
function chunksOf({ plan }: FrozenPlan): (fill: Fill) => number[] {
  const packsOf = new Map<string, number[]>();
  for (const [index, pack] of plan.packs.entries()) {
    for (const { side, tokens } of pack.lanes) {
      for (const token of tokens) {
        const key = `${side} ${plan.tokens[token]?.token}`;
        packsOf.set(key, [...(packsOf.get(key) ?? []), index]);
      }
    }
  }
  const ofPack = new Map<number | null, number[]>();
  for (const [ordinal, { pack }] of plan.chunks.entries()) ofPack.set(pack, [...(ofPack.get(pack) ?? []), ordinal]);
  return (fill) =>
    (packsOf.get(`${isBuy(fill) ? 'buy' : 'sell'} ${tokenOf(fill)}`) ?? []).flatMap((pack) =>
      (ofPack.get(pack) ?? []).filter((ordinal) => {
        const range = plan.chunks[ordinal]?.range;
        return range !== undefined && rangeContains(range, range.axis === 'id' ? fill.id : fill.timestamp);
      }),
    );
}

test('invariant 1: rows first, checkpoint second', { timeout: 240_000 }, async () => {
  const random = randomFrom(testSeed());
  const scenario = await makeScenario(clickhouse, { universe: manyMarkets(), simulator: { latencyMs: 5 } });
  const truth = allFills(scenario.universe);
  let looked = 0;
  for (let kill = 0; kill < 4; kill++) {
    const seen = kill === 0 ? 0 : scenario.run().checkpoint.marketsDone;
    const program = scenario.startFills(...SMALL, '--workers', '8');
    // The checkpoint has moved on once more, and some pages beyond it are under way.
    const movedOn = until(program, () => (findRun(`${scenario.dir}/checkpoints`)?.checkpoint.marketsDone ?? 0) > seen);
    await Promise.race([program.ended, movedOn]);
    await new Promise((resolve) => setTimeout(resolve, random() * 200));
    program.kill('SIGKILL');
    await program.ended;
    // Whatever the checkpoint calls done is in the table, every row of it.
    const { folder, checkpoint } = scenario.run();
    const ordinalsOf = chunksOf(readFrozenPlan(folder));
    const done = truth.filter((fill) => ordinalsOf(fill).some((ordinal) => contains(checkpoint.done, ordinal)));
    const rows = await scenario.target.query<{ id: string }>(
      "SELECT concat('0x', lower(hex(tx_hash)), '_0x', lower(hex(order_hash))) AS id FROM clob_fills_staging",
    );
    const stored = new Set(rows.map(({ id }) => id));
    expect(done.filter(({ id }) => !stored.has(id))).toEqual([]);
    expect(checkpoint.rows).toBe(done.length);
    looked += done.length;
  }
  expect(looked).toBeGreaterThan(0);
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
});

test('invariant 2: a replayed chunk changes nothing', { timeout: 120_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  for (let replay = 0; replay < 2; replay++) {
    const { folder, checkpoint } = scenario.run();
    // As if every checkpoint since the plan had been lost.
    folder.writeCheckpoint({ ...checkpoint, done: [], rows: 0, marketsDone: 0, steps: {} });
    expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
    expect(scenario.run().checkpoint.rows).toBe(scenario.universe.fillCount);
  }
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test.each([
  ['markets', []],
  ['slices by time', ['--slice-by', 'time']],
])('invariant 3: chunks are disjoint and cover the plan (%s)', { timeout: 60_000 }, async (_, args) => {
  const scenario = await makeScenario(clickhouse);
  expect(outcome(await scenario.fills(...SMALL, ...args))).toMatchObject({ code: 0 });
  const frozen = readFrozenPlan(scenario.run().folder);
  checkPlan(frozen.plan);
  expect(new Set(frozen.plan.chunks.map(chunkName)).size).toBe(frozen.plan.chunks.length);
  const ordinalsOf = chunksOf(frozen);
  const notInOne = allFills(scenario.universe).filter((fill) => ordinalsOf(fill).length !== 1);
  expect(notInOne).toEqual([]);
});

test('invariant 4: one view of the source, also after a resume', { timeout: 120_000 }, async () => {
  const universe = smallUniverse();
  const block = universe.lastBlock - Math.floor((universe.lastBlock - universe.firstBlock) * 0.1);
  const scenario = await makeScenario(clickhouse, { simulator: { headBlock: block, latencyMs: 5, keepLog: true } });
  const program = scenario.startFills(...SMALL, '--workers', '4');
  await until(program, () => pagesServed(scenario.simulator) >= 10);
  scenario.simulator.advanceHead(Math.floor((universe.lastBlock - block) / 2));
  await until(program, () => pagesServed(scenario.simulator) >= 20);
  program.kill('SIGKILL');
  await program.ended;
  scenario.simulator.advanceHead(universe.lastBlock - scenario.simulator.head());
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  const asked = scenario.simulator.log.filter(({ body }) => /orderFilledEvents|orderbooks/.test(body));
  expect(asked.length).toBeGreaterThan(20);
  for (const { body } of asked) {
    expect(Object.values(JSON.parse(body).variables as Record<string, unknown>)).toContain(block);
  }
  const then = await scenario.compare({ block });
  expect(then.problems).toEqual([]);
  expect(then.rows).toBeLessThan(universe.fillCount);
  expect(scenario.run().checkpoint).toMatchObject({ block, pinned: true });
});

test('invariant 5: nothing is promoted that was not verified, and live is never dropped before its replacement is there', {
  timeout: 120_000,
}, async () => {
  const scenario = await makeScenario(clickhouse);
  const rows = async (table: string) => {
    const [counted] = await scenario.target.query<{ n: string }>(`SELECT count() AS n FROM ${table}`);
    return Number(counted?.n);
  };
  const promote = async () => (await scenario.start('promote').ended).code;
  const tamper =
    "INSERT INTO clob_fills_staging SELECT * REPLACE (unhex(repeat('ab', 32)) AS tx_hash) FROM clob_fills_staging LIMIT 1";
  const { fillCount } = scenario.universe;

  // Loaded, but with a row that the source does not have: there is nothing live, and there stays nothing live.
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  await scenario.target.command(tamper);
  expect(await promote()).toBe(3);
  expect(
    await scenario.target.query(
      "SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = 'clob_fills'",
    ),
  ).toEqual([]);
  await scenario.target.command("DELETE FROM clob_fills_staging WHERE tx_hash = unhex(repeat('ab', 32))");
  expect(await promote()).toBe(0);
  expect(await rows('clob_fills')).toBe(fillCount);

  // Verified, and changed afterwards: the verdict is void, live keeps the rows of before.
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  expect((await scenario.start('verify').ended).code).toBe(0);
  await scenario.target.command(tamper);
  expect(await promote()).toBe(3);
  expect(await rows('clob_fills')).toBe(fillCount);
});

test('invariant 6: after a crash at any step of a run the same command continues', { timeout: 240_000 }, async () => {
  const scenario = await makeScenario(clickhouse, { simulator: { latencyMs: 20 } });
  // From the first question to the last page: one more request before each kill, then ever more.
  for (let more = 1, sitting = 0; sitting < 8; sitting++, more = Math.ceil(more * 1.8)) {
    const stopAt = scenario.simulator.stats().requests + more;
    const program = scenario.startFills(...SMALL, '--workers', '8');
    await Promise.race([program.ended, until(program, () => scenario.simulator.stats().requests >= stopAt)]);
    program.kill('SIGKILL');
    const { signal, code, stderr } = await program.ended;
    if (signal === null) {
      expect({ code, stderr }).toEqual({ code: 0, stderr });
      break;
    }
  }
  scenario.simulator.setLatency(0);
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('invariant 7: no value is invented', { timeout: 120_000 }, async () => {
  const kinds = ['bad-hash', 'upper-hex', 'negative-amount', 'overflow-amount'] as const;
  const scenario = await makeScenario(clickhouse, {
    simulator: { faults: kinds.map((kind) => ({ kind, rate: 0.004 })) },
  });
  const ended = await scenario.fills(...SMALL, '--retry-base', '2ms');
  const { folder } = scenario.run();
  const kept = new Set(folder.readRejected().map(({ row }) => (row as { id: string }).id));
  const { rows, problems } = await scenario.compare();
  // What is in the table is the truth, to the last column; what is not was kept aside or its chunk is named as failed.
  expect(problems.filter((problem) => !problem.includes('lost'))).toEqual([]);
  expect(ended.code).toBe(2);
  expect(kept.size).toBeGreaterThan(0);
  if (scenario.report().missing.length === 0) expect(rows + kept.size).toBe(scenario.universe.fillCount);
});
