import { afterAll, beforeAll, expect, test } from 'vitest';
import { FILL_BYTES } from '../../src/datasets/fills/fill-batch.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, proxied, type Scenario, SMALL } from '../support/scenario.js';
import { type ProxyOptions, type ProxyRule, REFUSALS, type TcpProxy } from '../support/tcp-proxy.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const universe = createSyntheticUniverse({ seed: 4, markets: 40, fills: 3_000 });
const exact = { rows: universe.fillCount, problems: [] };
const QUICK = ['--retry-base', '5ms', '--workers', '4', '--threads', '0'];

interface Lossy {
  readonly scenario: Scenario;
  readonly proxy: TcpProxy;
  fills(...args: string[]): ReturnType<Scenario['fills']>;
  command(name: string, ...args: string[]): ReturnType<Scenario['fills']>;
}

async function behindProxy(rules: readonly ProxyRule[], hooks: Partial<ProxyOptions> = {}): Promise<Lossy> {
  const scenario = await makeScenario(clickhouse, { universe });
  const proxy = await proxied(clickhouse, { rules, ...hooks });
  const through = ['--clickhouse-url', proxy.url];
  return {
    scenario,
    proxy,
    fills: (...args) => scenario.fills(...SMALL, ...QUICK, ...through, ...args),
    command: (name, ...args) => scenario.start(name, ...through, ...args).ended,
  };
}

test('an insert whose acknowledgement is lost is sent again, and its rows are there once', {
  timeout: 60_000,
}, async () => {
  const { scenario, proxy, fills } = await behindProxy([
    { kind: 'reset-after', rate: 1, only: 'insert', maxPerBody: 1 },
  ]);
  expect(outcome(await fills())).toMatchObject({ code: 0 });
  expect(proxy.struck['reset-after']).toBeGreaterThan(5);
  expect(await scenario.compare()).toEqual(exact);
});

test('too many parts, memory, queries, a full disk, a table that is read-only for a while: tried again, nothing lost', {
  timeout: 60_000,
}, async () => {
  const { scenario, proxy, fills } = await behindProxy(REFUSALS.map((kind) => ({ kind, rate: 0.25, maxPerBody: 1 })));
  expect(outcome(await fills())).toMatchObject({ code: 0 });
  for (const kind of REFUSALS) expect(proxy.struck[kind], kind).toBeGreaterThan(0);
  expect(await scenario.compare()).toEqual(exact);
});

