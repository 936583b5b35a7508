/** Hashes and addresses as functions of small numbers: transactions, orders, wallets. All fill and return `out`. */
import { GOLDEN, mix, scatter, word } from '../hash.js';

/** Eight words; 2 and 3 are bijections of block and transaction: no two are alike. */
export function transactionHashInto(seed: number, block: number, tx: number, out: Int32Array): Int32Array {
  const high = mix(block ^ mix(seed ^ 0x7478));
  const low = mix(tx ^ high);
  out[0] = word(seed ^ high, tx);
  out[1] = scatter((out[0] as number) ^ GOLDEN);
  out[2] = high;
  out[3] = low;
  for (let k = 4; k < 8; k++) out[k] = scatter(low ^ Math.imul(k + 1, GOLDEN));
  return out;
}

/** Eight words, told by the first two. */
export function orderHashInto(a: number, b: number, out: Int32Array): Int32Array {
  out[0] = a;
  out[1] = b;
  for (let k = 2; k < 8; k++) out[k] = scatter((a ^ Math.imul(k, GOLDEN)) + b);
  return out;
}

/** Five words; the first is a bijection of the wallet's number. */
export function walletInto(seed: number, wallet: number, out: Int32Array): Int32Array {
  const first = mix(wallet ^ mix(seed ^ 0x77616c));
  out[0] = first;
  for (let k = 1; k < 5; k++) out[k] = scatter(first + Math.imul(k, GOLDEN));
  return out;
}
