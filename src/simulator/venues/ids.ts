/** Identifiers that look random and still say which row they belong to: no table of ids is kept. */
import { hex32, mix, word } from '../hash.js';

/** Undoes `mix` (murmur3's finalizer with its multipliers' inverses). */
export function unmix(value: number): number {
  let h = value | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x7ed1b41d);
  h ^= (h >>> 13) ^ (h >>> 26);
  h = Math.imul(h, 0xa5cb9243);
  return h ^ (h >>> 16);
}

/** Hex digits (a multiple of 8) whose first 8 carry the index; `name` tells kinds of ids apart. */
export function hexId(seed: number, name: number, index: number, digits: number): string {
  const key = word(seed, name);
  let text = hex32(mix(index ^ key));
  for (let k = 1; text.length < digits; k++) text += hex32(word(word(key, index), k));
  return text.slice(0, digits);
}

/** The index that `hexId` put into an id of this kind; undefined when it is none of ours. */
export function indexOfHex(seed: number, name: number, hex: string): number | undefined {
  if (!/^[0-9a-f]{8,}$/.test(hex)) return undefined;
  const index = (unmix(Number.parseInt(hex.slice(0, 8), 16)) ^ word(seed, name)) >>> 0;
  return hexId(seed, name, index, hex.length) === hex ? index : undefined;
}

/** An ERC-1155 id: a 256-bit number in decimal. */
export function tokenId(seed: number, name: number, index: number): string {
  return BigInt(`0x${hexId(seed, name, index, 64)}`).toString();
}

export function indexOfToken(seed: number, name: number, token: string): number | undefined {
  if (!/^[1-9][0-9]{0,77}$/.test(token)) return undefined;
  const hex = BigInt(token).toString(16);
  return hex.length > 64 ? undefined : indexOfHex(seed, name, hex.padStart(64, '0'));
}

export function uuid(seed: number, name: number, index: number): string {
  const hex = hexId(seed, name, index, 32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function indexOfUuid(seed: number, name: number, text: string): number | undefined {
  return indexOfHex(seed, name, text.replaceAll('-', ''));
}

/** A 20-byte address. */
export function address(seed: number, name: number, index: number): string {
  return `0x${hexId(seed, name, index, 40)}`;
}

/** A bijection of [0, size): scatters an order without a table. */
export class Shuffle {
  readonly #step: number;
  readonly #offset: number;

  constructor(
    seed: number,
    readonly size: number,
  ) {
    let step = Math.max(1, Math.floor(size * 0.6180339887) | 1);
    while (gcd(step, size) !== 1) step++;
    this.#step = step;
    this.#offset = size > 0 ? (word(seed, 0x73687566) >>> 0) % size : 0;
  }

  at(index: number): number {
    // Sizes stay far below 2^26, so the product is an exact double.
    return (index * this.#step + this.#offset) % this.size;
  }
}

function gcd(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
