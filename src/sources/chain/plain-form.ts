/**
 * Objects read without JSON.parse. An answer holds one kind of object thousands of times, written alike but for its values:
 * the first one shows the order of the fields and the bytes between two values, every later one is compared with it. What
 * looks otherwise is left to the checked way (JSON.parse and zod), so that this decides nothing but speed.
 *
 * Digits of hex values are not looked at here: a value of the right length between the right quotes is taken, and whoever
 * decodes it finds a digit that is none.
 */
import { NIBBLES, WORD_DIGITS } from './hex.js';
import { LOG } from './logs.js';

/** What a field's value looks like, and where it goes among a row's numbers. */
export type Field =
  /** `"0x` and so many digits: its position. */
  | { readonly form: 'hex'; readonly place: number; readonly digits: number }
  /** A JSON number, a whole one below 2^31. */
  | { readonly form: 'decimal'; readonly place: number }
  /** `"0x` and up to 8 digits: its value, below 2^31. */
  | { readonly form: 'quantity'; readonly place: number }
  | { readonly form: 'topics' }
  | { readonly form: 'data' }
  /** The word `false`. */
  | { readonly form: 'false' };

export type Fields = Readonly<Record<string, Field>>;

interface Step {
  /** The bytes between the value before and this one, `"0x` included. */
  readonly gap: Uint8Array;
  readonly field: Field;
}

