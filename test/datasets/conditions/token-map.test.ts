import { expect, test } from 'vitest';
import { microsToDecimal } from '../../../src/clickhouse/sql.js';
import type { Condition } from '../../../src/datasets/conditions/conditions.js';
import { describeTokens } from '../../../src/datasets/conditions/token-map.js';
import type { SourceCounts } from '../../../src/datasets/fills/subgraph/counts.js';

const id = (digit: string) => `0x${digit.repeat(64)}`;
const condition = (digit: string, positionIds: string[], numerators: string[], denominator: string): Condition =>
  ({ id: id(digit), positionIds, payoutNumerators: numerators, payoutDenominator: denominator }) as Condition;

function known(
  tokens: readonly string[],
  conditions: Readonly<Record<string, string>> = {},
  uncounted: readonly string[] = [],
): SourceCounts {
  return {
    tokens: tokens.map((token) => ({ token, buys: 1, sells: 1, buyMicros: '1', sellMicros: '1' })),
    emptyTokens: [],
    uncounted,
    conditions: new Map(Object.entries(conditions)),
    requests: 1,
  };
}

const rowOf = (map: ReturnType<typeof describeTokens>, token: string) =>
  map.tokens.find((row) => row.token_id === token);

test('outcome places and payouts are those of the condition, in its own order', () => {
  const map = describeTokens(known(['9', '5']), [condition('a', ['9', '5'], ['1', '0'], '1')]);
  expect(map).toMatchObject({ conditions: 1, resolved: 1, unexplained: [], odd: [] });
  expect(rowOf(map, '9')).toEqual({
    token_id: '9',
    condition: 'a'.repeat(64),
    outcome_index: 0,
    payout_numerator: '1',
    payout_denominator: '1',
    source: 'pnl',
  });
  expect(rowOf(map, '5')).toMatchObject({ outcome_index: 1, payout_numerator: '0', payout_denominator: '1' });
});

test('a split condition pays both sides, an unresolved one nobody: its denominator is 0, not its loss', () => {
  const map = describeTokens(known([]), [
    condition('a', ['1', '2'], ['1', '1'], '2'),
    condition('b', ['3', '4'], [], '0'),
    condition('c', ['5', '6'], ['0', '0'], '0'),
  ]);
  expect(map.resolved).toBe(1);
  expect(rowOf(map, '2')).toMatchObject({ payout_numerator: '1', payout_denominator: '2' });
  for (const token of ['3', '4', '5', '6']) expect(rowOf(map, token)).toMatchObject({ payout_denominator: '0' });
});

test('tokens that no condition explains are kept and reported, not dropped', () => {
  const map = describeTokens(known(['1', '7'], { 7: id('D') }, ['8']), [condition('a', ['1', '2'], [], '0')]);
  expect(map.unexplained).toEqual(['8']);
  expect(rowOf(map, '7')).toMatchObject({ condition: 'd'.repeat(64), outcome_index: null, source: 'orderbook' });
  expect(rowOf(map, '8')).toMatchObject({ condition: '', outcome_index: null, source: 'counts' });
  expect(map.tokens.map((row) => row.token_id).sort()).toEqual(['1', '2', '7', '8']);
});

test('payouts that contradict themselves leave a condition unresolved, with a sentence about it', () => {
  const map = describeTokens(known([]), [
    condition('a', ['1', '2'], ['1'], '1'),
    condition('b', ['3', '4'], ['1', '1'], '1'),
    condition('c', ['5', '1'], ['1', '0'], '1'),
  ]);
  expect(map.odd).toHaveLength(3);
  for (const token of ['1', '2', '3', '4']) expect(rowOf(map, token)).toMatchObject({ payout_denominator: '0' });
  expect(rowOf(map, '1')).toMatchObject({ condition: 'a'.repeat(64), outcome_index: 0 });
  expect(map.odd.join('\n')).toMatch(/2 tokens and 1 payouts[\s\S]*pays 2 of 1[\s\S]*the first counts/);
});

test.each([
  ['0', '0.000000'],
  ['7', '0.000007'],
  ['1000000', '1.000000'],
  ['33894328603', '33894.328603'],
  ['999999999999999999', '999999999999.999999'],
])('%s micro-units are written as %s', (micros, text) => {
  expect(microsToDecimal(micros)).toBe(text);
});
