/** Cheap deterministic 32-bit hashing: what the universe is made of, and what faults are drawn from. */

/** A bijection of the 32-bit integers that scatters them (murmur3's finalizer). */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Half as dear and half as good: for the tails of hashes, which only have to look random. */
export function scatter(value: number): number {
  const h = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return h ^ (h >>> 15);
}

export const GOLDEN = 0x9e3779b9 | 0;

/** The `index`-th word of the stream that `seed` names. */
export function word(seed: number, index: number): number {
  return mix(mix(seed + Math.imul(index, GOLDEN)) ^ seed);
}

/** A uniform number in [0, 1). */
export function unit(seed: number, index: number): number {
  return (word(seed, index) >>> 0) / 4294967296;
}

/** 32 bits of a text under a seed (FNV-1a, then scattered). */
export function hashText(seed: number, text: string): number {
  let h = mix(seed) ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

/** The share [0, 1) that (seed, text, salt) falls on: below a rate means *it happens*. */
export function draw(seed: number, text: string, salt: number): number {
  return (mix(hashText(seed, text) + Math.imul(salt + 1, GOLDEN)) >>> 0) / 4294967296;
}

const HEX4 = Array.from({ length: 65536 }, (_, i) => i.toString(16).padStart(4, '0'));

export function hex32(value: number): string {
  return (HEX4[value >>> 16] as string) + (HEX4[value & 0xffff] as string);
}

/** 64 hex digits that (seed, index) names, with `0x`. */
export function hex256(seed: number, index: number): string {
  const base = word(seed, index);
  let text = `0x${hex32(base)}`;
  for (let k = 1; k < 8; k++) text += hex32(word(base ^ Math.imul(index, GOLDEN), k));
  return text;
}
