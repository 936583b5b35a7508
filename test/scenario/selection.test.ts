import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokenOf, tokenTotals } from '../../src/simulator/truth.js';
import type { Universe } from '../../src/simulator/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, SMALL, smallUniverse } from '../support/scenario.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

interface Market {
  readonly condition: string;
  readonly tokens: readonly string[];
  readonly fills: number;
}

/** Markets of the universe as the orderbook subgraph knows them, most fills first; a token without one stands alone. */
function marketsOf(universe: Universe): Market[] {
  const datas = universe.marketDatas(universe.lastBlock);
  const conditionOf = new Map(Array.from({ length: datas.size }, (_, i) => [datas.row(i).id, datas.row(i).condition]));
  const markets = new Map<string, { condition: string; tokens: string[]; fills: number }>();
  for (const { token, counted } of tokenTotals(universe)) {
    const condition = conditionOf.get(token) ?? token;
    const market = markets.get(condition) ?? { condition, tokens: [], fills: 0 };
    market.tokens.push(token);
    market.fills += counted.buys.fills + counted.sells.fills;
    markets.set(condition, market);
  }
  return [...markets.values()].sort((a, b) => b.fills - a.fills || (a.condition < b.condition ? -1 : 1));
}

const markets = marketsOf(smallUniverse()).filter(({ fills }) => fills > 0);

function onlyOf(chosen: readonly Market[]) {
  const tokens = new Set(chosen.flatMap((market) => market.tokens));
  return { only: (fill: Parameters<typeof tokenOf>[0]) => tokens.has(tokenOf(fill)) };
}

test('--limit N loads the N markets with the most fills, whole', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  expect(outcome(await scenario.fills('--limit', '7'))).toMatchObject({ code: 0 });
  expect((await scenario.compare(onlyOf(markets.slice(0, 7)))).problems).toEqual([]);
  expect(scenario.report().markets).toEqual({ planned: 7, done: 7 });
});

test('--min-fills N loads the markets with at least N fills, whole', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  const least = markets[10]?.fills as number;
  expect(outcome(await scenario.fills('--min-fills', String(least)))).toMatchObject({ code: 0 });
  const enough = markets.filter(({ fills }) => fills >= least);
  expect((await scenario.compare(onlyOf(enough))).problems).toEqual([]);
  expect(scenario.report().markets.planned).toBe(enough.length);
});

test('--markets loads the markets of its ids once, says what it dropped, and names what is unknown', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse);
  const [a, b, c] = [markets[3], markets[20], markets[40]] as [Market, Market, Market];
  const list = join(scenario.dir, 'markets.csv');
  const lines = ['id,name', `${a.condition},by condition`, `${b.tokens[0]},by token`, `${b.tokens.at(-1)},again`];
  writeFileSync(
    list,
    [...lines, c.condition.toUpperCase().replace('0X', '0x'), c.condition, `0x${'e'.repeat(64)},?`].join('\n'),
  );
  const ended = await scenario.fills('--markets', list);
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect((await scenario.compare(onlyOf([a, b, c]))).problems).toEqual([]);
  expect(ended.stderr).toMatch(/2 lines of the list name a market again/);
  expect(ended.stderr).toMatch(/1 ids? of the list (is|are) unknown/);
});

test('an empty selection is refused before anything is made, and leaves no run behind', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse);
  const databases = () => scenario.target.query('SHOW DATABASES', { withoutDatabase: true });
  await scenario.target.command('DROP DATABASE {database:Identifier}', {
    names: { database: scenario.target.database },
    withoutDatabase: true,
  });
  const before = await databases();
  const list = join(scenario.dir, 'markets.txt');
  writeFileSync(list, `0x${'e'.repeat(64)}\n`);
  for (const [command, ...args] of [
    ['fills', '--markets', list],
    ['fills', '--min-fills', '100000000'],
    ['run', '--markets', list],
    ['profile', '--markets', list],
  ] as const) {
    const { code, stderr } = await scenario.start(command, ...args).ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr });
    expect(stderr).toContain('the selection is empty');
    expect(stderr).toContain('→');
    expect(await databases()).toEqual(before);
  }
  expect((await scenario.start('status').ended).stderr).toContain('no run');
  expect(outcome(await scenario.fills('--limit', '2'))).toMatchObject({ code: 0 });
});

test('--dry-run says what then happens, and touches nothing but the source', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  const { rows: tablesBefore } = { rows: await scenario.target.query('SHOW TABLES') };
  const dry = await scenario.fills('--dry-run', '--json', '--rps', '50', ...SMALL);
  expect(outcome(dry)).toMatchObject({ code: 0 });
  const said = JSON.parse(dry.stdout);
  expect(existsSync(join(scenario.dir, 'checkpoints'))).toBe(false);
  expect(await scenario.target.query('SHOW TABLES')).toEqual(tablesBefore);
  expect(said.floorMs).toBeCloseTo((said.requests.pages / 50) * 1000);

  const real = await scenario.fills('--json', ...SMALL);
  expect(outcome(real)).toMatchObject({ code: 0 });
  const done = JSON.parse(real.stdout);
  expect(said).toMatchObject({
    block: done.block,
    rows: done.rows.expected,
    chunks: done.chunks.planned,
    usdc: done.usdc.expected,
    markets: { withFills: done.markets.planned },
  });
  const expected = said.requests.pages + said.requests.planning;
  expect(Math.abs(done.requests.made - expected)).toBeLessThanOrEqual(Math.max(3, expected * 0.05));
  expect(done.requests.made).toBe(scenario.simulator.stats().requests - said.requests.planning);
});

test('the whole tape by time holds the same fills as the markets', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  expect(outcome(await scenario.fills('--partition', 'time', ...SMALL))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});

test('large tokens sliced by time hold the same fills as sliced by id', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse);
  expect(outcome(await scenario.fills('--slice-by', 'time', ...SMALL))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: scenario.universe.fillCount, problems: [] });
});
