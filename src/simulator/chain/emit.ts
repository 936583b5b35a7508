/** Writes matches and conditions as the logs that the contracts emit. `wanted` says which (emitter, event) anybody reads. */
import { type Conditions, firstAtLeast, KIND, LOGS_OF_PREPARATION, UNKNOWN_MODULE } from './conditions.js';
import { COLLATERAL_ADAPTER, EMITTER, EVENT, FEE_RECEIVER } from './contracts.js';
import { orderHashInto, transactionHashInto, walletInto } from './identity.js';
import type { LogSheet } from './log-sheet.js';
import { type BlockMatches, EXCHANGE, SIDE, STEP } from './matches.js';
import { EMITTER_WORDS, isWanted, type Wanted } from './wanted.js';
import { wordsOf } from './words.js';

const FEE_RECEIVER_WORDS = wordsOf(FEE_RECEIVER, 5);
const ADAPTER_WORDS = wordsOf(COLLATERAL_ADAPTER, 5);
/** Condition transactions are numbered apart from those with matches. */
const PREPARATION_TX = 1_000_000;
const RESOLUTION_TX = 1_000_001;
const U32 = 4294967296;

interface ConditionWords {
  readonly id: Int32Array;
  readonly question: Int32Array;
  readonly oracle: Int32Array;
  readonly collateral: Int32Array;
}

export class LogWriter {
  readonly #wallet = new Int32Array(5);
  readonly #order = new Int32Array(8);
  readonly #hash = new Int32Array(8);
  readonly #seed: number;
  readonly #conditionWords = new Map<number, ConditionWords>();

  constructor(readonly conditions: Conditions) {
    this.#seed = conditions.rates.seed;
  }

  /** All wanted logs of the loaded match. */
  writeMatch(match: BlockMatches, sheet: LogSheet, wanted: Wanted): void {
    let openTx = sheet.txCount > 0 && sheet.txIndex[sheet.txCount - 1] === match.txIndex;
    for (let i = 0; i < match.steps; i++) {
      const step = match.step[i] as number;
      const emitter = emitterOf(step, match);
      const event = eventOf(step, match);
      if (!isWanted(wanted, emitter, event)) continue;
      if (!openTx) {
        this.#beginTx(sheet, match.txIndex, match.tx);
        openTx = true;
      }
      const leg = match.stepLeg[i] as number;
      const logIndex = match.stepIndex[i] as number;
      if (step === STEP.fill) this.#fill(match, leg, sheet, emitter, event, logIndex);
      else if (step === STEP.matched) this.#matched(match, leg, sheet, emitter, event, logIndex);
      else if (step === STEP.fee) this.#feeCharged(match, leg, sheet, emitter, event, logIndex);
      else if (step === STEP.refund) this.#feeRefunded(match, leg, sheet, emitter, event, logIndex);
      else this.#splitOrMerge(match, sheet, emitter, event, logIndex);
    }
  }

  #beginTx(sheet: LogSheet, txIndex: number, tx: number): void {
    const at = sheet.addTx(txIndex);
    sheet.txHash.set(transactionHashInto(this.#seed, sheet.block, tx, this.#hash), at);
  }

  #fill(match: BlockMatches, leg: number, sheet: LogSheet, emitter: number, event: number, logIndex: number): void {
    const v1 = match.generation === 1;
    const at = sheet.add(emitter, event, logIndex, 4, v1 ? 5 : 7);
    const { words } = sheet;
    this.#putOrder(match, leg, words, at);
    this.#putParty(match.owner[leg] as number, emitter, words, at + 8);
    this.#putParty(match.counterparty[leg] as number, emitter, words, at + 16);
    const data = this.#assets(match, leg, words, at + 24);
    put(words, data, match.fee[leg] as number);
    // One order in five comes from an application that signs with its builder code.
    if (!v1 && (match.orderB[leg] as number) % 5 === 0) words[data + 8] = (match.owner[leg] as number) & 0x7f;
  }

