import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import {
  blocksOf,
  DEFAULT_EXCHANGES,
  EXCHANGES,
  filtersOf,
  NO_TRADERS,
  selectExchanges,
  TOPICS,
} from '../../../src/sources/chain/exchanges.js';

const keccak = (text: string) => `0x${Buffer.from(keccak_256(Buffer.from(text))).toString('hex')}`;

test('topics are the hashes of the events’ signatures', () => {
  expect(TOPICS[1]).toEqual({
    orderFilled: keccak('OrderFilled(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)'),
    ordersMatched: keccak('OrdersMatched(bytes32,address,uint256,uint256,uint256,uint256)'),
    feeCharged: keccak('FeeCharged(address,uint256,uint256)'),
  });
  expect(TOPICS[2]).toEqual({
    orderFilled: keccak('OrderFilled(bytes32,address,address,uint8,uint256,uint256,uint256,uint256,bytes32,bytes32)'),
    ordersMatched: keccak('OrdersMatched(bytes32,address,uint8,uint256,uint256,uint256)'),
    feeCharged: keccak('FeeCharged(address,uint256)'),
  });
  expect(TOPICS[3]).toEqual(TOPICS[2]);
});

const names = (words: readonly string[]) => selectExchanges(words).map(({ name }) => name);

test('exchanges are selected by generation or name, each once, in the order of the table', () => {
  expect(names(DEFAULT_EXCHANGES)).toEqual(['v2_ctf', 'v2_neg_risk', 'v2_neg_risk_b', 'v3']);
  expect(names(['v1'])).toEqual(['v1_ctf', 'v1_neg_risk']);
  expect(names(['v3', 'v1_neg_risk', 'v3'])).toEqual(['v1_neg_risk', 'v3']);
  expect(names(['v1', 'v2', 'v3'])).toHaveLength(6);
  expect(() => names(['v2', 'v4'])).toThrow('"v4" is no exchange: use v1, v2, v3, v1_ctf, v1_neg_risk, v2_ctf');
  expect(() => names([])).toThrow('no exchange is named');
});

test('a filter never pairs an address with topics of another generation', () => {
  const [v1, v2, ...more] = filtersOf(EXCHANGES);
  expect(more).toEqual([]);
  expect(v1?.addresses).toHaveLength(2);
  expect(v1?.topic0).toEqual(Object.values(TOPICS[1]));
  expect(v2?.addresses).toHaveLength(4);
  expect(v2?.topic0).toEqual(Object.values(TOPICS[2]));
  expect(filtersOf(selectExchanges(['v3']))).toEqual([
    { addresses: ['0xe3333700ca9d93003f00f0f71f8515005f6c00aa'], topic0: Object.values(TOPICS[3]) },
  ]);
});

test('blocks begin with the first exchange, and end only when all of them have', () => {
  expect(blocksOf(selectExchanges(['v1']))).toEqual({ from: 33_605_403, to: 86_126_998 });
  expect(blocksOf(selectExchanges(['v1_neg_risk', 'v2']))).toEqual({ from: 50_505_492, to: null });
  expect(blocksOf(selectExchanges(['v3'])).from).toBe(84_902_320);
});

test('addresses are lower case and each stands once', () => {
  expect(new Set(NO_TRADERS).size).toBe(NO_TRADERS.length);
  for (const address of NO_TRADERS) expect(address).toMatch(/^0x[0-9a-f]{40}$/);
  expect(new Set(EXCHANGES.map(({ enumValue }) => enumValue)).size).toBe(EXCHANGES.length);
});
