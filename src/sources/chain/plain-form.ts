/**
 * Objects read without JSON.parse. An answer holds one kind of object thousands of times, written alike but for its values:
 * the first one shows the order of the fields and the bytes between two values, every later one is compared with it. What
 * looks otherwise is left to the checked way (JSON.parse and zod), so that this decides nothing but speed.
 *
 * Digits of hex values are not looked at here: a value of the right length between the right quotes is taken, and whoever
 * decodes it finds a digit that is none.
 */
import { NIBBLES, viewOf, WORD_DIGITS } from './hex.js';
import { LOG, STRIDE } from './logs.js';

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
  readonly gap: DataView;
  readonly field: Field;
}

/** How the objects of an answer are written. */
export interface PlainForm {
  readonly steps: readonly Step[];
  /** From behind the last value to behind the closing brace. */
  readonly tail: DataView;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const COLON = 0x3a;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MAX_TOPICS = 4;
const BETWEEN_TOPICS = viewOf(Buffer.from('","0x'));
const MAX_INT32_DIGITS = 10;
const MAX_INT32 = 0x7fff_ffff;

/**
 * The form of the object at `at`, which must have every field of `required` and may have those of `optional`; undefined when
 * it is not plain.
 */
export function learnForm(text: DataView, at: number, required: Fields, optional: Fields = {}): PlainForm | undefined {
  const fields: Fields = { ...optional, ...required };
  const seen = new Set<string>();
  const steps: Step[] = [];
  let gapStart = at;
  let here = at;
  if (byteAt(text, here++) !== OPEN) return undefined;
  do {
    here = skipSpace(text, here);
    if (byteAt(text, here) !== QUOTE) return undefined;
    let keyEnd = here + 1;
    while (keyEnd < text.byteLength && text.getUint8(keyEnd) !== QUOTE) keyEnd++;
    const key = stringAt(text, here + 1, keyEnd);
    const field = fields[key];
    here = skipSpace(text, keyEnd + 1);
    if (field === undefined || seen.has(key) || byteAt(text, here++) !== COLON) return undefined;
    seen.add(key);
    here = skipSpace(text, here);
    const opening = openingOf(field);
    if (stringAt(text, here, here + opening.length) !== opening) return undefined;
    here += opening.length;
    steps.push({ gap: copyOf(text, gapStart, here), field });
    gapStart = valueEnd(text, here, field, SCRATCH, 0);
    if (gapStart < 0) return undefined;
    here = gapStart + closingOf(field).length;
    if (stringAt(text, gapStart, here) !== closingOf(field)) return undefined;
    here = skipSpace(text, here);
  } while (byteAt(text, here++) === COMMA);
  if (byteAt(text, here - 1) !== CLOSE || Object.keys(required).some((key) => !seen.has(key))) return undefined;
  return { steps, tail: copyOf(text, gapStart, here) };
}

const SCRATCH = new Int32Array(STRIDE);

/** Reads an object of this form into `out` from `to`. The position behind it, −1 when it is written otherwise. */
export function readObject(form: PlainForm, text: DataView, at: number, out: Int32Array, to: number): number {
  const { steps, tail } = form;
  let here = at;
  for (let i = 0; i < steps.length; i++) {
    const { gap, field } = steps[i] as Step;
    here = behind(text, here, gap);
    if (here < 0) return -1;
    here = valueEnd(text, here, field, out, to);
    if (here < 0) return -1;
  }
  // That each value ended where it should is seen from what follows: the next gap, or the tail, begins with its quote.
  return behind(text, here, tail);
}

/** The position behind these bytes if they come next, or −1. */
export function behind(text: DataView, at: number, expected: DataView): number {
  const { byteLength } = expected;
  if (at + byteLength > text.byteLength) return -1;
  let i = 0;
  for (; i + 4 <= byteLength; i += 4) if (text.getInt32(at + i, true) !== expected.getInt32(i, true)) return -1;
  for (; i < byteLength; i++) if (text.getUint8(at + i) !== expected.getUint8(i)) return -1;
  return at + byteLength;
}

/** Takes a byte, and space before it, if it comes next: the position behind it, or −1. */
export function take(text: DataView, at: number, byte: number): number {
  const here = skipSpace(text, at);
  return byteAt(text, here) === byte ? here + 1 : -1;
}

/** −1 behind the end. */
export function byteAt(text: DataView, at: number): number {
  return at < text.byteLength ? text.getUint8(at) : -1;
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
function valueEnd(text: DataView, at: number, field: Field, out: Int32Array, to: number): number {
  switch (field.form) {
    case 'hex':
      out[to + field.place] = at;
      return at + field.digits <= text.byteLength ? at + field.digits : -1;
    case 'data':
      return dataEnd(text, at, out, to);
    case 'topics':
      return topicsEnd(text, at, out, to);
    case 'decimal':
      return decimalEnd(text, at, out, to + field.place);
    case 'quantity':
      return quantityEnd(text, at, out, to + field.place);
    case 'false':
      return at;
  }
}

/** Whole words up to the quote. */
function dataEnd(text: DataView, at: number, out: Int32Array, to: number): number {
  let end = at;
  while (byteAt(text, end) !== QUOTE) {
    end += WORD_DIGITS;
    if (end >= text.byteLength) return -1;
  }
  out[to + LOG.data] = at;
  out[to + LOG.dataDigits] = end - at;
  return end;
}

/** Topics between `","0x`, as JSON without space writes them. */
function topicsEnd(text: DataView, at: number, out: Int32Array, to: number): number {
  let end = at;
  let n = 0;
  for (;;) {
    out[to + LOG.topic0 + n++] = end;
    end += WORD_DIGITS;
    if (byteAt(text, end) !== QUOTE) return -1;
    if (byteAt(text, end + 1) === CLOSE_LIST) break;
    end = n === MAX_TOPICS ? -1 : behind(text, end, BETWEEN_TOPICS);
    if (end < 0) return -1;
  }
  out[to + LOG.topics] = n;
  return end;
}

function decimalEnd(text: DataView, at: number, out: Int32Array, to: number): number {
  let value = 0;
  let end = at;
  for (;;) {
    const digit = byteAt(text, end) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    end++;
  }
  const digits = end - at;
  if (digits === 0 || digits > MAX_INT32_DIGITS || value > MAX_INT32) return -1;
  if (digits > 1 && text.getUint8(at) === ZERO) return -1;
  out[to] = value;
  return end;
}

function quantityEnd(text: DataView, at: number, out: Int32Array, to: number): number {
  let value = 0;
  let end = at;
  for (; end - at <= 8 && end < text.byteLength; end++) {
    const nibble = NIBBLES[text.getUint8(end)] as number;
    if (nibble > 15) break;
    value = value * 16 + nibble;
  }
  const digits = end - at;
  if (digits === 0 || digits > 8 || value > MAX_INT32 || (digits > 1 && text.getUint8(at) === ZERO)) return -1;
  out[to] = value;
  return end;
}

function skipSpace(text: DataView, at: number): number {
  let here = at;
  for (let byte = byteAt(text, here); byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d; ) {
    byte = byteAt(text, ++here);
  }
  return here;
}

function stringAt(text: DataView, from: number, to: number): string {
  const end = Math.min(to, text.byteLength);
  return end <= from ? '' : Buffer.from(text.buffer, text.byteOffset + from, end - from).toString('latin1');
}

function copyOf(text: DataView, from: number, to: number): DataView {
  return viewOf(Buffer.from(stringAt(text, from, to), 'latin1'));
}
