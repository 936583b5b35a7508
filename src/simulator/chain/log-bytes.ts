/** Logs and headers as JSON bytes, written by hand into one buffer: a log costs about two microseconds. */
import { EMITTERS, EVENTS } from './contracts.js';
import type { LogSheet } from './log-sheet.js';

/** Four hex digits of a 16-bit number, as the four bytes of a big-endian word. */
const HEX4 = Uint32Array.from({ length: 65536 }, (_, i) =>
  Buffer.from(i.toString(16).padStart(4, '0')).readUInt32BE(0),
);
const ADDRESS = EMITTERS.map(({ address }) => Buffer.from(`"${address}"`));
const TOPIC0 = EVENTS.map(({ topic0 }) => Buffer.from(`"${topic0}"`));
/** More than any log takes, but for its data: four topics, and names. */
const LOG_BYTES = 1_000;

export const LOG_FIELDS = ['logIndex', 'transactionIndex', 'transactionHash', 'address', 'data', 'topics'] as const;
export type LogField = (typeof LOG_FIELDS)[number];

export class LogBytes {
  #buffer: Buffer;
  #view: DataView;
  length = 0;

  constructor(size = 1 << 18) {
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** A copy of what was written; the writer is empty again. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(0, this.length));
    this.length = 0;
    return bytes;
  }

  /** Makes room for so many bytes more. */
  reserve(bytes: number): void {
    if (this.length + bytes <= this.#buffer.length) return;
    const bigger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.length + bytes));
    this.#buffer.copy(bigger, 0, 0, this.length);
    this.#buffer = bigger;
    this.#view = new DataView(bigger.buffer);
  }

  text(text: string): void {
    this.reserve(text.length);
    this.length += this.#buffer.write(text, this.length, 'latin1');
  }

  #bytes(bytes: Buffer): void {
    this.#buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Hex digits of `count` words, eight each. */
  #hex(words: Int32Array, from: number, count: number): void {
    const view = this.#view;
    let at = this.length;
    for (let i = from; i < from + count; i++) {
      const word = words[i] as number;
      view.setUint32(at, HEX4[word >>> 16] as number);
      view.setUint32(at + 4, HEX4[word & 0xffff] as number);
      at += 8;
    }
    this.length = at;
  }

  #decimal(value: number): void {
    this.length += this.#buffer.write(String(value), this.length, 'latin1');
  }

  /** One log as the portal gives it: the chosen fields, in the portal's order. */
  portalLog(sheet: LogSheet, i: number, fields: readonly LogField[]): void {
    this.reserve(LOG_BYTES + (sheet.dataWords[i] as number) * 64);
    let separator = OPEN;
    for (const field of fields) {
      this.#bytes(separator);
      separator = COMMA;
      this.#bytes(NAMES[field]);
      if (field === 'logIndex') this.#decimal(sheet.logIndex[i] as number);
      else if (field === 'transactionIndex') this.#decimal(sheet.txIndex[sheet.tx[i] as number] as number);
      else this.#hexField(sheet, i, field);
    }
    if (fields.length === 0) this.#bytes(OPEN);
    this.#bytes(CLOSE);
  }

  #hexField(sheet: LogSheet, i: number, field: LogField | 'blockHash'): void {
    const from = sheet.start[i] as number;
    const topics = sheet.topics[i] as number;
    if (field === 'address') this.#bytes(ADDRESS[sheet.emitter[i] as number] as Buffer);
    else if (field === 'transactionHash') this.#quoted(sheet.txHash, (sheet.tx[i] as number) * 8, 8);
    else if (field === 'data') this.#quoted(sheet.words, from + (topics - 1) * 8, (sheet.dataWords[i] as number) * 8);
    else {
      this.#bytes(ARRAY);
      this.#bytes(TOPIC0[sheet.event[i] as number] as Buffer);
      for (let t = 1; t < topics; t++) {
        this.#bytes(COMMA);
        this.#quoted(sheet.words, from + (t - 1) * 8, 8);
      }
      this.#bytes(END_ARRAY);
    }
  }

  #quoted(words: Int32Array, from: number, count: number): void {
    this.#bytes(HEX_OPEN);
    this.#hex(words, from, count);
    this.#bytes(QUOTE);
  }

  /** One log as a node gives it. `blockPart` is the block's hash, number and perhaps time, ready as JSON members. */
  rpcLog(sheet: LogSheet, i: number, blockPart: Buffer): void {
    this.reserve(LOG_BYTES + blockPart.length + (sheet.dataWords[i] as number) * 64);
    this.#bytes(OPEN);
    this.#bytes(NAMES.address);
    this.#hexField(sheet, i, 'address');
    this.#bytes(COMMA);
    this.#bytes(NAMES.topics);
    this.#hexField(sheet, i, 'topics');
    this.#bytes(COMMA);
    this.#bytes(NAMES.data);
    this.#hexField(sheet, i, 'data');
    this.#bytes(COMMA);
    this.#bytes(blockPart);
    this.#bytes(COMMA);
    this.#bytes(NAMES.transactionHash);
    this.#hexField(sheet, i, 'transactionHash');
    const txIndex = (sheet.txIndex[sheet.tx[i] as number] as number).toString(16);
    const logIndex = (sheet.logIndex[i] as number).toString(16);
    this.text(`,"transactionIndex":"0x${txIndex}","logIndex":"0x${logIndex}","removed":false}`);
  }
}

const OPEN = Buffer.from('{');
const CLOSE = Buffer.from('}');
const COMMA = Buffer.from(',');
const ARRAY = Buffer.from('[');
const END_ARRAY = Buffer.from(']');
const QUOTE = Buffer.from('"');
const HEX_OPEN = Buffer.from('"0x');
const NAMES = Object.fromEntries(LOG_FIELDS.map((field) => [field, Buffer.from(`"${field}":`)])) as Record<
  LogField,
  Buffer
>;
