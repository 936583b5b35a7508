import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { subgraphCountSource } from '../../src/datasets/fills/subgraph/subgraph-count-source.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { SourceClient } from '../../src/sources/subgraph/client.js';
import { json, startWire } from '../sources/subgraph/wire.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, pagesServed, proxied, SMALL, until } from '../support/scenario.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const universe = createSyntheticUniverse({ seed: 6, markets: 40, fills: 3_000 });
const exact = { rows: universe.fillCount, problems: [] };
const QUICK = ['--retry-base', '5ms', '--workers', '4', '--threads', '0'];

test('a head that moves behind the pinned block for a while is waited for, and no chunk pays for it', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe, simulator: { latencyMs: 30 } });
  const program = scenario.startFills(...SMALL, ...QUICK);
  await until(program, () => pagesServed(scenario.simulator) > 4);
  scenario.simulator.advanceHead(-1000);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  scenario.simulator.advanceHead(1000);
  const ended = await program.ended;
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(ended.stderr).toContain('holding all chunks until it answers');
  expect(scenario.run().checkpoint).toMatchObject({ failed: [], pinned: true });
  expect(await scenario.compare()).toEqual(exact);
});

test('a source whose time-outs depend on the size of the request is asked for less, from the first list on', {
  timeout: 60_000,
}, async () => {
  const cost = { scatteredRowMs: 0, orderedRowMs: 0, maxFirst: 70 };
  const scenario = await makeScenario(clickhouse, { universe, simulator: { cost } });
  expect(outcome(await scenario.fills('--page-rows', '1000', '--chunk-pages', '1', ...QUICK))).toMatchObject({
    code: 0,
  });
  expect(await scenario.compare()).toEqual(exact);
  expect(outcome(await scenario.start('verify', '--retry-base', '5ms').ended)).toMatchObject({ code: 0 });
});

test('verify counts the rows of a token that has a malformed one, and goes on at the head when the block is pruned', async () => {
  const token = '7';
  const wire = await startWire(({ variables }, response) => {
    const pinned = 'block' in variables;
    if (pinned)
      return json(response, { errors: [{ message: 'subgraph Qm only has data starting at block number 9' }] });
    const amounts = ['5', 'five', '-3'];
    const rows = amounts.map((makerAmountFilled, i) => {
      return { id: `0x0${i + 1}`, makerAmountFilled, makerAssetId: '0', takerAssetId: token };
    });
    // One that was rejected, since it came without its token, still lies where it is asked for by it.
    const rejected = { id: '0x04', makerAmountFilled: '9', makerAssetId: '0', takerAssetId: '0' };
    return json(response, { data: { lane0: [...rows, rejected] } });
  });
  onTestFinished(() => wire.close());
  const client = new SourceClient({ url: wire.url, deadlineMs: 5000, connections: 4 });
  onTestFinished(() => client.close());
  const unpinned: string[] = [];
  const source = subgraphCountSource(client, { block: 8 }, (why) => unpinned.push(why));
  const packs = [{ side: 'buy' as const, tokens: [token] }];
  for (let time = 0; time < 2; time++) {
    const served = await source.countDistinct(packs, new Set(['0x04']));
    expect(served.get(`${token} buy`)).toEqual({ rows: 4, micros: 14n, aside: { rows: 1, micros: 9n, unreadable: 0 } });
  }
  await expect(source.countDistinct(packs, new Set())).rejects.toMatchObject({
    failure: { code: 'bad_page', kind: 'transient' },
  });
  // Among several tokens it could be of any: that asking again would not tell.
  const two = [{ side: 'buy' as const, tokens: [token, '8'] }];
  await expect(source.countDistinct(two, new Set(['0x04']))).rejects.toMatchObject({
    failure: { code: 'bad_page', kind: 'terminal' },
  });
  expect(unpinned).toHaveLength(1);
});

test('a token whose page is wrong whenever verify asks for it fails its gate and does not hold verify up', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  expect(outcome(await scenario.fills(...SMALL, ...QUICK))).toMatchObject({ code: 0 });
  await scenario.target.command(
    'ALTER TABLE clob_fills_staging DELETE WHERE tx_hash IN (SELECT tx_hash FROM clob_fills_staging LIMIT 1)',
    { settings: { mutations_sync: 2 } },
  );
  scenario.simulator.setFaults([{ kind: 'doubled-row', rate: 1 }]);
  const ended = await scenario.start('verify', '--retry-base', '5ms').ended;
  expect(outcome(ended)).toMatchObject({ code: 3 });
  expect(ended.stdout.replace(/\s+/g, ' ')).toContain('what the source serves cannot be read');
});

test('a named run that is killed after its promotion goes on with its P&L, and says when all is done', {
  timeout: 90_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  let kill = () => {};
  const proxy = await proxied(clickhouse, {
    onStatement: ({ sql }) => {
      if (/CREATE OR REPLACE TABLE[\s\S]*ledger_pnl/.test(sql)) kill();
    },
  });
  const args = ['--run', 'r1', '--clickhouse-url', proxy.url, '--pnl-source-url', scenario.simulator.pnlUrl, ...QUICK];
  const program = scenario.start('run', ...args);
  kill = () => program.kill('SIGKILL');
  expect((await program.ended).signal).toBe('SIGKILL');
  expect(Object.keys(scenario.run().checkpoint.steps)).toContain('promote');
  kill = () => {};
  expect(outcome(await scenario.start('run', ...args).ended)).toMatchObject({ code: 0 });
  const [row] = await scenario.target.query<{ n: string }>('SELECT sum(fills) AS n FROM wallet_market_pnl');
  expect(row?.n).toBe(String(universe.fillCount));
  const again = await scenario.start('run', ...args).ended;
  expect(outcome(again)).toMatchObject({ code: 0 });
  expect(again.stdout.replace(/\s+/g, ' ')).toContain('nothing is left to do');
});

test('a foreign row in a page of the whole tape is refused with its page, not set aside as a fill', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  scenario.simulator.setFaults([{ kind: 'row-outside', rate: 1, maxPerBody: 1 }]);
  const args = ['--partition', 'time', '--page-rows', '200', ...QUICK];
  expect(outcome(await scenario.fills(...args))).toMatchObject({ code: 0 });
  expect(scenario.run().folder.readRejected()).toEqual([]);
  expect(await scenario.compare()).toEqual(exact);
});
