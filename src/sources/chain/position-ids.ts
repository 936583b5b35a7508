/**
 * What ties an outcome token to its condition, computed as the contracts compute it: Gnosis' conditional tokens (V1 and V2),
 * whose ids are hashes, and V3's structured ids. All ids are lower-case hex with 0x, or numbers below 2^256.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { jacobi } from './quadratic-residue.js';

/** What the exchanges' positions are backed by: USDC.e in plain markets, wrapped collateral in neg-risk ones, in every era. */
export const USDC_E = '0x2791bca1f2de4661ed88a30c99a7a9449aa84174';
export const WRAPPED_COLLATERAL = '0x3a3bd7bb9528e159577f7c2e685cc81a765002e2';
/** Conditions of this oracle are neg-risk. */
export const NEG_RISK_ADAPTER = '0xd91e80cf2e7be2e162c6513ced06f1dd0da35296';

/** The field of alt_bn128, whose curve y² = x³ + 3 collection ids are points of. p ≡ 3 mod 4. */
const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const BIT_255 = 1n << 255n;
const BIT_254 = 1n << 254n;

/** keccak(oracle 20 bytes ‖ question id 32 ‖ number of outcomes 32). */
export function conditionIdOf(oracle: string, questionId: string, outcomeSlots: number): string {
  return hexOf(keccak_256(concat(concat(bytesOf(oracle, 20), bytesOf(questionId, 32)), uint256(BigInt(outcomeSlots)))));
}

/** The collateral that positions of a condition with this oracle are backed by. */
export function collateralOf(oracle: string): string {
  return oracle.toLowerCase() === NEG_RISK_ADAPTER ? WRAPPED_COLLATERAL : USDC_E;
}

/** The tokens of a condition with two outcomes, in outcome order. */
export function positionIdsOf(conditionId: string, collateral: string): readonly [bigint, bigint] {
  return [
    positionIdOf(collateral, collectionIdOf(conditionId, 1)),
    positionIdOf(collateral, collectionIdOf(conditionId, 2)),
  ];
}

/** keccak(collateral 20 bytes ‖ collection id 32). */
export function positionIdOf(collateral: string, collectionId: bigint): bigint {
  return numberOf(keccak_256(concat(bytesOf(collateral, 20), uint256(collectionId))));
}

/**
 * The collection of some outcomes (a bit mask: 1 the first, 2 the second) of a condition, without a parent: the first x behind
 * the hash for which x³ + 3 is a square, with bit 254 turned where y is odd. The contract takes that root y whose parity is the
 * hash's highest bit, so that y itself is never needed: whether there is a root, Jacobi's symbol tells at a tenth of the cost.
 */
export function collectionIdOf(conditionId: string, indexSet: number): bigint {
  const hash = numberOf(keccak_256(concat(bytesOf(conditionId, 32), uint256(BigInt(indexSet)))));
  let x = hash % P;
  do x = x === P - 1n ? 0n : x + 1n;
  while (jacobi(((((x * x) % P) * x) % P) + 3n, P) < 0);
  return hash >= BIT_255 ? x ^ BIT_254 : x;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** The bytes of a hex text with 0x. Throws RangeError for another length or what is not hex. */
function bytesOf(hex: string, length: number): Uint8Array {
  const bytes = Buffer.from(hex.slice(2), 'hex');
  if (bytes.length !== length || hex.length !== 2 + 2 * length || !hex.startsWith('0x')) {
    throw new RangeError(`"${hex.slice(0, 80)}" is not ${length} bytes in hex`);
  }
  return bytes;
}

function uint256(value: bigint): Uint8Array {
  return bytesOf(hexOfNumber(value), 32);
}

function hexOfNumber(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(hexOf(bytes));
}

function hexOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

/** What a V3 id says of itself. */
export interface V3Position {
  /** 1 binary, 2 neg risk, 3 combo. */
  readonly module: number;
  /** The id's first 31 bytes and a zero byte: what `condition_id` holds. */
  readonly conditionId: string;
  /** 0 yes, 1 no. */
  readonly outcome: number;
  /** The other outcome of the condition. */
  readonly complement: bigint;
}

const RESERVED_BITS = ((1n << 64n) - 1n) << 40n;

/** Null where the id is none of V3's known modules: such an id is a hash, or of a module that came later. */
export function parseV3Position(token: bigint): V3Position | null {
  const module = Number(token >> 248n);
  const outcome = Number(token & 0xffn);
  if (module < 1 || module > 3 || (token & RESERVED_BITS) !== 0n || outcome > 1) return null;
  return { module, conditionId: hexOfNumber(token - BigInt(outcome)), outcome, complement: token ^ 1n };
}
