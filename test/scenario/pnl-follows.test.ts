import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createRecordedUniverse } from '../../src/simulator/recorded.js';
import { startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, SMALL } from '../support/scenario.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const universe = createSyntheticUniverse({ seed: 41, markets: 60, fills: 2000 });
const HASTE = ['--rps', '100000', '--retry-base', '5ms', '--workers', '8', '--threads', '1'];

/** The universe with the same fills and, unless they are wanted, no resolution. */
function withResolutions(wanted: boolean) {
  const { lastBlock } = universe;
  const conditions = universe.conditions(lastBlock);
  const rows = Array.from({ length: conditions.size }, (_, i) => conditions.row(i));
  const counters = universe.counters(lastBlock);
  return createRecordedUniverse({
    events: universe.fills(lastBlock),
    counters: Array.from({ length: counters.size }, (_, i) => counters.row(i)),
    conditions: rows.map((row) => (wanted ? row : { ...row, payoutNumerators: [], payoutDenominator: '0' })),
  });
}

test('a refresh without new fills rebuilds P&L where resolutions are new, and other commands say that it is behind', {
  timeout: 180_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe: withResolutions(false) });
  const resolved = async () => {
    const [row] = await scenario.target.query<{ n: string }>(
      'SELECT uniqExact(condition_id) AS n FROM wallet_market_pnl WHERE resolved',
    );
    return Number(row?.n);
  };
  const first = ['--pnl-source-url', scenario.simulator.pnlUrl];
  expect(outcome(await scenario.start('run', ...first, ...HASTE, ...SMALL).ended)).toMatchObject({ code: 0 });
  expect(await resolved()).toBe(0);

  const later = await startSimulator({ universe: withResolutions(true) });
  onTestFinished(() => later.close());
  const markets = await scenario.start('markets', '--pnl-source-url', later.pnlUrl, ...HASTE.slice(0, 4)).ended;
  expect(outcome(markets)).toMatchObject({ code: 0 });
  expect(markets.stdout).toMatch(
    /P&L is behind: the tokens or resolutions changed since it was made; run `(npx )?backfill rebuild-pnl`/,
  );

  const refreshed = await scenario.start('run', '--refresh', '--pnl-source-url', later.pnlUrl, ...HASTE, ...SMALL)
    .ended;
  expect(outcome(refreshed)).toMatchObject({ code: 0 });
  expect(refreshed.stdout).toContain('nothing to fetch');
  expect(await resolved()).toBeGreaterThan(0);

  const again = await scenario.start('run', '--refresh', '--pnl-source-url', later.pnlUrl, ...HASTE, ...SMALL).ended;
  expect(outcome(again)).toMatchObject({ code: 0 });
  expect(again.stdout).not.toContain('Profit and loss');
});
