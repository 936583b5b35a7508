import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Work } from '../../../../src/clickhouse/heavy.js';
import { createFillsTable, ensureSchema } from '../../../../src/clickhouse/schema.js';
import { loadSql } from '../../../../src/clickhouse/sql.js';
import type { Target } from '../../../../src/clickhouse/target.js';
import { conditionsReader, conditionsSink } from '../../../../src/datasets/conditions/chain/reader.js';
import {
  conditionTotals,
  placeV3Tokens,
  settleTokens,
  unexplainedTokens,
} from '../../../../src/datasets/conditions/chain/settle.js';
import { ensureConditionTables } from '../../../../src/datasets/conditions/chain/tables.js';
import { runAttempt } from '../../../../src/engine/attempt.js';
import { type ChainServerOptions, type SimulatedChain, startChain } from '../../../../src/simulator/chain/start.js';
import { type ChainCondition, chainConditions, chainFills } from '../../../../src/simulator/chain/truth.js';
import { Portal } from '../../../../src/sources/chain/portal.js';
import { startTestClickHouse, type TestClickHouse } from '../../../support/clickhouse.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const CHAIN: ChainServerOptions = {
  seed: 5,
  blocks: 3_000,
  fillsPerBlock: 0.5,
  conditions: 150,
  unexplainedShare: 0.02,
};
const log = { info() {}, warn() {}, error() {} } as unknown as Work['log'];

async function prepare(): Promise<{ chain: SimulatedChain; target: Target; work: Work }> {
  const chain = await startChain(CHAIN);
  onTestFinished(() => chain.close());
  const target = await clickhouse.database();
  await ensureSchema(target);
  await ensureConditionTables(target);
  return { chain, target, work: { target, maxMemoryMb: 500, log } };
}

/** Loads a range of blocks in one attempt. */
async function load(chain: SimulatedChain, target: Target, from: number, to: number) {
  const source = new Portal({ url: chain.portalUrl, connections: 1, silenceMs: 5_000 });
  const reader = conditionsReader(source);
  const outcome = await runAttempt(
    { ordinal: 0, rest: { from, to }, size: 1, pin: null },
    reader,
    conditionsSink({ insertBody: target.insertBody.bind(target), close: async () => undefined }, 50),
    {
      stop: new AbortController().signal,
      nowMs: () => performance.now(),
      counters: { acknowledged() {}, partRead() {} },
    },
  );
  await reader.close();
  expect(outcome).toMatchObject({ failure: null, rest: null });
  return outcome.rows;
}

interface TokenState {
  readonly token: string;
  readonly condition: string;
  readonly place: number;
  readonly numerator: string;
  readonly denominator: string;
}

const tokensIn = (target: Target) =>
  target.query<TokenState>(
    `SELECT toString(token_id) AS token, condition_id_hex AS condition, outcome_index AS place,
       toString(payout_numerator) AS numerator, toString(payout_denominator) AS denominator
     FROM outcome_tokens FINAL WHERE source = 'chain' ORDER BY token`,
  );

/** As the universe knows them; of V3 those that are resolved: the others are known from fills alone. */
function tokensOf(conditions: readonly ChainCondition[]): TokenState[] {
  return conditions
    .filter((one) => !one.kind.startsWith('v3') || one.resolvedBlock !== undefined)
    .flatMap(({ id, tokens, numerators, denominator }) =>
      tokens.map((token, place) => ({
        token,
        condition: id,
        place,
        numerator: String(numerators[place] ?? 0),
        denominator: String(denominator),
      })),
    )
    .sort((a, b) => (a.token < b.token ? -1 : 1));
}

test('tokens, places and payouts are those of the universe', async () => {
  const { chain, target, work } = await prepare();
  const { universe } = chain;
  await load(chain, target, universe.preludeBlock, universe.lastBlock - 4);
  await settleTokens(work, 0);
  const truth = chainConditions(universe, universe.lastBlock - 4);
  const explained = tokensOf(truth);
  const found = new Map((await tokensIn(target)).map((row) => [row.token, row]));
  expect(explained.length).toBeGreaterThan(150);
  expect(explained.map(({ token }) => found.get(token))).toEqual(explained);
  // Two of every condition that trades with another collateral are computed, too: nobody trades them.
  const others = truth.filter(({ kind }) => kind === 'unexplained').length;
  expect(found.size).toBe(explained.length + 2 * others);
  expect(await conditionTotals(work)).toMatchObject({
    otherSlots: truth.filter(({ kind }) => kind === 'three_slots').length,
    oddResults: 0,
    resolvedBySubgraph: 0,
  });
});

/** Fills that name these tokens and nothing else. */
async function fillsOf(target: Target, tokens: Iterable<string>): Promise<void> {
  await createFillsTable(target, 'clob_fills');
  await target.insertRows(
    'clob_fills',
    [...tokens].map((token_id) => ({ token_id, side: 'BUY' })),
  );
}

