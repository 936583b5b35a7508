/**
 * Writes JSON bytes into one growing buffer. Numbers and hex words go in four bytes at a time from tables, constant text
 * eight at a time, as the float64 with those bytes (ASCII is never a NaN): a row of 460 bytes takes about 90 stores. A
 * store may run up to seven bytes past what it means to write; the next one overwrites them, so `room` keeps that slack.
 */
const SLACK = 16;

/** 16 bits as four hex digits, and 0..9999 as four decimal digits, big-endian. */
const HEX4 = new Uint32Array(65536);
const DEC4 = new Uint32Array(10000);
/** 0..9999 without leading zeros, left-aligned. */
const LEAD4 = new Uint32Array(10000);

function pack(text: string): number {
  let packed = 0;
  for (let i = 0; i < 4; i++) packed = (packed << 8) | (i < text.length ? text.charCodeAt(i) : 0x20);
  return packed >>> 0;
}
for (let i = 0; i < 65536; i++) HEX4[i] = pack(i.toString(16).padStart(4, '0'));
for (let i = 0; i < 10000; i++) {
  DEC4[i] = pack(i.toString().padStart(4, '0'));
  LEAD4[i] = pack(i.toString());
}

/** Constant text for `words()`: eight bytes an entry, the last one padded. */
export interface Words {
  readonly words: Float64Array;
  readonly length: number;
}

export function toWords(text: string): Words {
  const words = new Float64Array(Math.ceil(text.length / 8));
  Buffer.from(words.buffer).write(text, 'latin1');
  return { words, length: text.length };
}

/** The byte order that a Float64Array shares with its bytes. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export class JsonWriter {
  bytes: Buffer;
  view: DataView;
  length = 0;

  constructor(buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024)) {
    this.bytes = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  reset(): this {
    this.length = 0;
    return this;
  }

  /** Makes room for `size` more bytes. */
  room(size: number): void {
    const needed = this.length + size + SLACK;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }

  text(value: string): void {
    this.room(value.length * 3);
    this.length += this.bytes.write(value, this.length, 'utf8');
  }

  value(value: unknown): void {
    this.text(JSON.stringify(value));
  }

  finished(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  // The following write without asking for room: callers do so once a row.

  words(constant: Words): void {
    this.wordsOf(constant.words, 0, constant.length);
  }

  /** The words of a table from `from` on. */
  wordsOf(table: Float64Array, from: number, length: number): void {
    const { view } = this;
    const at = this.length;
    for (let i = 0; i < length; i += 8) view.setFloat64(at + i, table[from + (i >> 3)] as number, LITTLE_ENDIAN);
    this.length = at + length;
  }

  comma(): void {
    this.view.setUint8(this.length++, 0x2c);
  }

  underscore(): void {
    this.view.setUint8(this.length++, 0x5f);
  }

  /** `0x` and eight hex digits of each of the first words. */
  hexes(words: Int32Array, count: number): void {
    const { view } = this;
    let at = this.length;
    view.setUint16(at, 0x3078);
    at += 2;
    for (let k = 0; k < count; k++, at += 8) {
      const word = words[k] as number;
      view.setUint32(at, HEX4[word >>> 16] as number);
      view.setUint32(at + 4, HEX4[word & 0xffff] as number);
    }
    this.length = at;
  }

  /** A whole number from 0 to 2^53 - 1. */
  digits(value: number): void {
    if (value < 100000000) {
      this.#upTo8(value | 0);
      return;
    }
    const high = Math.floor(value / 100000000);
    this.#upTo8(high | 0);
    const low = (value - high * 100000000) | 0;
    const top = (low / 10000) | 0;
    this.view.setUint32(this.length, DEC4[top] as number);
    this.view.setUint32(this.length + 4, DEC4[low - top * 10000] as number);
    this.length += 8;
  }

  #upTo8(value: number): void {
    if (value < 10000) {
      this.#lead(value);
      return;
    }
    const top = (value / 10000) | 0;
    this.#lead(top);
    this.view.setUint32(this.length, DEC4[value - top * 10000] as number);
    this.length += 4;
  }

  #lead(value: number): void {
    this.view.setUint32(this.length, LEAD4[value] as number);
    this.length += value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : 4;
  }
}
