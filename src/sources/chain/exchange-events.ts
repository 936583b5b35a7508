/**
 * The events of the exchanges as numbers: what proves matches and what makes rows both read them from here. A log is decoded
 * by hand from its hex digits: its address and first topic say how.
 */
import { failed } from '../../core/failure.js';
import { EXCHANGES, type Generation, TOPICS } from './exchanges.js';
import { ADDRESS_DIGITS, areZeros, digitsOf, isHex, readUInt32, sameDigits, WORD_DIGITS } from './hex.js';
import { LOG, type Logs } from './logs.js';

export const EVENT = { fill: 1, matched: 2, fee: 3 } as const;
export const SIDE = { buy: 0, sell: 1 } as const;

/** Why a fill can be no row, as a bit mask of the values that do not fit. */
export const UNFIT = { side: 1, assets: 2, makerAmount: 4, takerAmount: 8, fee: 16 } as const;

/** 10^18: amounts from here on could overflow sums of Decimal(18, 6). */
const LIMIT_HIGH = 0x0de0b6b3;
const LIMIT_LOW = 0xa7640000;
const INITIAL_EVENTS = 256;

interface Emitter {
  readonly address: DataView;
  readonly generation: Generation;
  readonly topics: readonly { readonly digits: DataView; readonly event: number }[];
}

const EMITTERS: readonly Emitter[] = EXCHANGES.map(({ address, generation }) => {
  const { orderFilled, ordersMatched, feeCharged } = TOPICS[generation];
  return {
    address: digitsOf(address),
    generation,
    topics: [
      { digits: digitsOf(orderFilled), event: EVENT.fill },
      { digits: digitsOf(ordersMatched), event: EVENT.matched },
      { digits: digitsOf(feeCharged), event: EVENT.fee },
    ],
  };
});

/** Topics and data words of each event: [V1, V2 and V3]. */
const TOPIC_COUNT = { [EVENT.fill]: 4, [EVENT.matched]: 3, [EVENT.fee]: 2 } as const;
const WORDS = { [EVENT.fill]: [5, 7], [EVENT.matched]: [4, 4], [EVENT.fee]: [2, 1] } as const;

/**
 * The decoded events of one block, in columns that are used again for the next one. Amounts are pairs of 32-bit halves in
 * doubles: their sums are exact for two million amounts and need no BigInt.
 */
export class ExchangeEvents {
  logs: Logs;
  count = 0;
  /** Logs of the block that no exchange emitted, or of an event that is not known: `strangers.ts` looks at them. */
  strangers = 0;
  kind: Uint8Array = new Uint8Array(INITIAL_EVENTS);
  /** Place in EXCHANGES. */
  exchange: Uint8Array = new Uint8Array(INITIAL_EVENTS);
  side: Uint8Array = new Uint8Array(INITIAL_EVENTS);
  unfit: Uint8Array = new Uint8Array(INITIAL_EVENTS);
  /** Place in `logs`. */
  log: Int32Array = new Int32Array(INITIAL_EVENTS);
  /** Position of the 64 digits of the token; of a V1 FeeCharged, of the asset that the fee is in; −1 for V2's, always collateral. */
  token: Int32Array = new Int32Array(INITIAL_EVENTS);
  makerHigh: Float64Array = new Float64Array(INITIAL_EVENTS);
  makerLow: Float64Array = new Float64Array(INITIAL_EVENTS);
  takerHigh: Float64Array = new Float64Array(INITIAL_EVENTS);
  takerLow: Float64Array = new Float64Array(INITIAL_EVENTS);
  /** Of a fill, and the amount of a FeeCharged. */
  feeHigh: Float64Array = new Float64Array(INITIAL_EVENTS);
  feeLow: Float64Array = new Float64Array(INITIAL_EVENTS);
  #high = 0;
  #low = 0;

  constructor(logs: Logs) {
    this.logs = logs;
  }

