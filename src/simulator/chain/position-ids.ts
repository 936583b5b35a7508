/**
 * Condition, collection and position ids of Gnosis' conditional tokens, and the structured ids of the third exchange.
 * Written from the contracts' rules, apart from the loader's own: a test of one against the other means something.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';

import { bytesOf, hexOf, wordsOfBigInt } from './words.js';

/** The field of the curve alt_bn128: y² = x³ + 3. */
const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

function keccakHex(...parts: readonly string[]): string {
  const bytes = parts.map(bytesOf);
  const joined = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of bytes) {
    joined.set(part, at);
    at += part.length;
  }
  return `0x${Buffer.from(keccak_256(joined)).toString('hex')}`;
}

function hex32(value: bigint): string {
  return hexOf(wordsOfBigInt(value));
}

/** keccak(oracle ‖ questionId ‖ outcome slots), all as hex with `0x`. */
export function conditionIdOf(oracle: string, questionId: string, outcomeSlots: number): string {
  return keccakHex(oracle, questionId, hex32(BigInt(outcomeSlots)));
}

/** A point of the curve for (condition, index set), packed in one number: x, and y's parity in bit 254. */
export function collectionIdOf(conditionId: string, indexSet: number): bigint {
  const hash = BigInt(keccakHex(conditionId, hex32(BigInt(indexSet))));
  const odd = hash >> 255n === 1n;
  let x = hash % P;
  for (;;) {
    x = (x + 1n) % P;
    const square = (((x * x) % P) * x + 3n) % P;
    const y = power(square, (P + 1n) / 4n);
    if ((y * y) % P !== square) continue;
    const chosen = (y % 2n === 1n) === odd ? y : P - y;
    return chosen % 2n === 1n ? x ^ (1n << 254n) : x;
  }
}

/** keccak(collateral ‖ collection): the ERC-1155 id. */
export function positionIdOf(collateral: string, collectionId: bigint): bigint {
  return BigInt(keccakHex(collateral, hex32(collectionId)));
}

/** The ids of both outcomes of a binary condition, in outcome order; about 0.6 ms. */
export function positionIdsOf(collateral: string, conditionId: string): readonly [bigint, bigint] {
  return [
    positionIdOf(collateral, collectionIdOf(conditionId, 1)),
    positionIdOf(collateral, collectionIdOf(conditionId, 2)),
  ];
}

/** An id of the third exchange: module 8 bits, base hash 128, arity 16, reserved 64, chain 16, condition 16, outcome 8. */
export function structuredIdOf(id: {
  readonly module: number;
  readonly baseHash: bigint;
  readonly arity: number;
  readonly resolutionChain: number;
  readonly conditionIndex: number;
  readonly outcome: number;
}): bigint {
  return (
    (BigInt(id.module) << 248n) |
    (id.baseHash << 120n) |
    (BigInt(id.arity) << 104n) |
    (BigInt(id.resolutionChain) << 24n) |
    (BigInt(id.conditionIndex) << 8n) |
    BigInt(id.outcome)
  );
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % P;
    if (bit === '1') result = (result * base) % P;
  }
  return result;
}
