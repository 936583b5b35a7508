import { readFileSync } from 'node:fs';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import {
  CONDITION_CONTRACTS,
  CONDITION_TOPICS,
  type ConditionContract,
  decodeConditionEvent,
} from '../../../src/sources/chain/condition-events.js';
import { Logs, writeLogs } from '../../../src/sources/chain/logs.js';
import { conditionIdOf } from '../../../src/sources/chain/position-ids.js';

const word = (value: bigint | number) => value.toString(16).padStart(64, '0');
const ORACLE = `0x${'ab'.repeat(20)}`;
const QUESTION = `0x${'cd'.repeat(32)}`;
const CONDITION = conditionIdOf(ORACLE, QUESTION, 2);
const ORACLE_TOPIC = `0x${'0'.repeat(24)}${ORACLE.slice(2)}`;
const V3_EVENT = `0x02${'11'.repeat(16)}0003${'00'.repeat(13)}`;
const V3_CONDITION = `0x02${'11'.repeat(16)}0003${'00'.repeat(10)}000200`;

function decode(contract: ConditionContract | 'nobody', topics: readonly string[], data: string) {
  const logs = new Logs();
  const address = CONDITION_CONTRACTS.find(({ name }) => name === contract)?.address ?? `0x${'99'.repeat(20)}`;
  writeLogs(logs, [
    { address, topics, data, transactionHash: `0x${'ee'.repeat(32)}`, transactionIndex: 1, logIndex: 7 },
  ]);
  return decodeConditionEvent(logs, 0);
}

test('the first topics are hashes of what the contracts declare', () => {
  const hash = (text: string) => `0x${Buffer.from(keccak_256(Buffer.from(text))).toString('hex')}`;
  expect(CONDITION_TOPICS).toEqual({
    prepared: hash('ConditionPreparation(bytes32,address,bytes32,uint256)'),
    resolution: hash('ConditionResolution(bytes32,address,bytes32,uint256,uint256[])'),
    resolved: hash('ConditionResolved(bytes31,uint256[])'),
    restNo: hash('RemainingConditionsDerivableAsNo(bytes29)'),
    migrated: hash('EventPrepared(bytes29,uint256,bytes32)'),
    otherYes: hash('SyntheticConditionDerivableAsYes(bytes29,bytes31)'),
  });
});

test('preparations and resolutions are read field by field', () => {
  const ids = [CONDITION, ORACLE_TOPIC, QUESTION];
  expect(decode('conditional_tokens', [CONDITION_TOPICS.prepared, ...ids], `0x${word(2)}`)).toEqual({
    kind: 'prepared',
    contract: 'conditional_tokens',
    conditionId: CONDITION,
    oracle: ORACLE,
    questionId: QUESTION,
    outcomes: 2,
    payouts: [],
    transactionHash: `0x${'ee'.repeat(32)}`,
    logIndex: 7,
  });
  const data = `0x${word(2)}${word(64)}${word(2)}${word(0)}${word(1)}`;
  expect(decode('conditional_tokens', [CONDITION_TOPICS.resolution, ...ids], data)).toMatchObject({
    kind: 'resolved',
    conditionId: CONDITION,
    payouts: [0n, 1n],
  });
});

test("V3's results, and its events that settle the rest, are read field by field", () => {
  const data = `0x${word(32)}${word(2)}${word(1_000_000)}${word(0)}`;
  expect(decode('v3_neg_risk', [CONDITION_TOPICS.resolved, V3_CONDITION], data)).toMatchObject({
    kind: 'resolved',
    contract: 'v3_neg_risk',
    conditionId: V3_CONDITION,
    oracle: null,
    payouts: [1_000_000n, 0n],
  });
  const rest = decode('v3_neg_risk', [CONDITION_TOPICS.restNo, V3_EVENT], '0x');
  expect(rest).toMatchObject({ kind: 'rest_no', conditionId: V3_EVENT });
  const other = decode('v3_neg_risk', [CONDITION_TOPICS.otherYes, V3_EVENT, V3_CONDITION], '0x');
  expect(other).toMatchObject({ kind: 'other_yes', conditionId: V3_CONDITION });
  const migrated = decode('v3_neg_risk', [CONDITION_TOPICS.migrated, V3_EVENT], `0x${word(3)}${word(99)}`);
  expect(migrated).toMatchObject({ kind: 'migrated', conditionId: V3_EVENT });
});

const REFUSED: readonly [what: string, ...of: Parameters<typeof decode>][] = [
  [
    'a question that is not the condition’s',
    'conditional_tokens',
    [CONDITION_TOPICS.prepared, CONDITION, ORACLE_TOPIC, `0x${'ce'.repeat(32)}`],
    `0x${word(2)}`,
  ],
  [
    'a count that is not the condition’s',
    'conditional_tokens',
    [CONDITION_TOPICS.prepared, CONDITION, ORACLE_TOPIC, QUESTION],
    `0x${word(3)}`,
  ],
  [
    'fewer payouts than outcomes',
    'conditional_tokens',
    [CONDITION_TOPICS.resolution, CONDITION, ORACLE_TOPIC, QUESTION],
    `0x${word(2)}${word(64)}${word(1)}${word(1)}`,
  ],
  [
    'a list that the data does not end with',
    'v3_binary',
    [CONDITION_TOPICS.resolved, V3_CONDITION],
    `0x${word(32)}${word(2)}${word(0)}`,
  ],
  [
    'an id with a last byte',
    'v3_binary',
    [CONDITION_TOPICS.resolved, `${V3_CONDITION.slice(0, -1)}1`],
    `0x${word(32)}${word(0)}`,
  ],
  ['an event of another contract', 'v3_binary', [CONDITION_TOPICS.restNo, V3_EVENT], '0x'],
  ['a stranger', 'nobody', [CONDITION_TOPICS.prepared, CONDITION, ORACLE_TOPIC, QUESTION], `0x${word(2)}`],
];

test.each(REFUSED)('%s is refused', (_what, contract, topics, data) => {
  expect(() => decode(contract, topics, data)).toThrow(/that no contract can have emitted/);
});

test('a recorded resolution of the real contract is read, its id the hash of the rest', () => {
  const file = new URL('../../simulator/chain/fixtures/recorded_logs.ndjson', import.meta.url);
  const recorded = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(CONDITION_TOPICS.resolution))
    .map((line) => JSON.parse(line) as { topics: string[]; data: string });
  expect(recorded.length).toBeGreaterThan(0);
  for (const { topics, data } of recorded) {
    expect(decode('conditional_tokens', topics, data)).toMatchObject({ conditionId: topics[1], payouts: [1n, 0n] });
  }
});