  #matched(match: BlockMatches, leg: number, sheet: LogSheet, emitter: number, event: number, logIndex: number): void {
    const at = sheet.add(emitter, event, logIndex, 3, 4);
    const { words } = sheet;
    this.#putOrder(match, leg, words, at);
    this.#putParty(match.owner[leg] as number, emitter, words, at + 8);
    this.#assets(match, leg, words, at + 16);
  }

  /** Two asset ids (V1) or side and token, then what was given and taken. Returns the place after them. */
  #assets(match: BlockMatches, leg: number, words: Int32Array, at: number): number {
    const lane = match.lane[leg] as number;
    const buys = (lane & 1) === SIDE.buy;
    const v1 = match.generation === 1;
    if (!v1) put(words, at, lane & 1);
    this.#putToken(match, lane >> 1, words, v1 && !buys ? at : at + 8);
    const shares = match.shares[leg] as number;
    const cash = match.cash[leg] as number;
    put(words, at + 16, buys ? cash : shares);
    put(words, at + 24, buys ? shares : cash);
    return at + 32;
  }

  #feeCharged(match: BlockMatches, leg: number, sheet: LogSheet, emitter: number, event: number, index: number): void {
    const v1 = match.generation === 1;
    const at = sheet.add(emitter, event, index, 2, v1 ? 2 : 1);
    const { words } = sheet;
    words.set(v1 ? feeModuleWords(match) : FEE_RECEIVER_WORDS, at + 3);
    if (v1 && ((match.lane[leg] as number) & 1) === SIDE.buy) {
      this.#putToken(match, (match.lane[leg] as number) >> 1, words, at + 8);
    }
    put(words, at + (v1 ? 16 : 8), match.fee[leg] as number);
  }

  #feeRefunded(match: BlockMatches, leg: number, sheet: LogSheet, emitter: number, event: number, index: number): void {
    const at = sheet.add(emitter, event, index, 4, 2);
    const { words } = sheet;
    const fee = match.fee[leg] as number;
    this.#putOrder(match, leg, words, at);
    this.#putParty(match.owner[leg] as number, emitter, words, at + 8);
    put(words, at + 16, fee);
    if (((match.lane[leg] as number) & 1) === SIDE.buy) {
      this.#putToken(match, (match.lane[leg] as number) >> 1, words, at + 24);
    }
    put(words, at + 32, Math.floor(fee / 2));
  }

  /** One split or merge a match, of all its legs of the other outcome together. */
  #splitOrMerge(match: BlockMatches, sheet: LogSheet, emitter: number, event: number, logIndex: number): void {
    const at = sheet.add(emitter, event, logIndex, 4, 6);
    const { words } = sheet;
    let amount = 0;
    for (let leg = 0; leg < match.legs - 1; leg++) {
      if ((match.complement >>> leg) & 1) amount += match.shares[leg] as number;
    }
    words.set(match.generation === 1 ? (EMITTER_WORDS[match.exchange] as Int32Array) : ADAPTER_WORDS, at + 3);
    const { id, question, collateral } = this.#of(match.condition);
    // Positions that no condition explains hang below another collection.
    if (this.conditions.kind[match.condition] === KIND.unexplained) words.set(question, at + 8);
    words.set(id, at + 16);
    words.set(collateral, at + 24 + 3);
    put(words, at + 32, 96);
    put(words, at + 40, amount);
    put(words, at + 48, 2);
    put(words, at + 56, 1);
    put(words, at + 64, 2);
  }

  #putOrder(match: BlockMatches, leg: number, words: Int32Array, at: number): void {
    words.set(orderHashInto(match.orderA[leg] as number, match.orderB[leg] as number, this.#order), at);
  }

  #putParty(party: number, emitter: number, words: Int32Array, at: number): void {
    const address =
      party === EXCHANGE ? (EMITTER_WORDS[emitter] as Int32Array) : walletInto(this.#seed, party, this.#wallet);
    words.set(address, at + 3);
  }

  #putToken(match: BlockMatches, outcome: number, words: Int32Array, at: number): void {
    const tokens = this.conditions.tokenWords(match.condition);
    for (let k = 0; k < 8; k++) words[at + k] = tokens[outcome * 8 + k] as number;
    if (match.unknownModule) words[at] = ((words[at] as number) & 0xffffff) | (UNKNOWN_MODULE << 24);
  }

  /** Preparations, registrations and resolutions of the sheet's block. */
  writeConditions(sheet: LogSheet, wanted: Wanted): void {
    const { conditions } = this;
    const { block } = sheet;
    let logIndex = 0;
    let open = 0;
    const { byPreparation, byResolution, preparedBlock, resolvedBlock } = conditions;
    for (let i = firstAtLeast(byPreparation, preparedBlock, block); i < byPreparation.length; i++) {
      const c = byPreparation[i] as number;
      if (preparedBlock[c] !== block) break;
      const index = logIndex;
      logIndex += LOGS_OF_PREPARATION;
      // V3 prepares conditions in modules whose events nobody reads.
      if (conditions.isV3(c)) continue;
      if (open++ === 0) this.#beginTx(sheet, 1, PREPARATION_TX);
      this.#preparation(c, sheet, index, wanted);
    }
    open = 0;
    for (let i = firstAtLeast(byResolution, resolvedBlock, block); i < byResolution.length; i++) {
      const c = byResolution[i] as number;
      if (resolvedBlock[c] !== block) break;
      if (open++ === 0) this.#beginTx(sheet, 2, RESOLUTION_TX);
      this.#resolution(c, sheet, logIndex, wanted);
      logIndex += 2;
    }
  }

  #preparation(c: number, sheet: LogSheet, logIndex: number, wanted: Wanted): void {
    const { conditions } = this;
    const ids = this.#of(c);
    if (isWanted(wanted, EMITTER.conditional_tokens, EVENT.condition_preparation)) {
      const at = sheet.add(EMITTER.conditional_tokens, EVENT.condition_preparation, logIndex, 4, 1);
      sheet.words.set(ids.id, at);
      sheet.words.set(ids.oracle, at + 8 + 3);
      sheet.words.set(ids.question, at + 16);
      put(sheet.words, at + 24, conditions.slots(c));
    }
    if (conditions.slots(c) !== 2 || (conditions.preparedBlock[c] as number) > conditions.rates.v1LastBlock) return;
    const exchange = conditions.kind[c] === KIND.negRisk ? EMITTER.v1_neg_risk : EMITTER.v1_ctf;
    if (!isWanted(wanted, exchange, EVENT.v1_token_registered)) return;
    const tokens = conditions.tokenWords(c);
    for (let swap = 0; swap < 2; swap++) {
      const at = sheet.add(exchange, EVENT.v1_token_registered, logIndex + 1 + swap, 4, 0);
      for (let k = 0; k < 16; k++) sheet.words[at + k] = tokens[(k + swap * 8) % 16] as number;
      sheet.words.set(ids.id, at + 16);
    }
  }

  #resolution(c: number, sheet: LogSheet, logIndex: number, wanted: Wanted): void {
    const { conditions } = this;
    const numerators = conditions.numerators(c);
    const ids = this.#of(c);
    const v3 = conditions.isV3(c);
    const emitter = v3
      ? EMITTER.binary_module + (conditions.kind[c] as number) - KIND.v3Binary
      : EMITTER.conditional_tokens;
    const event = v3 ? EVENT.condition_resolved : EVENT.condition_resolution;
    if (!isWanted(wanted, emitter, event)) return;
    const head = v3 ? 1 : 2;
    const at = sheet.add(emitter, event, logIndex, v3 ? 2 : 4, head + 1 + numerators.length);
    const { words } = sheet;
    words.set(ids.id, at);
    if (!v3) {
      words.set(ids.oracle, at + 8 + 3);
      words.set(ids.question, at + 16);
      put(words, at + 24, conditions.slots(c));
    }
    const data = at + (v3 ? 8 : 32);
    put(words, data, head * 32);
    put(words, data + 8, numerators.length);
    for (const [i, numerator] of numerators.entries()) put(words, data + 16 + i * 8, numerator);
  }

  #of(c: number): ConditionWords {
    let known = this.#conditionWords.get(c);
    if (!known) {
      const { conditions } = this;
      known = {
        id: wordsOf(conditions.conditionId(c)),
        question: wordsOf(conditions.questionId(c)),
        oracle: wordsOf(conditions.oracle(c), 5),
        collateral: wordsOf(conditions.collateral(c), 5),
      };
      this.#conditionWords.set(c, known);
    }
    return known;
  }
}