/** How the objects of an answer are written. */
export interface PlainForm {
  readonly steps: readonly Step[];
  /** From behind the last value to behind the closing brace. */
  readonly tail: Uint8Array;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const COLON = 0x3a;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const X = 0x78;
const MAX_TOPICS = 4;
const MAX_INT32_DIGITS = 10;
const MAX_INT32 = 0x7fff_ffff;

/**
 * The form of the object at `at`, which must have every field of `required` and may have those of `optional`; undefined when
 * it is not plain.
 */
export function learnForm(
  bytes: Uint8Array,
  at: number,
  required: Fields,
  optional: Fields = {},
): PlainForm | undefined {
  const fields: Fields = { ...optional, ...required };
  const seen = new Set<string>();
  const steps: Step[] = [];
  let gapStart = at;
  let here = at;
  if (bytes[here++] !== OPEN) return undefined;
  do {
    here = skipSpace(bytes, here);
    if (bytes[here] !== QUOTE) return undefined;
    const keyEnd = bytes.indexOf(QUOTE, here + 1);
    const key = text(bytes, here + 1, keyEnd);
    const field = fields[key];
    here = skipSpace(bytes, keyEnd + 1);
    if (keyEnd < 0 || field === undefined || seen.has(key) || bytes[here++] !== COLON) return undefined;
    seen.add(key);
    here = skipSpace(bytes, here);
    const opening = openingOf(field);
    if (text(bytes, here, here + opening.length) !== opening) return undefined;
    here += opening.length;
    steps.push({ gap: bytes.slice(gapStart, here), field });
    gapStart = valueEnd(bytes, here, field, SCRATCH, 0);
    if (gapStart < 0) return undefined;
    here = gapStart + closingOf(field).length;
    if (text(bytes, gapStart, here) !== closingOf(field)) return undefined;
    here = skipSpace(bytes, here);
  } while (bytes[here++] === COMMA);
  if (bytes[here - 1] !== CLOSE || Object.keys(required).some((key) => !seen.has(key))) return undefined;
  return { steps, tail: bytes.slice(gapStart, here) };
}

const SCRATCH = new Int32Array(64);

/** Reads an object of this form into `out` from `to`. The position behind it, −1 when it is written otherwise. */
export function readObject(form: PlainForm, bytes: Uint8Array, at: number, out: Int32Array, to: number): number {
  const { steps, tail } = form;
  let here = at;
  for (let i = 0; i < steps.length; i++) {
    const { gap, field } = steps[i] as Step;
    for (let j = 0; j < gap.length; j++) if (bytes[here + j] !== gap[j]) return -1;
    here = valueEnd(bytes, here + gap.length, field, out, to);
    if (here < 0) return -1;
  }
  // That each value ended where it should is seen from what follows: the next gap, or the tail, begins with its quote.
  for (let j = 0; j < tail.length; j++) if (bytes[here + j] !== tail[j]) return -1;
  return here + tail.length;
}

/** Takes a byte, and space before it, if it comes next: the position behind it, or −1. */
export function take(bytes: Uint8Array, at: number, byte: number): number {
  const here = skipSpace(bytes, at);
  return bytes[here] === byte ? here + 1 : -1;
}

function openingOf({ form }: Field): string {
  if (form === 'decimal') return '';
  if (form === 'false') return 'false';
  return form === 'topics' ? '["0x' : '"0x';
}

function closingOf({ form }: Field): string {
  if (form === 'decimal' || form === 'false') return '';
  return form === 'topics' ? '"]' : '"';
}

/** Takes the value that begins at `at`. Where it ends, before its quote, or −1. */
function valueEnd(bytes: Uint8Array, at: number, field: Field, out: Int32Array, to: number): number {
  switch (field.form) {
    case 'hex':
      out[to + field.place] = at;
      return at + field.digits;
    case 'data':
      return dataEnd(bytes, at, out, to);
    case 'topics':
      return topicsEnd(bytes, at, out, to);
    case 'decimal':
      return decimalEnd(bytes, at, out, to + field.place);
    case 'quantity':
      return quantityEnd(bytes, at, out, to + field.place);
    case 'false':
      return at;
  }
}

/** Whole words up to the quote. */
function dataEnd(bytes: Uint8Array, at: number, out: Int32Array, to: number): number {
  let end = at;
  while (bytes[end] !== QUOTE) {
    end += WORD_DIGITS;
    if (end >= bytes.length) return -1;
  }
  out[to + LOG.data] = at;
  out[to + LOG.dataDigits] = end - at;
  return end;
}

/** Topics between `","0x`, as JSON without space writes them. */
function topicsEnd(bytes: Uint8Array, at: number, out: Int32Array, to: number): number {
  let end = at;
  let n = 0;
  for (;;) {
    out[to + LOG.topic0 + n++] = end;
    end += WORD_DIGITS;
    if (bytes[end] !== QUOTE) return -1;
    if (bytes[end + 1] === CLOSE_LIST) break;
    const isNext =
      bytes[end + 1] === COMMA && bytes[end + 2] === QUOTE && bytes[end + 3] === ZERO && bytes[end + 4] === X;
    if (!isNext || n === MAX_TOPICS) return -1;
    end += 5;
  }
  out[to + LOG.topics] = n;
  return end;
}

function decimalEnd(bytes: Uint8Array, at: number, out: Int32Array, to: number): number {
  let value = 0;
  let end = at;
  for (;;) {
    const digit = (bytes[end] as number) - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
    end++;
  }
  const digits = end - at;
  if (digits === 0 || digits > MAX_INT32_DIGITS || value > MAX_INT32) return -1;
  if (digits > 1 && bytes[at] === ZERO) return -1;
  out[to] = value;
  return end;
}

function quantityEnd(bytes: Uint8Array, at: number, out: Int32Array, to: number): number {
  let value = 0;
  let end = at;
  for (; end - at <= 8; end++) {
    const nibble = NIBBLES[bytes[end] as number] as number;
    if (!(nibble < 16)) break;
    value = value * 16 + nibble;
  }
  const digits = end - at;
  if (digits === 0 || digits > 8 || value > MAX_INT32 || (digits > 1 && bytes[at] === ZERO)) return -1;
  out[to] = value;
  return end;
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let here = at;
  while (bytes[here] === 0x20 || bytes[here] === 0x09 || bytes[here] === 0x0a || bytes[here] === 0x0d) here++;
  return here;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  const end = Math.min(to, bytes.length);
  return end <= from ? '' : Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString('latin1');
}
