/**
 * The proof that no log of a match is missing or altered, from the logs alone.
 *
 * A match is what one exchange emits in one transaction up to an OrdersMatched, in the order of log indexes: the resting orders'
 * fills, the aggressor's own, and a FeeCharged for each fill that paid. Four things must hold:
 *
 *   1  the OrdersMatched stands at the very next log index after the aggressor's fill (taker = the exchange) and repeats its
 *      order, owner, side, token and amounts;
 *   2  every other fill names the aggressor as its taker, and trades the same token the other way or the other token the same way;
 *   3  what the aggressor received is what the resting orders gave: to the micro-unit, in every generation;
 *      what he gave is what they received, plus a refund where the contract books one silently: V1 always may, V2 only
 *      with a mint or merge leg, V3 never;
 *   4  the fees of the fills and the FeeCharged are the same amounts (V1: in the same assets), as sets.
 *
 * So a lost fill breaks 3, whatever its side; a lost aggressor or OrdersMatched breaks 1, a lost FeeCharged breaks 4. What it
 * cannot see: a transaction that is missing whole, an altered order hash of a resting fill, and what hides in a refund.
 */

import {
  amountOf,
  exchangeAt,
  isAggressor,
  logIndexAt,
  makerAmount,
  sameToken,
  sameTopic,
  takerAmount,
} from './event-values.js';
import { EVENT, type ExchangeEvents, SIDE } from './exchange-events.js';
import { EXCHANGES, type ExchangeName } from './exchanges.js';
import { sameDigits, WORD_DIGITS } from './hex.js';
import { LOG } from './logs.js';
import { FeePairs } from './match-fees.js';

export type MatchFindingKind =
  | 'unclosed' // fills or fees that no OrdersMatched closes
  | 'no_aggressor' // an OrdersMatched without its fill right before it
  | 'aggressor_differs' // they are there and say different things
  | 'two_aggressors'
  | 'counterparty' // a resting fill whose taker is not the aggressor
  | 'token' // a resting fill of a token that does not belong to the match
  | 'received' // the aggressor received something else than was given
  | 'given' // he gave something else than was received
  | 'fees'
  | 'transaction' // logs of one transaction that name two hashes
  | 'unreadable'; // an amount or side that no table can hold

/** Something that cannot be if all logs are there as they were emitted. */
export interface MatchFinding {
  readonly kind: MatchFindingKind;
  readonly block: number;
  readonly transactionHash: string;
  /** Of the log that closes the match, or of the last one that is open. */
  readonly logIndex: number;
  readonly exchange: ExchangeName;
  /** What was found, in micro-units and counts; the names say what. */
  readonly figures: Readonly<Record<string, string>>;
}

/** What was proved, and the named exceptions to it. */
export interface MatchTotals {
  fills: number;
  matches: number;
  fees: number;
  /** V1: orders that the operator filled by himself, outside any match. */
  directFills: number;
  /** Matches that booked more than was spent. */
  refunds: number;
  refundMicros: bigint;
  /** Findings, those beyond `MAX_FINDINGS` included. */
  findings: number;
}

/** Kept at most: enough to see what is wrong when everything is. */
export const MAX_FINDINGS = 1_000;
const TWO_32 = 0x1_0000_0000;
const NONE = -1;
/** Digits of a V3 token before its outcome. */
const V3_CONDITION_DIGITS = 62;

export class MatchProof {
  readonly findings: MatchFinding[] = [];
  readonly totals: MatchTotals = {
    fills: 0,
    matches: 0,
    fees: 0,
    directFills: 0,
    refunds: 0,
    refundMicros: 0n,
    findings: 0,
  };
  /** For each exchange, the events since its last OrdersMatched in this transaction. */
  readonly #open = EXCHANGES.map(() => [] as number[]);
  readonly #fees = new FeePairs();
  #events: ExchangeEvents | undefined;
  #block = 0;
  // What is left of the aggressor's two amounts when the resting fills are taken off.
  #receivedHigh = 0;
  #receivedLow = 0;
  #givenHigh = 0;
  #givenLow = 0;

