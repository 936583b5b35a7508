import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createRecordedUniverse } from '../../src/simulator/recorded.js';
import { startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { tokenTotals } from '../../src/simulator/truth.js';
import type { Condition, Table } from '../../src/simulator/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, pagesServed, SMALL } from '../support/scenario.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const universe = createSyntheticUniverse({ seed: 31, markets: 150, fills: 6000, unexplainedShare: 0.05 });
const FAST = ['--rps', '100000', '--retry-base', '5ms'];

function rowsOf<T>(table: Table<T>): T[] {
  return Array.from({ length: table.size }, (_, i) => table.row(i));
}

test('every token the source knows is there, with the outcome and payout of its condition; unexplained ones are reported', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  const { lastBlock } = universe;
  const named = universe.conditions(lastBlock).row(0);
  const catalogue = join(scenario.dir, 'names.ndjson');
  writeFileSync(catalogue, JSON.stringify({ conditionId: named.id, question: 'Will it rain?', slug: 'rain' }));
  const args = ['--pnl-source-url', scenario.simulator.pnlUrl, '--catalogue', catalogue, '--json', ...FAST];
  const ended = await scenario.start('markets', ...args).ended;
  expect(outcome(ended)).toMatchObject({ code: 0 });

  const stored = await scenario.target.query<Record<string, unknown>>(
    `SELECT toString(token_id) AS token, condition_id_hex AS condition, outcome_index AS place,
            toString(payout_numerator) AS numerator, toString(payout_denominator) AS denominator
     FROM outcome_tokens FINAL`,
  );
  const byToken = new Map(stored.map((row) => [row.token as string, row]));
  const conditions = universe.conditions(lastBlock);
  for (let i = 0; i < conditions.size; i++) {
    const { id, positionIds, payoutNumerators, payoutDenominator } = conditions.row(i);
    for (const [place, token] of positionIds.entries()) {
      expect(byToken.get(token)).toMatchObject({
        condition: id,
        place,
        numerator: payoutNumerators[place] ?? '0',
        denominator: payoutNumerators.length === 0 ? '0' : payoutDenominator,
      });
    }
  }
  const explained = new Set(Array.from({ length: conditions.size }, (_, i) => conditions.row(i).positionIds).flat());
  const counted = tokenTotals(universe).map(({ token }) => token);
  for (const token of counted) expect(byToken.has(token)).toBe(true);
  const without = stored.filter(({ token }) => !explained.has(token as string));
  const report = JSON.parse(ended.stdout);
  expect(without.length).toBeGreaterThan(0);
  expect(report.withoutOutcome + report.unexplained).toBe(without.length);
  expect(report.tokens).toBe(stored.length);

  const names = await scenario.target.query("SELECT question, slug FROM markets FINAL WHERE question != ''");
  expect(names).toEqual([{ question: 'Will it rain?', slug: 'rain' }]);

  // Again, without the catalogue: the same tables, the name is still known.
  expect(outcome(await scenario.start('markets', ...args.slice(0, 2), ...FAST).ended)).toMatchObject({ code: 0 });
  const [again] = await scenario.target.query(
    "SELECT count() AS n, countIf(question != '') AS named FROM markets FINAL",
  );
  expect(again).toMatchObject({ named: '1' });
});

test('a refresh fetches what differs from live, and staging then holds what the source counts', {
  timeout: 120_000,
}, async () => {
  const block = universe.lastBlock - Math.floor((universe.lastBlock - universe.firstBlock) * 0.05);
  const scenario = await makeScenario(clickhouse, { universe, simulator: { headBlock: block } });
  expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
  expect((await scenario.compare({ block })).problems).toEqual([]);
  const full = pagesServed(scenario.simulator);
  await scenario.target.command('CREATE TABLE clob_fills AS clob_fills_staging');
  // As a version made it that left the server its statistics.
  await scenario.target.command('ALTER TABLE clob_fills RESET SETTING auto_statistics_types');
  await scenario.target.command('INSERT INTO clob_fills SELECT * FROM clob_fills_staging FINAL');
  await scenario.target.command('OPTIMIZE TABLE clob_fills FINAL');

  scenario.simulator.advanceHead(universe.lastBlock - block);
  const before = pagesServed(scenario.simulator);
  await scenario.target.command('DROP TABLE clob_fills_staging');
  expect(outcome(await scenario.fills('--refresh', '--checkpoints', 'refresh', ...SMALL))).toMatchObject({ code: 0 });
  expect(await scenario.compare()).toEqual({ rows: universe.fillCount, problems: [] });
  expect(pagesServed(scenario.simulator) - before).toBeLessThan(full);
  await scenario.target.command('OPTIMIZE TABLE clob_fills_staging FINAL');
  expect(await scenario.compare()).toEqual({ rows: universe.fillCount, problems: [] });
});

