import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeUInt256,
  writeHex,
  writeMicros,
  writePrefixedHex,
  writeSeconds,
} from '../../src/clickhouse/row-binary.js';
import { FILL_BYTES, FillBatch, TokenCache } from '../../src/datasets/fills/fill-batch.js';
import { encodeFill } from '../../src/datasets/fills/fill-encoder.js';
import type { FillSource as FillRow } from '../../src/datasets/fills/subgraph/fill-texts.js';

/** Little-endian, by BigInt: the slow and obvious way. */
function littleEndian(value: bigint, byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  for (let i = 0; i < byteLength; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return bytes;
}

/** What a writer makes of a text that stands between others. */
function written(
  text: string,
  write: (out: Uint8Array, bytes: Uint8Array, from: number, to: number) => boolean,
  byteLength: number,
): Uint8Array | 'refused' {
  const out = new Uint8Array(byteLength + 4).fill(0xee);
  const bytes = Buffer.from(`7a${text}f0`);
  if (!write(out.subarray(2), bytes, 2, bytes.length - 2)) return 'refused';
  // Nothing beside the value is touched.
  expect([...out.subarray(0, 2), ...out.subarray(byteLength + 2)]).toEqual([0xee, 0xee, 0xee, 0xee]);
  return out.slice(2, 2 + byteLength);
}

const NOT_NUMBERS = ['', '-1', '+1', '1.0', '1e3', ' 1', '1 ', '0x1', '01', '00', '١', 'NaN', '1_0', '1\u0000', 'Ⅷ'];

describe('amounts in micro-units', () => {
  const micros = (text: string) => written(text, (out, bytes, from, to) => writeMicros(out, 0, bytes, from, to), 8);

  test('any integer from 0 to 10^18−1 is written as a little-endian Int64', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), (value) => {
        expect(micros(value.toString())).toEqual(littleEndian(value, 8));
      }),
    );
  });

  test('at the edges', () => {
    for (const text of [
      '0',
      '1',
      '4294967295',
      '4294967296',
      '999999999999999',
      '1000000000000000',
      `${10n ** 18n - 1n}`,
    ]) {
      expect(micros(text)).toEqual(littleEndian(BigInt(text), 8));
    }
  });

  test('beyond them, and what is no canonical integer, is refused', () => {
    for (const text of [
      ...NOT_NUMBERS,
      `${10n ** 18n}`,
      `${2n ** 63n}`,
      `${2n ** 64n}`,
      '9'.repeat(19),
      '9'.repeat(400),
    ]) {
      expect(micros(text), text).toBe('refused');
    }
    for (const text of ['00000000000000001', '123456789012345x', '-12345678901234567'])
      expect(micros(text)).toBe('refused');
  });
});

describe('seconds', () => {
  const seconds = (text: string) => written(text, (out, bytes, from, to) => writeSeconds(out, 0, bytes, from, to), 4);

  test('from 1970 to 2106', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
        expect(seconds(value.toString())).toEqual(littleEndian(BigInt(value), 4));
      }),
    );
    expect(seconds('4294967295')).toEqual(littleEndian(4294967295n, 4));
  });

  test('beyond it is refused', () => {
    for (const text of [...NOT_NUMBERS, '4294967296', '9999999999', '10000000000'])
      expect(seconds(text), text).toBe('refused');
  });
});

describe('UInt256', () => {
  test('any value below 2^256 is 32 little-endian bytes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        expect(encodeUInt256(value.toString())).toEqual(littleEndian(value, 32));
      }),
    );
    for (const value of [0n, 2n ** 64n, 2n ** 256n - 1n]) {
      expect(encodeUInt256(value.toString())).toEqual(littleEndian(value, 32));
    }
  });

  test('2^256 and what is no canonical integer is refused', () => {
    for (const text of [...NOT_NUMBERS, `${2n ** 256n}`, '9'.repeat(78), '1'.repeat(79)]) {
      expect(encodeUInt256(text), text).toBeUndefined();
    }
  });

  test('the cache answers as the conversion does, also when it overflows', () => {
    const cache = new TokenCache(3);
    const tokens = ['1', '2', '2', '3', '4', '5', '1', 'x', '4'];
    for (const token of tokens) expect(cache.encode(token)).toEqual(encodeUInt256(token));
  });
});

describe('hex', () => {
  const prefixed = (text: string, length: number) =>
    written(text, (out, bytes, from, to) => writePrefixedHex(out, 0, bytes, from, to, length), length);

  test('any bytes in lower case', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        expect(prefixed(`0x${Buffer.from(bytes).toString('hex')}`, 20)).toEqual(bytes);
      }),
    );
  });

  test('upper case, a missing prefix, another length or a foreign character is refused', () => {
    const good = '0123456789abcdef0123456789abcdef01234567';
    expect(prefixed(`0x${good}`, 20)).not.toBe('refused');
    for (const text of [good, `0X${good}`, `0x${good.toUpperCase()}`, `0x${good}0`, `0x${good.slice(1)}`, '', '0x']) {
      expect(prefixed(text, 20), text).toBe('refused');
    }
    // One bad character anywhere. U+0130 has the low byte of '0': a table by low byte would take it.
    fc.assert(
      fc.property(
        fc.nat(39),
        fc.constantFrom('g', 'A', 'F', ' ', '/', ':', '`', 'İ', '\u0161', '\0', '\ud800'),
        (at, bad) => {
          expect(prefixed(`0x${good.slice(0, at)}${bad}${good.slice(at + 1)}`, 20)).toBe('refused');
        },
      ),
    );
    expect(writeHex(new Uint8Array(4), 0, Buffer.from('abcdef'), 0, 4)).toBe(false);
  });
});