  /** Checks the matches of one block; no transaction reaches into the next. */
  check(block: number, events: ExchangeEvents): void {
    this.#block = block;
    this.#events = events;
    const { logs } = events;
    let transaction = NONE;
    let hashAt = 0;
    for (let i = 0; i < events.count; i++) {
      const log = events.log[i] as number;
      const index = logs.get(log, LOG.transactionIndex);
      const ownHashAt = logs.get(log, LOG.transactionHash);
      if (index !== transaction) {
        this.#endTransaction();
        transaction = index;
        hashAt = ownHashAt;
      } else if (!sameDigits(logs.text, ownHashAt, logs.text, hashAt, WORD_DIGITS)) {
        this.#find('transaction', i, { other: logs.hex(hashAt, WORD_DIGITS) });
      }
      const open = this.#open[events.exchange[i] as number] as number[];
      open.push(i);
      const kind = events.kind[i];
      if (kind === EVENT.fill) this.totals.fills++;
      else if (kind === EVENT.fee) this.totals.fees++;
      else {
        this.totals.matches++;
        this.#close(open, i);
        open.length = 0;
      }
    }
    this.#endTransaction();
  }

  /** Only V1's direct fills may stand outside a match. */
  #endTransaction(): void {
    const events = this.#events as ExchangeEvents;
    for (const open of this.#open) {
      if (open.length === 0) continue;
      const last = open[open.length - 1] as number;
      const isDirect = (i: number) =>
        exchangeAt(events, i).generation === 1 && events.kind[i] === EVENT.fill && !isAggressor(events, i);
      const direct = open.filter(isDirect).length;
      this.totals.directFills += direct;
      if (direct < open.length) {
        const fills = open.filter((i) => events.kind[i] === EVENT.fill).length;
        this.#find('unclosed', last, { fills: `${fills - direct}`, fees: `${open.length - fills}` });
      }
      open.length = 0;
    }
  }

  /** `matched` closes the events in `open`, itself the last of them. */
  #close(open: readonly number[], matched: number): void {
    const events = this.#events as ExchangeEvents;
    if (open.some((i) => events.unfit[i] !== 0)) {
      this.#find('unreadable', matched, {});
      return;
    }
    const aggressor = open.length > 1 ? (open[open.length - 2] as number) : NONE;
    const isThere =
      aggressor !== NONE &&
      events.kind[aggressor] === EVENT.fill &&
      isAggressor(events, aggressor) &&
      logIndexAt(events, aggressor) + 1 === logIndexAt(events, matched);
    if (!isThere) {
      this.#find('no_aggressor', matched, {});
      return;
    }
    this.#compare(aggressor, matched);
    this.#begin(aggressor);
    let complement = NONE;
    let resting = 0;
    for (let n = 0; n < open.length - 2; n++) {
      const i = open[n] as number;
      if (events.kind[i] !== EVENT.fill || this.#isOutside(i, aggressor)) continue;
      if (events.side[i] !== events.side[aggressor]) {
        if (!sameToken(events, i, aggressor)) this.#find('token', i, {});
      } else {
        if (complement === NONE) complement = i;
        if (!this.#isComplement(i, aggressor) || !sameToken(events, i, complement)) this.#find('token', i, {});
      }
      this.#takeOff(i, aggressor);
      resting++;
    }
    this.#balance(aggressor, resting, complement !== NONE);
    this.#checkFees(open, aggressor, matched);
  }

  #compare(aggressor: number, matched: number): void {
    const events = this.#events as ExchangeEvents;
    const sameOrder = sameTopic(events, aggressor, 1, matched, 1);
    const sameOwner = sameTopic(events, aggressor, 2, matched, 2);
    const isSame =
      sameOrder &&
      sameOwner &&
      events.side[aggressor] === events.side[matched] &&
      sameToken(events, aggressor, matched) &&
      events.makerLow[aggressor] === events.makerLow[matched] &&
      events.makerHigh[aggressor] === events.makerHigh[matched] &&
      events.takerLow[aggressor] === events.takerLow[matched] &&
      events.takerHigh[aggressor] === events.takerHigh[matched];
    if (isSame) return;
    this.#find('aggressor_differs', matched, {
      sameOrder: `${sameOrder}`,
      sameOwner: `${sameOwner}`,
      sameSide: `${events.side[aggressor] === events.side[matched]}`,
      sameToken: `${sameToken(events, aggressor, matched)}`,
      fillMakerAmount: `${makerAmount(events, aggressor)}`,
      fillTakerAmount: `${takerAmount(events, aggressor)}`,
      matchedMakerAmount: `${makerAmount(events, matched)}`,
      matchedTakerAmount: `${takerAmount(events, matched)}`,
    });
  }

  /** Whether a fill belongs to no match (V1's direct fills), or cannot belong to this one, which is a finding. */
  #isOutside(i: number, aggressor: number): boolean {
    const events = this.#events as ExchangeEvents;
    if (isAggressor(events, i)) {
      this.#find('two_aggressors', i, {});
      return true;
    }
    if (sameTopic(events, i, 3, aggressor, 2)) return false;
    if (exchangeAt(events, i).generation === 1) {
      this.totals.directFills++;
      return true;
    }
    this.#find('counterparty', i, {});
    return false;
  }

  #begin(aggressor: number): void {
    const events = this.#events as ExchangeEvents;
    this.#receivedHigh = events.takerHigh[aggressor] as number;
    this.#receivedLow = events.takerLow[aggressor] as number;
    this.#givenHigh = events.makerHigh[aggressor] as number;
    this.#givenLow = events.makerLow[aggressor] as number;
  }

  /**
   * What a resting fill contributes. The other side hands over its maker amount for its taker amount. The same side: with a
   * mint both buy out of a new pair, so that the aggressor gets as many shares as the resting buyer and pays what is missing
   * to 1; with a merge both sell into one, and the aggressor gets what is left of 1.
   */
  #takeOff(i: number, aggressor: number): void {
    const events = this.#events as ExchangeEvents;
    const makerHigh = events.makerHigh[i] as number;
    const makerLow = events.makerLow[i] as number;
    const takerHigh = events.takerHigh[i] as number;
    const takerLow = events.takerLow[i] as number;
    if (events.side[i] !== events.side[aggressor]) {
      this.#receivedHigh -= makerHigh;
      this.#receivedLow -= makerLow;
      this.#givenHigh -= takerHigh;
      this.#givenLow -= takerLow;
    } else if (events.side[i] === SIDE.buy) {
      this.#receivedHigh -= takerHigh;
      this.#receivedLow -= takerLow;
      this.#givenHigh -= takerHigh - makerHigh;
      this.#givenLow -= takerLow - makerLow;
    } else {
      this.#receivedHigh -= makerHigh - takerHigh;
      this.#receivedLow -= makerLow - takerLow;
      this.#givenHigh -= makerHigh;
      this.#givenLow -= makerLow;
    }
  }

  #balance(aggressor: number, resting: number, usesConditionalTokens: boolean): void {
    const events = this.#events as ExchangeEvents;
    if (!isZero(this.#receivedHigh, this.#receivedLow)) {
      this.#find('received', aggressor, {
        expected: `${takerAmount(events, aggressor) - amountOf(this.#receivedHigh, this.#receivedLow)}`,
        found: `${takerAmount(events, aggressor)}`,
        resting: `${resting}`,
      });
    }
    if (isZero(this.#givenHigh, this.#givenLow)) return;
    const refund = amountOf(this.#givenHigh, this.#givenLow);
    const { generation } = exchangeAt(events, aggressor);
    const mayRefund = generation === 1 || (generation === 2 && usesConditionalTokens);
    if (refund > 0n && mayRefund) {
      this.totals.refunds++;
      this.totals.refundMicros += refund;
      return;
    }
    const found = makerAmount(events, aggressor);
    this.#find('given', aggressor, { expected: `${found - refund}`, found: `${found}`, resting: `${resting}` });
  }

  #checkFees(open: readonly number[], aggressor: number, matched: number): void {
    const events = this.#events as ExchangeEvents;
    const { owed, charged, unpaired } = this.#fees.pair(events, open, aggressor);
    if (unpaired === 0 && owed === charged) return;
    this.#find('fees', matched, {
      fillsWithFee: `${owed}`,
      feesCharged: `${charged}`,
      ...this.#fees.sums(events, open, aggressor),
    });
  }

  /** V3 says it in the id; of a hash it can only be said that it is another one. */
  #isComplement(i: number, aggressor: number): boolean {
    const events = this.#events as ExchangeEvents;
    if (sameToken(events, i, aggressor)) return false;
    if (exchangeAt(events, i).generation !== 3) return true;
    const { text } = events.logs;
    return sameDigits(text, events.token[i] as number, text, events.token[aggressor] as number, V3_CONDITION_DIGITS);
  }

  #find(kind: MatchFindingKind, i: number, figures: Readonly<Record<string, string>>): void {
    this.totals.findings++;
    if (this.findings.length >= MAX_FINDINGS) return;
    const events = this.#events as ExchangeEvents;
    const { logs } = events;
    this.findings.push({
      kind,
      block: this.#block,
      transactionHash: logs.hex(logs.get(events.log[i] as number, LOG.transactionHash), WORD_DIGITS),
      logIndex: logIndexAt(events, i),
      exchange: exchangeAt(events, i).name,
      figures,
    });
  }
}

function isZero(high: number, low: number): boolean {
  return high * TWO_32 === -low;
}
