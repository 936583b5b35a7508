import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decimalText, microsOf } from '../../src/core/micros.js';

it.each([
  ['0.5', 500_000n],
  ['5.0', 5_000_000n],
  ['5.', 5_000_000n],
  ['858688.4268150157', 858_688_426_815n],
  ['0.0000005', 1n],
  ['0.00000049999', 0n],
  ['0.9999995', 1_000_000n],
  ['96.50615200000001', 96_506_152n],
  ['1e-7', 0n],
  ['5E-7', 1n],
  ['1.5e+3', 1_500_000_000n],
  ['-0.25', -250_000n],
  ['123456789012345678901234.1', 123456789012345678901234100000n],
  ['0', 0n],
])('%s is %s micro-units, exactly', (text, micros) => {
  expect(microsOf(text)).toBe(micros);
});

it.each(['', ' ', '.5', '1,000', 'NaN', '0x10', '1e9999', '12a', '--1'])('%j is no number', (text) => {
  expect(microsOf(text)).toBeNull();
});

it('six places go through unchanged, and further ones round half up', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.stringMatching(/^\d{0,12}$/), (micros, rest) => {
      expect(microsOf(decimalText(micros))).toBe(micros);
      const whole = micros / 1_000_000n;
      const six = (micros % 1_000_000n).toString().padStart(6, '0');
      const up = /^[5-9]/.test(rest) ? 1n : 0n;
      expect(microsOf(`${whole}.${six}${rest}`)).toBe(micros + up);
    }),
  );
});