test('conditions that are always malformed are set aside and named: markets and the whole run load the rest and end with 2', {
  timeout: 120_000,
}, async () => {
  const { lastBlock } = universe;
  const whole = rowsOf(universe.conditions(lastBlock));
  // Of one nothing but the id can be read, of the other all but what it paid.
  const [nameless, unpaid] = whole.filter(({ payoutNumerators }) => payoutNumerators.length > 0) as [
    Condition,
    Condition,
  ];
  const source = createRecordedUniverse({
    events: universe.fills(lastBlock),
    counters: rowsOf(universe.counters(lastBlock)),
    conditions: whole.map((one) => {
      if (one === nameless) return { ...one, positionIds: ['abc'] };
      return one === unpaid ? { ...one, payoutNumerators: ['much', 'little'] } : one;
    }),
  });
  const scenario = await makeScenario(clickhouse, { universe: source });
  const pnlUrl = ['--pnl-source-url', scenario.simulator.pnlUrl];

  const alone = await scenario.start('markets', ...pnlUrl, ...FAST, '--json').ended;
  expect(outcome(alone)).toMatchObject({ code: 2 });
  const [report, ending] = alone.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(report.setAside).toEqual(
    [
      { id: nameless.id, field: 'positionIds.0', reason: 'no whole number' },
      { id: unpaid.id, field: 'payoutNumerators.0', reason: 'no whole number' },
    ].sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
  expect(ending).toMatchObject({ exitCode: 2, error: expect.stringContaining(nameless.id) });
  expect(alone.stderr).toContain(`set aside: condition ${nameless.id}, positionIds.0: no whole number`);

  const job = await scenario.start('run', ...pnlUrl, ...FAST).ended;
  expect(outcome(job)).toMatchObject({ code: 2 });
  expect(job.stdout.replace(/\s+/g, ' ')).toMatch(/set aside +2 conditions that could not be decoded/);
  expect(job.stdout.replace(/\s+/g, ' ')).toMatch(/tokens with a known condition +\S+ +\d+ tokens have none/);
  expect(job.stderr).toContain('backfill rebuild-pnl');
  expect(scenario.run().checkpoint.steps).toMatchObject({
    promote: expect.any(String),
    'rebuild-pnl': expect.any(String),
  });
  expect((await scenario.compare({ table: 'clob_fills' })).problems).toEqual([]);

  const map = await scenario.target.query<{ condition: string | null; resolved: boolean; tokens: string }>(
    `SELECT condition_id_hex AS condition, resolved, count() AS tokens FROM outcome_tokens FINAL
     GROUP BY condition, resolved`,
  );
  const mapped = new Map(map.map((row) => [row.condition, row]));
  expect(mapped.has(nameless.id)).toBe(false);
  expect(mapped.get(unpaid.id)).toMatchObject({ resolved: false, tokens: '2' });
  const others = whole.filter((one) => one !== nameless);
  expect(others.filter(({ id }) => !mapped.has(id))).toEqual([]);
  const open = await scenario.target.query(
    `SELECT DISTINCT resolved FROM wallet_market_pnl
     WHERE condition_id IS NULL OR condition_id = toFixedString(unhex('${unpaid.id.slice(2)}'), 32)`,
  );
  expect(open).toEqual([{ resolved: false }]);

  // The same command, once the source serves them well.
  const mended = await startSimulator({ universe });
  onTestFinished(() => mended.close());
  const again = await scenario.start('markets', '--pnl-source-url', mended.pnlUrl, ...FAST).ended;
  expect(outcome(again)).toMatchObject({ code: 0 });
  const known = () =>
    scenario.target.query(
      `SELECT count() AS tokens FROM outcome_tokens FINAL
       WHERE resolved AND condition_id_hex IN ('${nameless.id}', '${unpaid.id}')`,
    );
  expect(await known()).toEqual([{ tokens: '4' }]);

  // Malformed once more: what was known of them holds; a run that is live without its P&L says so, too.
  const { folder } = scenario.run();
  const { 'rebuild-pnl': _rebuilt, ...steps } = scenario.run().checkpoint.steps;
  folder.writeCheckpoint({ ...scenario.run().checkpoint, steps });
  const rest = await scenario.start('run', ...pnlUrl, ...FAST).ended;
  expect(outcome(rest)).toMatchObject({ code: 2 });
  expect(rest.stdout.replace(/\s+/g, ' ')).toMatch(/set aside +2 conditions that could not be decoded/);
  expect(scenario.run().checkpoint.steps).toMatchObject({ 'rebuild-pnl': expect.any(String) });
  expect(await known()).toEqual([{ tokens: '4' }]);
  const paid = await scenario.target.query(
    `SELECT DISTINCT resolved FROM wallet_market_pnl
     WHERE condition_id = toFixedString(unhex('${unpaid.id.slice(2)}'), 32)`,
  );
  expect(paid).toEqual([{ resolved: true }]);
});
