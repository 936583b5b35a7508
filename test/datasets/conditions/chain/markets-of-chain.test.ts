import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Target } from '../../../../src/clickhouse/target.js';
import { ensureConditionTables } from '../../../../src/datasets/conditions/chain/tables.js';
import { type SimulatedChain, startChain } from '../../../../src/simulator/chain/start.js';
import { chainConditions } from '../../../../src/simulator/chain/truth.js';
import { startTestClickHouse, type TestClickHouse } from '../../../support/clickhouse.js';
import { spawnBackfill } from '../../../support/program.js';
import { tempWorkspace } from '../../../support/workspace.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const BLOCKS = 110_000;

async function prepare() {
  const chain = await startChain({ seed: 8, blocks: BLOCKS, fillsPerBlock: 0.002, conditions: 120 });
  onTestFinished(() => chain.close());
  const { preludeBlock } = chain.universe;
  const dir = tempWorkspace();
  const start = (target: Target, ...args: string[]) =>
    spawnBackfill(
      [
        ...['markets', '--source', 'chain', '--from-block', String(preludeBlock), '--json', '--retry-base', '20ms'],
        ...['--portal-rps', '1000', '--rpc-rps', '1000', '--threads', '1', '--workers', '2'],
        ...['--clickhouse-url', clickhouse.url, '--database', target.database, ...args],
      ],
      { cwd: dir },
    );
  const database = () => clickhouse.database(`c_${randomUUID().slice(0, 8)}`);
  return { chain, start, database };
}

/** The rows that readers see, as text: tokens of plain and neg-risk conditions, and their markets. */
async function tablesOf(target: Target) {
  const tokens = await target.query<{ token: string; condition: string }>(
    `SELECT toString(token_id) AS token, condition_id_hex AS condition, outcome_index AS place,
       toString(payout_numerator) AS numerator, toString(payout_denominator) AS denominator, source
     FROM outcome_tokens FINAL ORDER BY token`,
  );
  const markets = await target.query(
    'SELECT condition_id_hex AS condition, arrayMap(t -> toString(t), tokens) AS tokens FROM markets FINAL ORDER BY condition',
  );
  return { tokens, markets };
}

function truthOf(chain: SimulatedChain) {
  const known = chainConditions(chain.universe, chain.finalized()).filter(
    ({ kind }) => kind === 'plain' || kind === 'neg_risk',
  );
  return known.flatMap(({ id, tokens, numerators, denominator }) =>
    tokens.map((token, place) => ({
      token,
      condition: id,
      place,
      numerator: String(numerators[place] ?? 0),
      denominator: String(denominator),
      source: 'chain',
    })),
  );
}

test('killed and begun again, the portal gives every condition once; a node gives the same tables', {
  timeout: 240_000,
}, async () => {
  const { chain, start, database } = await prepare();
  const { universe } = chain;
  const target = await database();
  // The last range never comes: the others are recorded by then.
  chain.setFaults([{ kind: 'hang', blocks: { from: universe.preludeBlock + 100_000, to: universe.lastBlock } }]);
  const portal = ['--portal-url', chain.portalUrl];
  const first = start(target, ...portal);
  const recorded = async () => {
    const [row] = await target.query<{ n: string }>('SELECT count() AS n FROM condition_ranges');
    return Number(row?.n);
  };
  await ensureConditionTables(target);
  while ((await recorded()) < 2) await new Promise((resolve) => setTimeout(resolve, 100));
  first.kill('SIGKILL');
  await first.ended;
  chain.setFaults([]);
  const second = await start(target, ...portal).ended;
  expect(second.code, second.stderr).toBe(0);
  const report = JSON.parse(second.stdout);
  const finalized = chain.finalized();
  expect(report).toMatchObject({
    oddConditions: 0,
    unexplained: 0,
    pnl: 'current',
    chain: { left: [], transport: 'portal' },
  });
  expect(report.chain.blocks).toBe(finalized - universe.preludeBlock + 1 - 100_000);
  const tables = await tablesOf(target);
  const found = new Map(tables.tokens.map((row) => [row.token, row]));
  const truth = truthOf(chain);
  expect(truth.map(({ token }) => found.get(token))).toEqual(truth);
  expect(tables.markets.length).toBe(report.conditions);

  const again = await start(target, ...portal).ended;
  expect(JSON.parse(again.stdout)).toMatchObject({ tokens: report.tokens, chain: { blocks: 0, logs: 0 } });
  expect(await tablesOf(target)).toEqual(tables);

  const other = await database();
  const node = await start(other, '--rpc-url', chain.rpcUrl).ended;
  expect(node.code, node.stderr).toBe(0);
  expect(JSON.parse(node.stdout)).toMatchObject({ chain: { left: [], transport: 'rpc' } });
  expect(await tablesOf(other)).toEqual(tables);
});
