/** Rare traits of rows, so drawn that even the smallest universe has each of them. */
import { unit, word } from '../hash.js';

/** True for `rate` of all indexes, and for one fixed index of the first hundred whatever the seed. */
export function flagged(seed: number, trait: number, index: number, rate: number): boolean {
  return index === (trait * 7 + 3) % 97 || unit(word(seed, 0x666c6167 + trait), index) < rate;
}