test('V3 tokens of fills are known with their complements; what explains nothing is counted', async () => {
  const { chain, target, work } = await prepare();
  const { universe } = chain;
  const tokens = new Set<string>();
  for (const { exchange, token } of chainFills(universe)) if (exchange !== 'stranger') tokens.add(token);
  await fillsOf(target, tokens);
  await load(chain, target, universe.preludeBlock, universe.lastBlock - 4);
  await placeV3Tokens(work, 'clob_fills');
  await settleTokens(work, 0);
  const truth = chainConditions(universe, universe.lastBlock - 4);
  const places = new Map(truth.flatMap((one) => one.tokens.map((token) => [token, one] as const)));
  const wanted = [...tokens].filter((token) => places.has(token));
  const v3 = new Set(
    wanted.map((token) => places.get(token) as ChainCondition).filter((one) => one.kind.startsWith('v3')),
  );
  const found = new Map((await tokensIn(target)).map((row) => [row.token, row]));
  for (const { id, tokens: both, numerators, denominator } of v3) {
    expect(both.map((token) => found.get(token))).toEqual(
      both.map((token, place) => ({
        token,
        condition: id,
        place,
        numerator: String(numerators[place] ?? 0),
        denominator: String(denominator),
      })),
    );
  }
  expect([...v3].some(({ numerators }) => numerators.length === 0)).toBe(true);
  const unexplained = [...tokens].filter((token) => !places.has(token));
  expect(unexplained.length).toBeGreaterThan(0);
  const told = await unexplainedTokens(work, ['clob_fills'], 100);
  expect(told.total).toBe(unexplained.length);
  expect([...told.tokens].sort()).toEqual(unexplained.sort());
});

const insertTokens = (target: Target, rows: readonly object[]) =>
  target.insertBody(loadSql('markets/insert_outcome_tokens'), rows.map((row) => JSON.stringify(row)).join('\n'), {
    params: { version: new Date().toISOString().replace('T', ' ').replace('Z', '') },
  });
const insertMarkets = (target: Target, rows: readonly object[]) =>
  target.insertBody(loadSql('markets/insert_markets'), rows.map((row) => JSON.stringify(row)).join('\n'), {
    params: { version: new Date().toISOString().replace('T', ' ').replace('Z', '') },
  });

test('the chain wins over a frozen subgraph, before and after; a payout only the subgraph knows is kept', async () => {
  const { chain, target, work } = await prepare();
  const { universe } = chain;
  const truth = chainConditions(universe, universe.lastBlock - 4).filter(
    ({ kind }) => kind === 'plain' || kind === 'neg_risk',
  );
  const resolved = truth.find(
    ({ numerators }) => numerators.length === 2 && numerators[0] !== numerators[1],
  ) as ChainCondition;
  const open = truth.find(({ numerators }) => numerators.length === 0) as ChainCondition;
  const line = (one: ChainCondition, payouts: readonly [string, string], denominator: string) =>
    one.tokens.map((token_id, outcome_index) => ({
      token_id,
      condition: one.id.slice(2),
      outcome_index,
      payout_numerator: payouts[outcome_index],
      payout_denominator: denominator,
      source: 'pnl',
    }));
  const frozen = [...line(resolved, ['0', '0'], '0'), ...line(open, ['1', '1'], '2')];
  await insertTokens(target, frozen);
  const named = {
    condition: resolved.id.slice(2),
    question: 'Will it?',
    slug: 'will-it',
    volume: '1.5',
    outcomes: ['Yes', 'No'],
  };
  await insertMarkets(target, [{ ...named, start_date: null, end_date: null, neg_risk: null, tokens: [] }]);
  await load(chain, target, universe.preludeBlock, universe.lastBlock - 4);
  await settleTokens(work, 0);
  const state = async () => {
    const found = new Map((await tokensIn(target)).map((row) => [row.token, row]));
    return [resolved, open].map((one) => one.tokens.map((token) => found.get(token)));
  };
  const market = () =>
    target.query(
      `SELECT question, arrayMap(t -> toString(t), tokens) AS tokens FROM markets FINAL WHERE condition_id_hex = {id:String}`,
      {
        params: { id: resolved.id },
      },
    );
  const chainState = await state();
  expect(chainState).toMatchObject([
    resolved.numerators.map((n) => ({ numerator: String(n), denominator: String(resolved.denominator) })),
    [
      { numerator: '1', denominator: '2' },
      { numerator: '1', denominator: '2' },
    ],
  ]);
  expect(await market()).toEqual([{ question: 'Will it?', tokens: resolved.tokens }]);
  expect(await conditionTotals(work)).toMatchObject({ resolvedBySubgraph: 1 });
  await insertTokens(target, frozen);
  await insertMarkets(target, [
    { ...named, question: 'Did it?', start_date: null, end_date: null, neg_risk: null, tokens: [] },
  ]);
  expect(await state()).toEqual(chainState);
  expect(await market()).toEqual([{ question: 'Did it?', tokens: resolved.tokens }]);
});