  /** Reads all logs of a block. Throws FailureError `bad_response` where a log is not what its topic says. */
  decode(logs: Logs): void {
    this.logs = logs;
    this.count = 0;
    this.strangers = 0;
    this.#ensureRoom(logs.count);
    for (let log = 0; log < logs.count; log++) {
      const exchange = exchangeOf(logs, log);
      const event = exchange < 0 ? 0 : eventOf(logs, log, exchange);
      if (event === 0) this.#stranger(log);
      else this.#decode(log, exchange, event);
    }
  }

  #decode(log: number, exchange: number, event: number): void {
    const { logs, count: i } = this;
    const isV1 = (EMITTERS[exchange] as Emitter).generation === 1;
    const words = WORDS[event as 1 | 2 | 3][isV1 ? 0 : 1];
    const hasShape =
      logs.get(log, LOG.topics) === TOPIC_COUNT[event as 1 | 2 | 3] &&
      logs.get(log, LOG.dataDigits) === words * WORD_DIGITS;
    if (!hasShape) this.#refuse(log);
    this.kind[i] = event;
    this.exchange[i] = exchange;
    this.log[i] = log;
    this.unfit[i] = 0;
    const data = logs.get(log, LOG.data);
    if (event === EVENT.fee) this.#fee(log, i, data, isV1);
    else {
      if (isV1) this.#assets(log, i, data);
      else this.#side(log, i, data);
      this.#amounts(log, i, data + 2 * WORD_DIGITS, event === EVENT.fill);
      // Builder and metadata are not kept, yet an answer that is not hex there is no answer.
      if (words === 7 && !isHex(logs.text, data + 5 * WORD_DIGITS, 2 * WORD_DIGITS)) this.#refuse(log);
    }
    // Those of a fill that becomes a row are seen when it is written.
    const becomesRow = event === EVENT.fill && this.unfit[i] === 0;
    if (!becomesRow && !this.#hasHexTopics(log)) this.#refuse(log);
    this.count++;
  }

