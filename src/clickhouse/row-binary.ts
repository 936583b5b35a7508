/**
 * The bytes of ClickHouse's RowBinary, written straight from the bytes of the source's strings, which stand from `from` up to
 * `to`. Every writer checks what it converts and returns false for text that is not canonical; what it has written by then
 * is overwritten by the next row.
 */

/** Value of a lower-case hex digit, 16 for every other byte: one OR over all digits tells whether they were good. */
const NIBBLES = new Uint8Array(256).fill(16);
for (let digit = 0; digit < 16; digit++) NIBBLES[digit.toString(16).charCodeAt(0)] = digit;

const ZERO = 0x30;
const X = 0x78;

/** `byteLength` bytes from the lower-case hex digits at `from`. */
export function writeHex(out: Uint8Array, at: number, text: Uint8Array, from: number, byteLength: number): boolean {
  if (text.length < from + 2 * byteLength) return false;
  let seen = 0;
  for (let i = 0, char = from; i < byteLength; i++, char += 2) {
    const high = NIBBLES[text[char] as number] as number;
    const low = NIBBLES[text[char + 1] as number] as number;
    seen |= high | low;
    out[at + i] = (high << 4) | low;
  }
  return seen < 16;
}

/** `0x` and exactly 2 × `byteLength` lower-case hex digits. */
export function writePrefixedHex(
  out: Uint8Array,
  at: number,
  text: Uint8Array,
  from: number,
  to: number,
  byteLength: number,
): boolean {
  return (
    to - from === 2 + 2 * byteLength &&
    text[from] === ZERO &&
    text[from + 1] === X &&
    writeHex(out, at, text, from + 2, byteLength)
  );
}

/** Micro-units below 10^18: a Decimal(18, 6) whose sums cannot surprise a later query. Little-endian Int64. */
export function writeMicros(out: Uint8Array, at: number, text: Uint8Array, from: number, to: number): boolean {
  if (to - from > 15) return to - from <= 18 && writeWideMicros(out, at, text, from, to);
  const value = parseDigits(text, from, to);
  if (value < 0) return false;
  writeUInt32(out, at, value >>> 0);
  writeUInt32(out, at + 4, (value / 0x1_0000_0000) >>> 0);
  return true;
}

function writeWideMicros(out: Uint8Array, at: number, text: Uint8Array, from: number, to: number): boolean {
  const high = parseDigits(text, from, to - 9);
  if (high <= 0) return false;
  let low = 0;
  for (let i = to - 9; i < to; i++) {
    const digit = (text[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    low = low * 10 + digit;
  }
  const value = BigInt(high) * 1_000_000_000n + BigInt(low);
  writeUInt32(out, at, Number(value & 0xffff_ffffn));
  writeUInt32(out, at + 4, Number(value >> 32n));
  return true;
}

/** A DateTime: seconds from 1970 to 2106-02-07T06:28:15Z. */
export function writeSeconds(out: Uint8Array, at: number, text: Uint8Array, from: number, to: number): boolean {
  if (to - from > 10) return false;
  const value = parseDigits(text, from, to);
  if (value < 0 || value > 0xffff_ffff) return false;
  writeUInt32(out, at, value);
  return true;
}

const UINT256_END = 1n << 256n;

/** The 32 little-endian bytes of a canonical decimal below 2^256, or undefined. */
export function encodeUInt256(text: string): Uint8Array | undefined {
  if (text.length > 78 || !isCanonicalDecimal(text)) return undefined;
  let value = BigInt(text);
  if (value >= UINT256_END) return undefined;
  const bytes = new Uint8Array(32);
  for (let at = 0; at < 32; at += 4) {
    writeUInt32(bytes, at, Number(value & 0xffff_ffffn));
    value >>= 32n;
  }
  return bytes;
}

/** Digits only, without a leading zero. */
export function isCanonicalDecimal(text: string): boolean {
  const { length } = text;
  if (length === 0 || (length > 1 && text.charCodeAt(0) === 0x30)) return false;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}

/** The value of at most 15 canonical digits, exact in a double; −1 for anything else. */
function parseDigits(text: Uint8Array, from: number, to: number): number {
  if (to <= from || (to - from > 1 && text[from] === ZERO)) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (text[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

export function writeUInt32(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}