/** Writes a number below 2^53 as a 32-byte word. */
function put(words: Int32Array, at: number, value: number): void {
  words[at + 6] = Math.floor(value / U32);
  words[at + 7] = value | 0;
}

function feeModuleWords(match: BlockMatches): Int32Array {
  return EMITTER_WORDS[
    match.exchange === EMITTER.v1_ctf ? EMITTER.fee_module : EMITTER.neg_risk_fee_module
  ] as Int32Array;
}

function emitterOf(step: number, match: BlockMatches): number {
  if (step === STEP.conditionalTokens) return EMITTER.conditional_tokens;
  if (step === STEP.refund) return match.exchange === EMITTER.v1_ctf ? EMITTER.fee_module : EMITTER.neg_risk_fee_module;
  return match.exchange;
}

function eventOf(step: number, match: BlockMatches): number {
  const v1 = match.generation === 1;
  switch (step) {
    case STEP.fill:
      return v1 ? EVENT.v1_order_filled : EVENT.order_filled;
    case STEP.matched:
      return v1 ? EVENT.v1_orders_matched : EVENT.orders_matched;
    case STEP.fee:
      return v1 ? EVENT.v1_fee_charged : EVENT.fee_charged;
    case STEP.refund:
      return EVENT.fee_refunded;
    default: {
      const buys = ((match.lane[match.legs - 1] as number) & 1) === SIDE.buy;
      return buys ? EVENT.position_split : EVENT.positions_merge;
    }
  }
}
