/**
 * The space of ids that begin with a hash, which is uniform: an id's place among all ids is read off its first 16 hex digits, a
 * number in [0, 2^64]. Any string has a place (those below "0x…" at 0, those above at 2^64).
 */
export const ID_SPACE = 1n << 64n;
const PREFIX_DIGITS = 16;

/** The place of an id, 0 to 2^64. Monotone: a < b bytewise gives idPosition(a) <= idPosition(b). */
export function idPosition(id: string): bigint {
  if (!id.startsWith('0x')) return id < '0x' ? 0n : ID_SPACE;
  let position = 0n;
  for (let i = 0; i < PREFIX_DIGITS; i++) {
    const code = i + 2 < id.length ? id.charCodeAt(i + 2) : 0;
    if (code >= 48 && code <= 57) position = (position << 4n) | BigInt(code - 48);
    else if (code >= 97 && code <= 102) position = (position << 4n) | BigInt(code - 87);
    else {
      // No hex digit: it sorts before '0', between '9' and 'a', or after 'f'. Its place is that of the next digit.
      const digit = code < 48 ? 0n : code < 97 ? 10n : 16n;
      return ((position << 4n) + digit) << BigInt(4 * (PREFIX_DIGITS - 1 - i));
    }
  }
  return position;
}

/** The shortest prefix at a place, 0 < place < 2^64: 2^62 → "0x4". */
export function idBoundary(position: bigint): string {
  if (position <= 0n || position >= ID_SPACE) throw new RangeError(`no boundary at ${position}`);
  return `0x${position.toString(16).padStart(PREFIX_DIGITS, '0').replace(/0+$/, '')}`;
}