test('connections reset before, in the middle of and after statements of every kind end no command', {
  timeout: 60_000,
}, async () => {
  const kinds = ['reset-before', 'reset-during', 'reset-after', 'cut-answer', 'bad-gateway', 'empty-answer'] as const;
  const { scenario, command, fills } = await behindProxy(kinds.map((kind) => ({ kind, rate: 0.12, maxPerBody: 1 })));
  expect(outcome(await fills())).toMatchObject({ code: 0 });
  expect(outcome(await command('verify', '--retry-base', '5ms'))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual(exact);
});

test('an exchange whose answer is lost is neither repeated nor reported as failed', { timeout: 60_000 }, async () => {
  const { scenario, proxy, command, fills } = await behindProxy([]);
  expect(outcome(await fills())).toMatchObject({ code: 0 });
  proxy.setRules([{ kind: 'reset-after', rate: 1, matching: 'RENAME TABLE', maxPerBody: 1 }]);
  expect(outcome(await command('promote', '--retry-base', '5ms'))).toMatchObject({ code: 0 });
  expect(outcome(await fills('--fresh'))).toMatchObject({ code: 0 });
  proxy.setRules([
    { kind: 'reset-after', rate: 1, matching: 'EXCHANGE TABLES', maxPerBody: 1 },
    { kind: 'bad-gateway', rate: 1, matching: 'RENAME TABLE', maxPerBody: 1 },
  ]);
  expect(outcome(await command('promote', '--retry-base', '5ms'))).toMatchObject({ code: 0 });
  // Two renames of the first promotion, then the trial exchange and the real one, and two renames again.
  expect(proxy.struck).toMatchObject({ 'reset-after': 4, 'bad-gateway': 2 });
  const [row] = await scenario.target.query<{ n: string }>('SELECT count() AS n FROM clob_fills');
  expect(row?.n).toBe(String(universe.fillCount));
});

test('a server that takes a statement and never answers is not waited for', { timeout: 60_000 }, async () => {
  const { scenario, command, fills } = await behindProxy([
    { kind: 'stall-after', rate: 1, only: 'insert', maxPerBody: 1, untilRequest: 2 },
    { kind: 'stall-before', rate: 1, matching: 'CREATE TABLE IF NOT EXISTS `clob_fills_staging`', maxPerBody: 1 },
    { kind: 'stall-before', rate: 1, matching: 'OPTIMIZE', maxPerBody: 1 },
  ]);
  const patience = ['--insert-timeout', '600ms'];
  expect(outcome(await fills(...patience))).toMatchObject({ code: 0 });
  expect(outcome(await command('verify', '--retry-base', '5ms', ...patience))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual(exact);
});

test('a target that is away at the start is waited for; one that stays away ends the command with 75', {
  timeout: 60_000,
}, async () => {
  const { scenario, proxy, fills } = await behindProxy([]);
  const back = proxy.goDown(1500);
  expect(outcome(await fills())).toMatchObject({ code: 0 });
  await back;
  expect(await scenario.compare()).toEqual(exact);
  const away = proxy.goDown(60_000);
  const ended = await fills('--fresh', '--give-up-after', '1s');
  expect(outcome(ended)).toMatchObject({ code: 75 });
  expect(ended.stderr).toContain('run the same command');
  await proxy.close();
  await away;
});

test('rights taken away in the middle stop the run at once with what to do; given back, it goes on', {
  timeout: 60_000,
}, async () => {
  const { scenario, proxy, fills } = await behindProxy([
    { kind: 'access-denied', rate: 1, only: 'insert', fromRequest: 3 },
  ]);
  const denied = await fills();
  expect(outcome(denied)).toMatchObject({ code: 1 });
  expect(denied.stderr).toMatch(/Not enough privileges[\s\S]*check CLICKHOUSE_USER/);
  expect(proxy.seen.insert).toBeLessThan(20);
  proxy.setRules([]);
  expect(outcome(await fills())).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual(exact);
});

test('a staging table that is dropped, emptied or changed in the middle stops the run; it never ends as complete', {
  timeout: 90_000,
}, async () => {
  for (const [change, words] of [
    ['DROP TABLE clob_fills_staging SYNC', /does not exist|is gone/],
    ['ALTER TABLE clob_fills_staging DROP COLUMN block_number', /block_number/],
  ] as const) {
    const { scenario, fills } = await behindProxy([], {
      onStatement: async ({ kind, ordinal }) => {
        if (kind === 'insert' && ordinal === 5) await scenario.target.command(change);
      },
    });
    const first = await fills();
    expect(outcome(first), change).toMatchObject({ code: 1 });
    expect(first.stderr).toMatch(words);
    const second = await fills();
    expect(outcome(second), change).toMatchObject({ code: 1 });
    expect(second.stderr).toContain('--fresh');
    expect(outcome(await fills('--fresh')), change).toMatchObject({ code: 0 });
    expect(await scenario.compare()).toEqual(exact);
  }
});

test('a table emptied between two sittings is noticed: its rows are not taken for loaded', {
  timeout: 60_000,
}, async () => {
  const { scenario, proxy, fills } = await behindProxy([
    { kind: 'access-denied', rate: 1, only: 'insert', fromRequest: 6 },
  ]);
  expect(outcome(await fills('--workers', '1'))).toMatchObject({ code: 1 });
  expect(scenario.run().checkpoint.rows).toBeGreaterThan(0);
  await scenario.target.command('TRUNCATE TABLE clob_fills_staging');
  proxy.setRules([]);
  const ended = await fills();
  expect(outcome(ended)).toMatchObject({ code: 1 });
  expect(ended.stderr).toMatch(/was emptied[\s\S]*--fresh/);
});

test('a slow target slows the reading: what is read and not yet written stays bounded', {
  timeout: 60_000,
}, async () => {
  let inserted = 0;
  const ahead: number[] = [];
  const lossy = await behindProxy([{ kind: 'slow', rate: 1, only: 'insert', delayMs: 100 }], {
    onApplied: ({ kind, bodyBytes }) => {
      if (kind !== 'insert') return;
      inserted += bodyBytes / FILL_BYTES;
      ahead.push((lossy.scenario.simulator.stats().rowsByRootField.orderFilledEvents ?? 0) - inserted);
    },
  });
  const { scenario, proxy, fills } = lossy;
  expect(outcome(await fills('--workers', '2'))).toMatchObject({ code: 0 });
  expect(proxy.maxInFlight.insert).toBeLessThanOrEqual(2);
  expect(ahead.length).toBeGreaterThan(8);
  // A worker holds a batch of at most 300 rows, the page of two lanes of 100 that did not fit into it, and no further chunk.
  expect(Math.max(...ahead)).toBeLessThanOrEqual(2 * (300 + 200));
  expect(await scenario.compare()).toEqual(exact);
});
