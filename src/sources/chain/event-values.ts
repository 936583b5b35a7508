/** Questions about one decoded event, or two of a block. */

import type { ExchangeEvents } from './exchange-events.js';
import { EXCHANGES, type Exchange } from './exchanges.js';
import { ADDRESS_DIGITS, areZeros, digitsOf, sameDigits, WORD_DIGITS } from './hex.js';
import { LOG, type Logs } from './logs.js';

const TWO_32 = 0x1_0000_0000n;
const ADDRESS_PADDING = WORD_DIGITS - ADDRESS_DIGITS;
const ADDRESSES = EXCHANGES.map(({ address }) => digitsOf(address));

/** An amount as its two halves say it. */
export function amountOf(high: number, low: number): bigint {
  return BigInt(high) * TWO_32 + BigInt(low);
}

export function makerAmount(events: ExchangeEvents, i: number): bigint {
  return amountOf(events.makerHigh[i] as number, events.makerLow[i] as number);
}

export function takerAmount(events: ExchangeEvents, i: number): bigint {
  return amountOf(events.takerHigh[i] as number, events.takerLow[i] as number);
}

/** A fill's fee, or what was charged. */
export function feeAmount(events: ExchangeEvents, i: number): bigint {
  return amountOf(events.feeHigh[i] as number, events.feeLow[i] as number);
}

export function exchangeAt(events: ExchangeEvents, i: number): Exchange {
  return EXCHANGES[events.exchange[i] as number] as Exchange;
}

export function logIndexAt(events: ExchangeEvents, i: number): number {
  return events.logs.get(events.log[i] as number, LOG.logIndex);
}

export function sameToken(events: ExchangeEvents, a: number, b: number): boolean {
  const { text } = events.logs;
  return sameDigits(text, events.token[a] as number, text, events.token[b] as number, WORD_DIGITS);
}

/** Whether topic `m` of one event's log equals topic `n` of the other's. */
export function sameTopic(events: ExchangeEvents, a: number, m: number, b: number, n: number): boolean {
  const { logs } = events;
  const [atA, atB] = [logs.topic(events.log[a] as number, m), logs.topic(events.log[b] as number, n)];
  return sameDigits(logs.text, atA, logs.text, atB, WORD_DIGITS);
}

/** Whether the taker of a fill is the contract that emitted it: so is the aggressor's own fill marked. */
export function isAggressor(events: ExchangeEvents, i: number): boolean {
  const { logs } = events;
  const taker = addressIn(logs.topic(events.log[i] as number, 3));
  return sameDigits(logs.text, taker, ADDRESSES[events.exchange[i] as number] as DataView, 0, ADDRESS_DIGITS);
}

/** Whether a topic is an address with zeros before it. */
export function isAddressTopic(logs: Logs, at: number): boolean {
  return areZeros(logs.text, at, ADDRESS_PADDING);
}

/** Position of an address topic's 40 digits. */
export function addressIn(topicAt: number): number {
  return topicAt + ADDRESS_PADDING;
}
