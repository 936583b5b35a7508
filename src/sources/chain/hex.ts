/** Lower-case hex digits read where they stand. Positions are of digits, never of the `0x` before them. */

/** Value of a lower-case hex digit, 16 for every other byte: one OR over all digits tells whether they were good. */
export const NIBBLES = new Uint8Array(256).fill(16);
for (let digit = 0; digit < 16; digit++) NIBBLES[digit.toString(16).charCodeAt(0)] = digit;

const ZERO = 0x30;

/** Digits of a word of the EVM, and of an address. */
export const WORD_DIGITS = 64;
export const ADDRESS_DIGITS = 40;

/** The value of 8 digits, −1 where one of them is no lower-case hex digit. */
export function readUInt32(bytes: Uint8Array, at: number): number {
  const a = NIBBLES[bytes[at] as number] as number;
  const b = NIBBLES[bytes[at + 1] as number] as number;
  const c = NIBBLES[bytes[at + 2] as number] as number;
  const d = NIBBLES[bytes[at + 3] as number] as number;
  const e = NIBBLES[bytes[at + 4] as number] as number;
  const f = NIBBLES[bytes[at + 5] as number] as number;
  const g = NIBBLES[bytes[at + 6] as number] as number;
  const h = NIBBLES[bytes[at + 7] as number] as number;
  if ((a | b | c | d | e | f | g | h) > 15) return -1;
  return ((a << 28) | (b << 24) | (c << 20) | (d << 16) | (e << 12) | (f << 8) | (g << 4) | h) >>> 0;
}

export function areZeros(bytes: Uint8Array, at: number, digits: number): boolean {
  let seen = 0;
  for (let i = at, to = at + digits; i < to; i++) seen |= (bytes[i] as number) ^ ZERO;
  return seen === 0;
}

export function isHex(bytes: Uint8Array, at: number, digits: number): boolean {
  let seen = 0;
  for (let i = at, to = at + digits; i < to; i++) seen |= NIBBLES[bytes[i] as number] as number;
  return seen < 16;
}

export function sameDigits(a: Uint8Array, atA: number, b: Uint8Array, atB: number, digits: number): boolean {
  for (let i = 0; i < digits; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

/** `byteLength` bytes from the digits at `from`; false where they are not hex. */
export function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array, from: number, byteLength: number): boolean {
  let seen = 0;
  for (let i = 0, char = from; i < byteLength; i++, char += 2) {
    const high = NIBBLES[bytes[char] as number] as number;
    const low = NIBBLES[bytes[char + 1] as number] as number;
    seen |= high | low;
    out[at + i] = (high << 4) | low;
  }
  return seen < 16;
}

/** The 32 bytes of a word, the least significant first. */
export function writeWordReversed(out: Uint8Array, at: number, bytes: Uint8Array, from: number): boolean {
  let seen = 0;
  for (let i = at + 31, char = from; i >= at; i--, char += 2) {
    const high = NIBBLES[bytes[char] as number] as number;
    const low = NIBBLES[bytes[char + 1] as number] as number;
    seen |= high | low;
    out[i] = (high << 4) | low;
  }
  return seen < 16;
}
