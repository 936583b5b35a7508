/**
 * What the chain says of conditions: the conditional tokens' preparations and resolutions, and the results of V3's modules.
 * Sources: IConditionalTokens.sol of gnosis/conditional-tokens-contracts; BaseModule.sol and NegRiskModule.sol of
 * Polymarket/polymarket-v2-external.
 */
import { failed } from '../../core/failure.js';
import type { LogFilter } from './exchanges.js';
import type { Logs, LogText } from './logs.js';
import { conditionIdOf } from './position-ids.js';

/** Who speaks of conditions; the places are the values of the table's enum, from 1. */
export const CONDITION_CONTRACTS = [
  { name: 'conditional_tokens', address: '0x4d97dcd97ec945f40cf65f87097ace5ea0476045' },
  { name: 'v3_binary', address: '0x1000008dd9001b968442c1000017eae6e0da00ba' },
  { name: 'v3_neg_risk', address: '0x200000900045e3b6259600682756002200028933' },
  { name: 'v3_combo', address: '0x30000034706c7d8e12009dab006be20000c031a8' },
] as const;
export type ConditionContract = (typeof CONDITION_CONTRACTS)[number]['name'];

/** The conditional tokens' first block: conditions were prepared long before the first fill. */
export const CONDITIONS_FROM_BLOCK = 4_023_686;

export const CONDITION_TOPICS = {
  /** ConditionPreparation(bytes32 indexed, address indexed, bytes32 indexed, uint256) */
  prepared: '0xab3760c3bd2bb38b5bcf54dc79802ed67338b4cf29f3054ded67ed24661e4177',
  /** ConditionResolution(bytes32 indexed, address indexed, bytes32 indexed, uint256, uint256[]) */
  resolution: '0xb44d84d3289691f71497564b85d4233648d9dbae8cbdbb4329f301c3a0185894',
  /** ConditionResolved(bytes31 indexed, uint256[]) */
  resolved: '0xe560c1a2847d4cf2e66de11fe592605556989449f38cc3ab96e2e287daa68caa',
  /** RemainingConditionsDerivableAsNo(bytes29 indexed) */
  restNo: '0x7b4e633936952f2babe4b4b548a8ccb384cdfdf1a95247fbacd18e387b490502',
  /** EventPrepared(bytes29 indexed, uint256, bytes32): only where an event of the conditional tokens is taken over. */
  migrated: '0x9bdf886b29ff2e03765aa003845c79f3700b39f9628db119aeeaac5d0fd73306',
  /** SyntheticConditionDerivableAsYes(bytes29 indexed, bytes31 indexed) */
  otherYes: '0x5bea118d92630445b0b401b6883731630ed870edf2f259980efe977dfc128b36',
} as const;

/** One filter for all of it, so that a range is one request: none of the contracts emits another one's events. */
export const CONDITION_FILTERS: readonly LogFilter[] = [
  { addresses: CONDITION_CONTRACTS.map(({ address }) => address), topic0: Object.values(CONDITION_TOPICS) },
];

/** Ids are lower-case hex with 0x, 32 bytes. */
export interface ConditionEvent {
  /**
   * `rest_no`: a neg-risk event of V3 has its winner, and its conditions without a result of their own have lost.
   * `other_yes`: all of them have lost, and so the synthetic "Other" has won. Neither comes with a result of its own, nor holds for
   * an event that was `migrated` from the conditional tokens: its conditions are resolved one by one.
   */
  readonly kind: 'prepared' | 'resolved' | 'rest_no' | 'other_yes' | 'migrated';
  readonly contract: ConditionContract;
  /** V3: the id's 31 bytes and a zero byte. Of `rest_no` and `migrated` the event's 29 bytes and three zeros. */
  readonly conditionId: string;
  /** Null in V3. */
  readonly oracle: string | null;
  readonly questionId: string | null;
  /** How many outcomes it has; 2 in V3. */
  readonly outcomes: number;
  /** Numerators by outcome, as the event gives them; empty where it gives none. */
  readonly payouts: readonly bigint[];
  readonly transactionHash: string;
  readonly logIndex: number;
}

const WORD = 64;
const MAX_OUTCOMES = 256;

/** The event of one log of `CONDITION_FILTERS`. Throws FailureError `bad_response` for a log that none of them can have emitted. */
export function decodeConditionEvent(logs: Logs, log: number): ConditionEvent {
  const text = logs.describe(log);
  const contract = CONDITION_CONTRACTS.find(({ address }) => address === text.address)?.name;
  const event = contract === undefined ? null : eventOf(contract, text);
  if (event === null) {
    const shown = JSON.stringify(text).slice(0, 300);
    throw failed('transient', 'bad_response', `a log of conditions that no contract can have emitted: ${shown}`);
  }
  return event;
}

