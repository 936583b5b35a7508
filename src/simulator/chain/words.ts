/** Hashes, addresses and numbers as 32-bit words, most significant first: what logs are written from. */

import { hex32 } from '../hash.js';

/** Words of a hex text, padded on the left with zeros to `count`. */
export function wordsOf(hex: string, count = 8): Int32Array {
  const digits = hex.replace(/^0x/, '').padStart(count * 8, '0');
  if (digits.length > count * 8) throw new Error(`${hex} does not fit in ${count} words`);
  return Int32Array.from({ length: count }, (_, i) => Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16) | 0);
}

export function wordsOfBigInt(value: bigint): Int32Array {
  return wordsOf(value.toString(16));
}

export function hexOf(words: ArrayLike<number>, from = 0, count = words.length): string {
  let text = '0x';
  for (let i = from; i < from + count; i++) text += hex32(words[i] as number);
  return text;
}

export function bigIntOf(words: ArrayLike<number>, from = 0, count = 8): bigint {
  return BigInt(hexOf(words, from, count));
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/^0x/, ''), 'hex'));
}
