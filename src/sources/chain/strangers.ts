/**
 * What the tables do not know yet: an address that emits OrderFilled and is no exchange of ours, a V3 token of a module that
 * has no name. They are counted, so that the next migration is seen on its first day.
 */
import { exchangeAt } from './event-values.js';
import { EVENT, type ExchangeEvents, exchangeOf } from './exchange-events.js';
import { ORDER_FILLED_TOPICS } from './exchanges.js';
import { ADDRESS_DIGITS, areZeros, digitsOf, NIBBLES, sameDigits, WORD_DIGITS } from './hex.js';
import { LOG, type Logs } from './logs.js';

/** What is not known, and how much of it there was. */
export interface Stranger {
  readonly kind: 'address' | 'v3_module';
  /** The address, or the token's first byte as hex with 0x. */
  readonly name: string;
  count: number;
  /** The first log of it. */
  readonly block: number;
  readonly logIndex: number;
  readonly transactionHash: string;
}

const TOPICS = ORDER_FILLED_TOPICS.map(digitsOf);
const LAST_KNOWN_MODULE = 3;
/** Digits of a V3 token: module 2, base 32, arity 4, reserved 16, resolution chain 4, condition 4, outcome 2. */
const RESERVED_AT = 38;
const RESERVED_DIGITS = 16;

/** Whether a position on V3 is of a known module: binary 1, neg risk 2, combo 3, with nothing in the reserved bits. */
export function isKnownV3Token(text: DataView, at: number): boolean {
  const module = v3Module(text, at);
  return module >= 1 && module <= LAST_KNOWN_MODULE && areZeros(text, at + RESERVED_AT, RESERVED_DIGITS);
}

function v3Module(text: DataView, at: number): number {
  return ((NIBBLES[text.getUint8(at)] as number) << 4) | (NIBBLES[text.getUint8(at + 1)] as number);
}

export class StrangerCounts {
  readonly #found = new Map<string, Stranger>();

  get strangers(): Stranger[] {
    return [...this.#found.values()];
  }

  /** Counts what a block of any addresses holds: the answer of `STRANGER_FILTER`. */
  countEmitters(block: number, logs: Logs): void {
    for (let log = 0; log < logs.count; log++) {
      if (logs.get(log, LOG.topics) === 0 || exchangeOf(logs, log) >= 0) continue;
      const topic0 = logs.topic(log, 0);
      if (!TOPICS.some((topic) => sameDigits(logs.text, topic0, topic, 0, WORD_DIGITS))) continue;
      this.#count('address', logs.hex(logs.get(log, LOG.address), ADDRESS_DIGITS), block, logs, log);
    }
  }

  /** Counts V3 fills whose token is of no known module. Their rows are loaded: only what they mean is not known. */
  countModules(block: number, events: ExchangeEvents): void {
    const { logs } = events;
    for (let i = 0; i < events.count; i++) {
      if (events.kind[i] !== EVENT.fill || exchangeAt(events, i).generation !== 3) continue;
      const at = events.token[i] as number;
      if (isKnownV3Token(logs.text, at)) continue;
      this.#count('v3_module', logs.hex(at, 2), block, logs, events.log[i] as number);
    }
  }

  #count(kind: Stranger['kind'], name: string, block: number, logs: Logs, log: number): void {
    const key = `${kind} ${name}`;
    const known = this.#found.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const transactionHash = logs.hex(logs.get(log, LOG.transactionHash), WORD_DIGITS);
    this.#found.set(key, { kind, name, count: 1, block, logIndex: logs.get(log, LOG.logIndex), transactionHash });
  }
}
