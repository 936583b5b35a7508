/**
 * Lower-case hex digits read where they stand, four or two at a time: the text is a DataView, whose loads need no alignment.
 * Positions are of digits, never of the `0x` before them, and lie within the text.
 */

/** Value of a lower-case hex digit, 16 for every other byte: one OR over all digits tells whether they were good. */
export const NIBBLES = new Uint8Array(256).fill(16);
for (let digit = 0; digit < 16; digit++) NIBBLES[digit.toString(16).charCodeAt(0)] = digit;

/** Value of two digits as they are loaded together, 256 where one of them is none. */
const BAD_PAIR = 256;
const PAIRS = new Uint16Array(1 << 16).fill(BAD_PAIR);
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, '0');
  PAIRS[digits.charCodeAt(0) | (digits.charCodeAt(1) << 8)] = byte;
}

/** "0000", in either order of bytes. */
const ZEROS = 0x3030_3030;

/** Digits of a word of the EVM, and of an address. */
export const WORD_DIGITS = 64;
export const ADDRESS_DIGITS = 40;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The digits of a hex text with 0x, as something to compare with. */
export function digitsOf(hex: string): DataView {
  return viewOf(Buffer.from(hex.slice(2), 'latin1'));
}

function pairAt(text: DataView, at: number): number {
  return PAIRS[text.getUint16(at, true)] as number;
}

/** The value of 8 digits, −1 where one of them is no lower-case hex digit. */
export function readUInt32(text: DataView, at: number): number {
  const a = pairAt(text, at);
  const b = pairAt(text, at + 2);
  const c = pairAt(text, at + 4);
  const d = pairAt(text, at + 6);
  if ((a | b | c | d) >= BAD_PAIR) return -1;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** `digits` is a multiple of 4. */
export function areZeros(text: DataView, at: number, digits: number): boolean {
  let seen = 0;
  for (let i = at, to = at + digits; i < to; i += 4) seen |= text.getInt32(i, true) ^ ZEROS;
  return seen === 0;
}

/** `digits` is even. */
export function isHex(text: DataView, at: number, digits: number): boolean {
  let seen = 0;
  for (let i = at, to = at + digits; i < to; i += 2) seen |= pairAt(text, i);
  return seen < BAD_PAIR;
}

/** `digits` is even. */
export function sameDigits(a: DataView, atA: number, b: DataView, atB: number, digits: number): boolean {
  let i = 0;
  for (; i + 4 <= digits; i += 4) if (a.getInt32(atA + i, true) !== b.getInt32(atB + i, true)) return false;
  return i === digits || a.getInt16(atA + i, true) === b.getInt16(atB + i, true);
}

/** `byteLength` bytes from the digits at `from`; false where they are not hex. */
export function writeBytes(out: Uint8Array, at: number, text: DataView, from: number, byteLength: number): boolean {
  let seen = 0;
  for (let i = 0; i < byteLength; i++) {
    const pair = pairAt(text, from + 2 * i);
    seen |= pair;
    out[at + i] = pair;
  }
  return seen < BAD_PAIR;
}

/** The 32 bytes of a word, the least significant first. */
export function writeWordReversed(out: Uint8Array, at: number, text: DataView, from: number): boolean {
  let seen = 0;
  for (let i = 0; i < 32; i++) {
    const pair = pairAt(text, from + 2 * i);
    seen |= pair;
    out[at + 31 - i] = pair;
  }
  return seen < BAD_PAIR;
}
