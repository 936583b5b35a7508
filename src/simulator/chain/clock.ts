/** Block numbers, times and hashes: 2 s a block, then 1.75, then 1.5; each block's parent is the one before it. */
import { GOLDEN, mix, scatter, word } from '../hash.js';

/** A pace holds from its block on. Anchored on 84,902,353 at 2026-03-31 02:39:03; see the tests for recorded blocks. */
const PACES = [
  { fromBlock: 0, secondsPerBlock: 2 },
  { fromBlock: 86_478_684, secondsPerBlock: 1.75 },
  { fromBlock: 87_861_250, secondsPerBlock: 1.5 },
] as const;
const ANCHOR_BLOCK = 84_902_353;
const ANCHOR_SECONDS = 1_774_924_743;

/** When each pace begins, unix seconds. */
const STARTS: number[] = [ANCHOR_SECONDS - ANCHOR_BLOCK * PACES[0].secondsPerBlock];
for (let i = 1; i < PACES.length; i++) {
  const before = PACES[i - 1] as (typeof PACES)[number];
  const blocks = (PACES[i] as (typeof PACES)[number]).fromBlock - before.fromBlock;
  STARTS.push((STARTS[i - 1] as number) + blocks * before.secondsPerBlock);
}

/** Unix seconds of a block. */
export function timeOfBlock(block: number): number {
  let i = PACES.length - 1;
  while (i > 0 && block < (PACES[i] as (typeof PACES)[number]).fromBlock) i--;
  const { fromBlock, secondsPerBlock } = PACES[i] as (typeof PACES)[number];
  return Math.floor((STARTS[i] as number) + (block - fromBlock) * secondsPerBlock);
}

/** The first block whose time is at or after `seconds`. */
export function blockAtTime(seconds: number): number {
  let low = 0;
  let high = 2 ** 31;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (timeOfBlock(middle) < seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Fills eight words with the hash of a block. The first two are bijections of its number: no two are alike. */
export function blockHashInto(seed: number, block: number, out: Int32Array): Int32Array {
  const a = mix(block ^ mix(seed ^ 0x626c6f63));
  out[0] = a;
  out[1] = mix(a ^ word(seed, 0x68617368));
  for (let k = 2; k < 8; k++) out[k] = scatter(a + Math.imul(k, GOLDEN) + seed);
  return out;
}