test('a load that is repeated writes nothing new, and an increment what is new', async () => {
  const { chain, target, work } = await prepare();
  const { universe } = chain;
  const middle = universe.firstBlock + 1_500;
  await load(chain, target, universe.preludeBlock, middle);
  await settleTokens(work, 0);
  const written = () =>
    target.query(
      `SELECT max(updated_at) AS tokens, (SELECT max(updated_at) FROM markets) AS markets FROM outcome_tokens`,
    );
  const first = await written();
  await load(chain, target, universe.preludeBlock, middle);
  await settleTokens(work, 0);
  await settleTokens(work, universe.firstBlock);
  expect(await written()).toEqual(first);
  await load(chain, target, middle + 1, universe.lastBlock - 4);
  await settleTokens(work, middle + 1);
  const increment = await tokensIn(target);
  const second = await written();
  await settleTokens(work, 0);
  expect(await tokensIn(target)).toEqual(increment);
  expect(await written()).toEqual(second);
});

test('what V3 says of the rest of a neg-risk event settles its conditions, unless it was migrated', async () => {
  const target = await clickhouse.database();
  await ensureSchema(target);
  await ensureConditionTables(target);
  const work = { target, maxMemoryMb: 500, log };
  const idOf = (event: string, index: number, outcome = 0) =>
    `02${event.repeat(16)}0002${'00'.repeat(10)}000${index}0${outcome}`;
  const tokenOf = (event: string, index: number, outcome: number) => String(BigInt(`0x${idOf(event, index, outcome)}`));
  // 11 has a winner, 22 only losers, 33 was migrated and has a winner, 44 has a winner and no event says more.
  const events = ['11', '22', '33', '44'];
  await fillsOf(
    target,
    events.flatMap((event) => [0, 1, 2].map((index) => tokenOf(event, index, 1))),
  );
  const base = { contract: 'v3_neg_risk', oracle: '0'.repeat(40), question: '0'.repeat(64), outcomes: 2 };
  const place = (log: number) => ({ block: 9, log, tx: 'aa'.repeat(32) });
  const result = (condition: string, payouts: readonly string[], log: number) => ({
    ...base,
    ...place(log),
    condition,
    kind: 'resolved',
    tokens: [BigInt(`0x${condition}`), BigInt(`0x${condition}`) + 1n].map(String),
    payouts,
  });
  const said = (condition: string, kind: string, log: number) => ({
    ...base,
    ...place(log),
    condition,
    kind,
    tokens: [],
    payouts: [],
  });
  const won = ['1000000', '0'];
  const lost = ['0', '1000000'];
  const logs = [
    result(idOf('11', 0), won, 1),
    said(idOf('11', 0), 'rest_no', 2),
    result(idOf('22', 0), lost, 3),
    result(idOf('22', 1), lost, 4),
    said(idOf('22', 2), 'other_yes', 5),
    said(idOf('33', 0), 'migrated', 6),
    result(idOf('33', 0), won, 7),
    said(idOf('33', 0), 'rest_no', 8),
    result(idOf('44', 0), won, 9),
  ];
  await target.insertBody(
    loadSql('conditions/insert-condition-logs'),
    logs.map((each) => JSON.stringify(each)).join('\n'),
  );
  await placeV3Tokens(work, 'clob_fills');
  await settleTokens(work, 0);
  const found = new Map((await tokensIn(target)).map((row) => [row.token, row]));
  const yesOf = (event: string) =>
    [0, 1, 2].map((index) => {
      const [yes, no] = [0, 1].map((outcome) => found.get(tokenOf(event, index, outcome)) as TokenState);
      expect(no).toMatchObject({ condition: `0x${idOf(event, index)}`, place: 1, denominator: yes?.denominator });
      return yes?.denominator === '0' ? 'open' : `${yes?.numerator} and ${no?.numerator}`;
    });
  expect(yesOf('11')).toEqual(['1000000 and 0', '0 and 1000000', '0 and 1000000']);
  expect(yesOf('22')).toEqual(['0 and 1000000', '0 and 1000000', '1000000 and 0']);
  expect(yesOf('33')).toEqual(['1000000 and 0', 'open', 'open']);
  expect(yesOf('44')).toEqual(['1000000 and 0', 'open', 'open']);
  expect(await conditionTotals(work)).toMatchObject({ v3Conditions: 12, openLosers: 4, oddResults: 0 });
});
