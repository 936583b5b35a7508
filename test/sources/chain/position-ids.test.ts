import { existsSync, readFileSync } from 'node:fs';
import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  collateralOf,
  collectionIdOf,
  conditionIdOf,
  NEG_RISK_ADAPTER,
  parseV3Position,
  positionIdsOf,
  USDC_E,
  WRAPPED_COLLATERAL,
} from '../../../src/sources/chain/position-ids.js';
import { jacobi } from '../../../src/sources/chain/quadratic-residue.js';

const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

describe('Jacobi’s symbol', () => {
  test('equals Euler’s criterion for the field’s prime', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: P - 1n }), (a) => {
        const euler = power(a, (P - 1n) / 2n);
        expect(jacobi(a, P)).toBe(euler === P - 1n ? -1 : Number(euler));
      }),
      { numRuns: 200 },
    );
    for (const a of [0n, 1n, 2n, 3n, 4n, P - 1n, P - 2n, 1n << 253n, 1n << 30n, 1n << 60n]) {
      const euler = power(a, (P - 1n) / 2n);
      expect(jacobi(a, P), `${a}`).toBe(euler === P - 1n ? -1 : Number(euler));
    }
  });

  test('is the product over small primes, 0 where there is a common divisor', () => {
    const legendre = (a: number, prime: number) => {
      if (a % prime === 0) return 0;
      for (let x = 1; x < prime; x++) if ((x * x) % prime === a % prime) return 1;
      return -1;
    };
    for (let a = 0; a < 120; a++) {
      expect(jacobi(BigInt(a), 15n) + 0).toBe(legendre(a, 3) * legendre(a, 5) + 0);
      expect(jacobi(BigInt(a), 7n * 7n) + 0).toBe(legendre(a, 7) ** 2);
    }
  });
});

/** As the contract does it: with the root, and its parity. */
function collectionByRoot(conditionId: string, indexSet: number): bigint {
  const preimage = Buffer.from(`${conditionId.slice(2)}${indexSet.toString(16).padStart(64, '0')}`, 'hex');
  let x = BigInt(`0x${Buffer.from(keccak_256(preimage)).toString('hex')}`);
  const odd = x >> 255n;
  for (;;) {
    x = (x + 1n) % P;
    const square = (x ** 3n + 3n) % P;
    let y = power(square, (P + 1n) / 4n);
    if ((y * y) % P !== square) continue;
    if (y % 2n !== odd) y = P - y;
    return y % 2n === 1n ? x ^ (1n << 254n) : x;
  }
}

test('a collection is the one that the contract computes with its root', () => {
  for (let n = 1; n < 40; n++) {
    const conditionId = `0x${n.toString(16).padStart(64, '0')}`;
    for (const indexSet of [1, 2]) {
      expect(collectionIdOf(conditionId, indexSet)).toBe(collectionByRoot(conditionId, indexSet));
    }
  }
});

const RECORDED = new URL('../../../../shared/data/gamma_markets.ndjson', import.meta.url);

test.skipIf(!existsSync(RECORDED))(
  'the tokens of 500 real markets follow from their conditions, in outcome order',
  () => {
    const markets = readFileSync(RECORDED, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { conditionId: string; clobTokenIds: string });
    const found = { plain: 0, negRisk: 0 };
    for (const { conditionId, clobTokenIds } of markets) {
      const tokens = (JSON.parse(clobTokenIds) as string[]).map(BigInt);
      if (String(positionIdsOf(conditionId, WRAPPED_COLLATERAL)) === String(tokens)) found.negRisk++;
      else if (String(positionIdsOf(conditionId, USDC_E)) === String(tokens)) found.plain++;
    }
    expect(found).toEqual({ plain: 37, negRisk: 463 });
  },
);

test('a condition is known by its oracle, question and number of outcomes', () => {
  // The indexed fields of a recorded ConditionResolution.
  const oracle = '0x65070be91477460d8a7aeeb94ef92fe056c2f2a7';
  const questionId = '0xb7576115f85ca1f02c40bd07ae7373640423e87fcffd4c2a8986af23f2a01438';
  expect(conditionIdOf(oracle, questionId, 2)).toBe(
    '0xda4bfca4a2f26cce689ac3e2b89cc60a17fb0b994ee79f61ec8beb65f6886236',
  );
  expect(collateralOf(oracle)).toBe(USDC_E);
  expect(collateralOf(NEG_RISK_ADAPTER)).toBe(WRAPPED_COLLATERAL);
  expect(() => conditionIdOf(oracle, '0x12', 2)).toThrow('"0x12" is not 32 bytes in hex');
});

test('V3’s ids say their module, condition, outcome and complement', () => {
  const condition = 0x02a1b2c3d4e5f60718293a4b5c6d7e8f900002000000000000000000070003n << 8n;
  expect(parseV3Position(condition | 1n)).toEqual({
    module: 2,
    conditionId: '0x02a1b2c3d4e5f60718293a4b5c6d7e8f90000200000000000000000007000300',
    outcome: 1,
    complement: condition,
  });
  expect(parseV3Position(condition)?.complement).toBe(condition | 1n);
  const without = condition & ((1n << 248n) - 1n);
  for (const module of [0n, 4n, 255n]) expect(parseV3Position(without | (module << 248n))).toBeNull();
  for (const bit of [40n, 70n, 103n]) expect(parseV3Position(condition | (1n << bit))).toBeNull();
  for (const bit of [39n, 104n]) expect(parseV3Position(condition ^ (1n << bit))).not.toBeNull();
  expect(parseV3Position(condition | 2n)).toBeNull();
});