  #stranger(log: number): void {
    const { logs } = this;
    const isLog =
      isHex(logs.text, logs.get(log, LOG.address), ADDRESS_DIGITS) &&
      isHex(logs.text, logs.get(log, LOG.data), logs.get(log, LOG.dataDigits)) &&
      this.#hasHexTopics(log);
    if (!isLog) this.#refuse(log);
    this.strangers++;
  }

  #hasHexTopics(log: number): boolean {
    const { logs } = this;
    if (!isHex(logs.text, logs.get(log, LOG.transactionHash), WORD_DIGITS)) return false;
    for (let n = 0; n < logs.get(log, LOG.topics); n++) {
      if (!isHex(logs.text, logs.topic(log, n), WORD_DIGITS)) return false;
    }
    return true;
  }

  #fee(log: number, i: number, data: number, isV1: boolean): void {
    this.token[i] = isV1 ? data : -1;
    if (isV1 && !isHex(this.logs.text, data, WORD_DIGITS)) this.#refuse(log);
    if (!this.#amount(log, isV1 ? data + WORD_DIGITS : data)) this.unfit[i] = UNFIT.fee;
    this.feeHigh[i] = this.#high;
    this.feeLow[i] = this.#low;
  }

  /** V1: the asset that is not 0 is the token; who gives collateral, asset 0, buys. */
  #assets(log: number, i: number, data: number): void {
    const { text } = this.logs;
    const givesCollateral = areZeros(text, data, WORD_DIGITS);
    const takesCollateral = areZeros(text, data + WORD_DIGITS, WORD_DIGITS);
    if (givesCollateral === takesCollateral) this.unfit[i] = UNFIT.assets;
    this.side[i] = givesCollateral ? SIDE.buy : SIDE.sell;
    this.token[i] = givesCollateral ? data + WORD_DIGITS : data;
    if (!isHex(text, data, 2 * WORD_DIGITS)) this.#refuse(log);
  }

  #side(log: number, i: number, data: number): void {
    const { text } = this.logs;
    const side = readUInt32(text, data + WORD_DIGITS - 8);
    if (side < 0 || !isHex(text, data + WORD_DIGITS, WORD_DIGITS)) this.#refuse(log);
    const isSide = side <= 1 && areZeros(text, data, WORD_DIGITS - 8);
    if (!isSide) {
      if (!isHex(text, data, WORD_DIGITS)) this.#refuse(log);
      this.unfit[i] = UNFIT.side;
    }
    this.side[i] = side === 0 ? SIDE.buy : SIDE.sell;
    this.token[i] = data + WORD_DIGITS;
  }

  #amounts(log: number, i: number, at: number, withFee: boolean): void {
    let unfit = this.unfit[i] as number;
    if (!this.#amount(log, at)) unfit |= UNFIT.makerAmount;
    this.makerHigh[i] = this.#high;
    this.makerLow[i] = this.#low;
    if (!this.#amount(log, at + WORD_DIGITS)) unfit |= UNFIT.takerAmount;
    this.takerHigh[i] = this.#high;
    this.takerLow[i] = this.#low;
    if (withFee) {
      if (!this.#amount(log, at + 2 * WORD_DIGITS)) unfit |= UNFIT.fee;
      this.feeHigh[i] = this.#high;
      this.feeLow[i] = this.#low;
    }
    this.unfit[i] = unfit;
  }

  /** The word at a position as two halves; false when it is 10^18 or more. */
  #amount(log: number, at: number): boolean {
    const { text } = this.logs;
    const high = readUInt32(text, at + WORD_DIGITS - 16);
    const low = readUInt32(text, at + WORD_DIGITS - 8);
    if (high < 0 || low < 0) this.#refuse(log);
    this.#high = high;
    this.#low = low;
    if (!areZeros(text, at, WORD_DIGITS - 16)) {
      if (!isHex(text, at, WORD_DIGITS)) this.#refuse(log);
      return false;
    }
    return high < LIMIT_HIGH || (high === LIMIT_HIGH && low < LIMIT_LOW);
  }

  #refuse(log: number): never {
    throw malformedLog(this.logs, log);
  }

  #ensureRoom(events: number): void {
    if (events <= this.kind.length) return;
    const room = 2 * events;
    for (const column of ['kind', 'exchange', 'side', 'unfit'] as const) this[column] = new Uint8Array(room);
    for (const column of ['log', 'token'] as const) this[column] = new Int32Array(room);
    for (const column of ['makerHigh', 'makerLow', 'takerHigh', 'takerLow', 'feeHigh', 'feeLow'] as const) {
      this[column] = new Float64Array(room);
    }
  }
}

/** A log whose topics or data are not what the contract emits, or no hex. */
export function malformedLog(logs: Logs, log: number): Error {
  const text = JSON.stringify(logs.describe(log)).slice(0, 200);
  return failed('transient', 'bad_response', `a log that no exchange can have emitted was answered: ${text}`);
}

/** Place in EXCHANGES of the emitter, −1 for a stranger. */
export function exchangeOf(logs: Logs, log: number): number {
  const at = logs.get(log, LOG.address);
  for (let i = 0; i < EMITTERS.length; i++) {
    if (sameDigits(logs.text, at, (EMITTERS[i] as Emitter).address, 0, ADDRESS_DIGITS)) return i;
  }
  return -1;
}

/** The event by its first topic, 0 for one that this exchange does not have. */
function eventOf(logs: Logs, log: number, exchange: number): number {
  if (logs.get(log, LOG.topics) === 0) return 0;
  const at = logs.topic(log, 0);
  for (const { digits, event } of (EMITTERS[exchange] as Emitter).topics) {
    if (sameDigits(logs.text, at, digits, 0, WORD_DIGITS)) return event;
  }
  return 0;
}
