import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConditions } from '../../../src/datasets/conditions/conditions.js';
import type { Plan, PlanOptions } from '../../../src/datasets/fills/plan/chunk.js';
import { checkPlan, makePlan } from '../../../src/datasets/fills/plan/plan.js';
import { initialSegments, takeLanes } from '../../../src/datasets/fills/plan/segments.js';
import { readCounts, type SourceCounts } from '../../../src/datasets/fills/subgraph/counts.js';
import { fetchPage } from '../../../src/datasets/fills/subgraph/page.js';
import { subgraphCountSource } from '../../../src/datasets/fills/subgraph/subgraph-count-source.js';
import { type Simulator, startSimulator } from '../../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../../src/simulator/synthetic/universe.js';
import { SourceClient } from '../../../src/sources/subgraph/client.js';
import { readMeta } from '../../../src/sources/subgraph/meta.js';

let simulator: Simulator;
let client: SourceClient;
let block: number;
let counts: SourceCounts;

beforeAll(async () => {
  simulator = await startSimulator({ universe: createSyntheticUniverse({ seed: 4, markets: 120, fills: 25_000 }) });
  client = new SourceClient({ url: simulator.url, deadlineMs: 30_000, connections: 8 });
  ({ block } = await readMeta(client));
  counts = await readCounts(client, { block });
});

afterAll(async () => {
  await client?.close();
  await simulator?.close();
});

const PAGE_ROWS = 100;
/** Small pages and chunks: tokens of some hundred fills are large, and are sliced. */
const OPTIONS: PlanOptions = {
  partition: 'markets',
  sliceBy: 'id',
  pageRows: PAGE_ROWS,
  chunkPages: 2,
  maxPackTokens: 50,
};

async function load(plan: Plan) {
  checkPlan(plan);
  const ids = new Map<string, string>();
  let rows = 0;
  let requests = 0;
  for (const chunk of plan.chunks) {
    const queue = initialSegments(plan, chunk);
    for (let lanes = takeLanes(queue, PAGE_ROWS); lanes.length > 0; lanes = takeLanes(queue, PAGE_ROWS)) {
      requests++;
      for (const page of await fetchPage(client, lanes, { block, pageRows: PAGE_ROWS })) {
        for (const row of page.rows.rows()) ids.set(row.id, JSON.stringify(row));
        rows += page.rows.length;
        queue.push(...page.next);
      }
    }
  }
  return { ids, rows, requests };
}

test('markets by id, markets by time and the whole tape bring the same fills, each once', async () => {
  const times = new Set<number>();
  const byId = await load(makePlan(counts.tokens, OPTIONS, { marketOf: counts.conditions }));
  for (const row of byId.ids.values()) times.add(Number((JSON.parse(row) as { timestamp: string }).timestamp));
  const span = { fromS: Math.min(...times), toS: Math.max(...times) + 1 };
  const plan = makePlan(counts.tokens, OPTIONS);
  const slicedByTime = makePlan(counts.tokens, { ...OPTIONS, sliceBy: 'time' }, { span });
  const slices = (axis: string) => (chunk: Plan['chunks'][0]) => chunk.range.axis === axis && chunk.range.from !== null;
  expect(plan.chunks.some(slices('id'))).toBe(true);
  expect(slicedByTime.chunks.some(slices('time'))).toBe(true);
  const byTime = await load(slicedByTime);
  const tape = await load(makePlan(counts.tokens, { ...OPTIONS, partition: 'time' }, { span }));
  for (const { ids, rows } of [byId, byTime, tape]) {
    expect(rows).toBe(ids.size);
    expect(ids.size).toBe(byId.ids.size);
    for (const [id, row] of ids) if (byId.ids.get(id) !== row) expect.fail(`fill ${id} differs`);
  }
  // Orders filled twice in one transaction are counted twice and served once.
  expect(byId.rows).toBeLessThanOrEqual(plan.totals.rows);
  expect(byId.rows).toBeGreaterThan(plan.totals.rows * 0.99);
  console.log(
    `requests for ${byId.rows} rows in pages of ${PAGE_ROWS}: ${byId.requests} (planned ${plan.totals.requests}), ` +
      `sliced by time ${byTime.requests}, whole tape ${tape.requests}`,
  );
  expect(Math.abs(byId.requests / plan.totals.requests - 1)).toBeLessThan(0.03);
});

test('distinct ids of a token are at most its count, and conditions explain its tokens', async () => {
  const largest = [...counts.tokens].sort((a, b) => b.buys - a.buys)[0] as SourceCounts['tokens'][0];
  const packs = [{ side: 'buy' as const, tokens: [largest.token] }];
  const found = await subgraphCountSource(client, { block }).countDistinct(packs, new Set());
  const served = found.get(`${largest.token} buy`)?.rows;
  expect(served).toBeLessThanOrEqual(largest.buys);
  expect(served).toBeGreaterThan(largest.buys * 0.99);
  const pnl = new SourceClient({ url: simulator.pnlUrl, deadlineMs: 30_000, connections: 4 });
  const { conditions } = await readConditions(pnl, { block: null });
  await pnl.close();
  const explained = new Map(conditions.flatMap(({ id, positionIds }) => positionIds.map((token) => [token, id])));
  for (const [token, condition] of counts.conditions) {
    if (explained.has(token)) expect(explained.get(token)).toBe(condition);
  }
});