function eventOf(contract: ConditionContract, log: LogText): ConditionEvent | null {
  const topic0 = log.topics[0];
  if (contract === 'conditional_tokens') {
    if (topic0 === CONDITION_TOPICS.prepared) return preparation(log);
    if (topic0 === CONDITION_TOPICS.resolution) return resolution(log);
    return null;
  }
  if (topic0 === CONDITION_TOPICS.resolved) return result(contract, log);
  if (contract !== 'v3_neg_risk') return null;
  if (topic0 === CONDITION_TOPICS.restNo) return ofEvent('rest_no', log);
  if (topic0 === CONDITION_TOPICS.otherYes) return ofEvent('other_yes', log);
  return topic0 === CONDITION_TOPICS.migrated ? ofEvent('migrated', log) : null;
}

function preparation(log: LogText): ConditionEvent | null {
  const words = wordsOf(log.data);
  const outcomes = words?.length === 1 ? countOf(words[0] as bigint) : null;
  return outcomes === null ? null : ofConditionalTokens('prepared', log, outcomes, []);
}

function resolution(log: LogText): ConditionEvent | null {
  const words = wordsOf(log.data);
  const outcomes = words === null ? null : countOf(words[0] ?? 0n);
  const payouts = words === null ? null : listAt(words, 1);
  if (outcomes === null || payouts === null || payouts.length !== outcomes) return null;
  return ofConditionalTokens('resolved', log, outcomes, payouts);
}

/** The id is the hash of all the rest: a changed digit of it shows. */
function ofConditionalTokens(
  kind: 'prepared' | 'resolved',
  log: LogText,
  outcomes: number,
  payouts: readonly bigint[],
): ConditionEvent | null {
  const [, conditionId, oracleWord, questionId] = log.topics;
  const oracle = oracleWord === undefined ? null : addressIn(oracleWord);
  if (conditionId === undefined || oracle === null || questionId === undefined) return null;
  if (conditionIdOf(oracle, questionId, outcomes) !== conditionId) return null;
  return { ...placeOf(log), kind, contract: 'conditional_tokens', conditionId, oracle, questionId, outcomes, payouts };
}

function result(contract: ConditionContract, log: LogText): ConditionEvent | null {
  const conditionId = paddedId(log.topics[1], 1);
  const words = wordsOf(log.data);
  const payouts = words === null ? null : listAt(words, 0);
  if (conditionId === null || log.topics.length !== 2 || payouts === null) return null;
  const outcomes = payouts.length;
  return {
    ...placeOf(log),
    kind: 'resolved',
    contract,
    conditionId,
    oracle: null,
    questionId: null,
    outcomes,
    payouts,
  };
}

const SHAPES = {
  rest_no: { topics: 2, words: 0 },
  other_yes: { topics: 3, words: 0 },
  migrated: { topics: 2, words: 2 },
};

/** What is said of an event, whose id is the first indexed value; of `other_yes` the condition's is the second. */
function ofEvent(kind: 'rest_no' | 'other_yes' | 'migrated', log: LogText): ConditionEvent | null {
  const { topics, words } = SHAPES[kind];
  const event = paddedId(log.topics[1], 3);
  const conditionId = kind === 'other_yes' ? paddedId(log.topics[2], 1) : event;
  if (event === null || conditionId === null) return null;
  if (log.topics.length !== topics || wordsOf(log.data)?.length !== words) return null;
  const ids = { conditionId, oracle: null, questionId: null };
  return { ...placeOf(log), kind, contract: 'v3_neg_risk', ...ids, outcomes: 2, payouts: [] };
}

function placeOf({ transactionHash, logIndex }: LogText) {
  return { transactionHash, logIndex };
}

/** The words of ABI-encoded data; null where it is none. */
function wordsOf(data: string): bigint[] | null {
  const digits = data.slice(2);
  if (digits.length % WORD !== 0) return null;
  return Array.from({ length: digits.length / WORD }, (_, i) => BigInt(`0x${digits.slice(i * WORD, (i + 1) * WORD)}`));
}

/** A list whose offset stands in the word `head`, directly behind it, and that the data ends with. */
function listAt(words: readonly bigint[], head: number): bigint[] | null {
  const at = head + 1;
  const isList = words[head] === BigInt(32 * at) && words[at] === BigInt(words.length - at - 1);
  return isList ? words.slice(at + 1) : null;
}

function countOf(word: bigint): number | null {
  return word >= 1n && word <= MAX_OUTCOMES ? Number(word) : null;
}

function addressIn(word: string): string | null {
  return /^0x0{24}/.test(word) ? `0x${word.slice(26)}` : null;
}

/** An id that stands at the left of its word. */
function paddedId(word: string | undefined, zeroBytes: number): string | null {
  return word?.endsWith('00'.repeat(zeroBytes)) ? word : null;
}