const hash = (digit: string): string => digit.repeat(64);
const GOOD: FillRow = {
  id: `0x${hash('a')}_0x${hash('b')}`,
  timestamp: '1700000000',
  maker: `0x${'1'.repeat(40)}`,
  taker: `0x${'2'.repeat(40)}`,
  makerAssetId: '0',
  takerAssetId: '77',
  makerAmountFilled: '25000000',
  takerAmountFilled: '50000000',
  fee: '7',
};

/** Reads a row back, byte by byte: token, side, shares, usdc, fee. */
function decode(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    token: view.getBigUint64(108, true),
    side: view.getInt8(140),
    shares: view.getBigInt64(141, true),
    usdc: view.getBigInt64(149, true),
    fee: view.getBigInt64(157, true),
  };
}

describe('a fill', () => {
  function encode(over: Partial<FillRow>): ReturnType<typeof decode> | string {
    const batch = new FillBatch(1);
    const reason = encodeFill({ ...GOOD, ...over }, batch);
    if (reason !== null) {
      expect(batch.rows).toBe(0);
      return reason;
    }
    const bytes = batch.take();
    expect(bytes.length).toBe(FILL_BYTES);
    return decode(bytes);
  }

  test('makerAssetId 0 is a BUY: the token and shares are the taker side, the cash the maker side', () => {
    expect(encode({})).toEqual({ token: 77n, side: 1, shares: 50000000n, usdc: 25000000n, fee: 7n });
  });

  test('otherwise it is a SELL: the token and shares are the maker side, the cash the taker side', () => {
    expect(encode({ makerAssetId: '77', takerAssetId: '0' })).toEqual({
      token: 77n,
      side: 2,
      shares: 25000000n,
      usdc: 50000000n,
      fee: 7n,
    });
  });

  test('no value is invented: what cannot be decoded is refused by the name of its field', () => {
    const cases: [string, Partial<FillRow>][] = [
      ['id', { id: '' }],
      ['id', { id: GOOD.id.toUpperCase() }],
      ['id', { id: `${GOOD.id}0` }],
      ['id', { id: GOOD.id.replace('_', '-') }],
      ['id', { id: `0x${hash('a')}_1x${hash('b')}` }],
      ['id', { id: `0x${hash('a')}_0x${hash('B')}` }],
      ['timestamp', { timestamp: '4294967296' }],
      ['timestamp', { timestamp: '-1' }],
      ['maker', { maker: '0x' }],
      ['maker', { maker: GOOD.maker.replace('1', 'A') }],
      ['taker', { taker: 'null' }],
      ['asset_both_zero', { takerAssetId: '0' }],
      ['asset_neither_zero', { makerAssetId: '78' }],
      ['token', { takerAssetId: (2n ** 256n).toString() }],
      ['token', { takerAssetId: '00' }],
      ['token', { takerAssetId: '' }],
      ['shares', { takerAmountFilled: (10n ** 18n).toString() }],
      ['usdc', { makerAmountFilled: '-5' }],
      ['usdc', { makerAmountFilled: '0.5' }],
      ['fee', { fee: '1e5' }],
    ];
    for (const [reason, over] of cases) expect(encode(over), JSON.stringify(over)).toBe(reason);
  });

  test('a refused row leaves the batch as it was', () => {
    const batch = new FillBatch(2);
    const clean = new FillBatch(2);
    for (const target of [batch, clean]) encodeFill(GOOD, target);
    encodeFill({ ...GOOD, timestamp: '5', fee: 'x' }, batch);
    for (const target of [batch, clean]) encodeFill({ ...GOOD, fee: '8' }, target);
    expect(batch.rows).toBe(2);
    expect(batch.take()).toEqual(clean.take());
  });

  test('a batch that was handed out is never written again, and an empty one begins anew', () => {
    const batch = new FillBatch(2);
    encodeFill(GOOD, batch);
    const first = batch.take();
    const copy = Uint8Array.from(first);
    for (let i = 0; i < 10; i++) encodeFill({ ...GOOD, fee: '9' }, batch);
    expect(Uint8Array.from(first)).toEqual(copy);
    expect(batch.rows).toBe(10);
    const second = batch.take();
    expect(second.length).toBe(10 * FILL_BYTES);
    expect(decode(second.subarray(9 * FILL_BYTES)).fee).toBe(9n);
    expect(batch.rows).toBe(0);
    expect(batch.take().length).toBe(0);
  });
});
