import { failed } from '../../core/failure.js';
import { ADDRESS_DIGITS, viewOf, WORD_DIGITS } from './hex.js';

/** Places of a log's values among its `STRIDE` numbers. Positions are of the first hex digit, behind `0x`. */
export const LOG = {
  address: 0,
  /** How many topics there are; their positions follow. */
  topics: 1,
  topic0: 2,
  data: 6,
  dataDigits: 7,
  transactionHash: 8,
  /** Numbers, not positions, from here on. */
  transactionIndex: 9,
  logIndex: 10,
  // Only where a log says its own block: JSON-RPC.
  blockNumber: 11,
  blockTimestamp: 12,
  removed: 13,
  /** Position. */
  blockHash: 14,
} as const;
export const STRIDE = 15;
/** A value that a log does not have. */
export const ABSENT = -1;

const INITIAL_LOGS = 256;
const EMPTY = new DataView(new ArrayBuffer(0));

/**
 * Logs as positions in the bytes they came in. Those of a stream are good until whoever made them reads on: then bytes and table
 * are used again. What stands at a position need not be hex yet: whoever decodes it checks that.
 */
export class Logs {
  count = 0;
  #at: Int32Array;

  constructor(
    public text: DataView = EMPTY,
    at: Int32Array = new Int32Array(STRIDE * INITIAL_LOGS),
  ) {
    this.#at = at;
  }

  reset(text: DataView): void {
    this.text = text;
    this.count = 0;
  }

  /** The table with room for one more log, to be written from `count * STRIDE`; `count++` keeps it. */
  ensureRoom(): Int32Array {
    if (STRIDE * (this.count + 1) > this.#at.length) {
      const larger = new Int32Array(2 * this.#at.length);
      larger.set(this.#at);
      this.#at = larger;
    }
    return this.#at;
  }

  /** The logs from `first` up to `end` as a table of their own, over the same bytes. */
  slice(first: number, end: number): Logs {
    const part = new Logs(this.text, this.#at.subarray(first * STRIDE, end * STRIDE));
    part.count = end - first;
    return part;
  }

  get(log: number, place: number): number {
    return this.#at[log * STRIDE + place] as number;
  }

  /** Position of topic 1 to 3, or `ABSENT`. */
  topic(log: number, n: number): number {
    return n < this.get(log, LOG.topics) ? this.get(log, LOG.topic0 + n) : ABSENT;
  }

  /** `0x` and the digits at a position. */
  hex(at: number, digits: number): string {
    return `0x${Buffer.from(this.text.buffer, this.text.byteOffset + at, digits).toString('latin1')}`;
  }

  /** A log as JSON-RPC says it: for messages, rejected rows and the checked way. */
  describe(log: number): LogText {
    const topics: string[] = [];
    for (let n = 0; n < this.get(log, LOG.topics); n++) topics.push(this.hex(this.topic(log, n), WORD_DIGITS));
    return {
      address: this.hex(this.get(log, LOG.address), ADDRESS_DIGITS),
      topics,
      data: this.hex(this.get(log, LOG.data), this.get(log, LOG.dataDigits)),
      transactionHash: this.hex(this.get(log, LOG.transactionHash), WORD_DIGITS),
      transactionIndex: this.get(log, LOG.transactionIndex),
      logIndex: this.get(log, LOG.logIndex),
    };
  }
}

/** A log in words. */
export interface LogText {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly transactionHash: string;
  readonly transactionIndex: number;
  readonly logIndex: number;
}

/** A log and the block it says it belongs to. */
export interface RpcLogText extends LogText {
  readonly blockNumber: number;
  readonly blockHash: string;
  /** Seconds, or null where the provider leaves it out. */
  readonly blockTimestamp: number | null;
  readonly removed: boolean;
}

/** Fills the table with logs that were read the long way. Their texts must be hex with `0x`. */
export function writeLogs(logs: Logs, texts: readonly (LogText | RpcLogText)[]): void {
  const pieces: string[] = [];
  let length = 0;
  const place = (text: string): number => {
    pieces.push(text);
    length += text.length;
    return length - text.length + 2;
  };
  logs.reset(EMPTY);
  for (const text of texts) {
    const to = logs.count * STRIDE;
    const table = logs.ensureRoom();
    table[to + LOG.address] = place(text.address);
    table[to + LOG.topics] = text.topics.length;
    for (const [n, topic] of text.topics.entries()) table[to + LOG.topic0 + n] = place(topic);
    table[to + LOG.data] = place(text.data);
    table[to + LOG.dataDigits] = text.data.length - 2;
    table[to + LOG.transactionHash] = place(text.transactionHash);
    table[to + LOG.transactionIndex] = text.transactionIndex;
    table[to + LOG.logIndex] = text.logIndex;
    if ('blockHash' in text) {
      table[to + LOG.blockNumber] = text.blockNumber;
      table[to + LOG.blockTimestamp] = text.blockTimestamp ?? ABSENT;
      table[to + LOG.removed] = text.removed ? 1 : 0;
      table[to + LOG.blockHash] = place(text.blockHash);
    }
    logs.count++;
  }
  logs.text = viewOf(Buffer.from(pieces.join(''), 'latin1'));
}

/** Logs come in their order, each once. Throws FailureError `bad_page`. */
export function assertAscending(logs: Logs, block: number): void {
  let last = -1;
  for (let i = 0; i < logs.count; i++) {
    const index = logs.get(i, LOG.logIndex);
    if (index <= last) {
      throw failed('transient', 'bad_page', `block ${block} has log ${index} after log ${last}`);
    }
    last = index;
  }
}

/** One block of a source's answer. */
export interface ChainBlock {
  readonly number: number;
  /** Lower-case hex with 0x. */
  readonly hash: string;
  /** Null where the source did not say. */
  readonly parentHash: string | null;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** In the order of their log index. Good until the next block is asked for. */
  readonly logs: Logs;
}
