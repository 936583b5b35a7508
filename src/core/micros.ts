/**
 * Exact decimals: the text of a number as whole micro-units, no float on the way. Venues give prices and volumes as decimal strings or
 * as JSON numbers; both are read by their digits.
 */

/** A JSON number or a plain decimal string; exponents as JSON writes them. */
const DECIMAL = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
const PLACES = 6;
export const MICROS_PER_UNIT = 1_000_000n;

/** "0.1649995" → 165000n (half up at the sixth place, by magnitude); null where the text is no number. */
export function microsOf(text: string): bigint | null {
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  // The point stands `places` digits from the right end of `digits`.
  const digits = whole + fraction;
  const places = fraction.length - Number(exponent);
  const micros = shift(digits, PLACES - places);
  return sign === '-' ? -micros : micros;
}

/** `digits` × 10^`by`, half up where digits are dropped. */
function shift(digits: string, by: number): bigint {
  if (by >= 0) return BigInt(digits + '0'.repeat(by));
  const kept = digits.length + by;
  if (kept < 0) return 0n;
  const up = (digits[kept] as string) >= '5' ? 1n : 0n;
  return BigInt(digits.slice(0, kept) || '0') + up;
}

/** 165000n → "0.165", as ClickHouse reads a Decimal. */
export function decimalText(micros: bigint): string {
  const digits = (micros < 0n ? -micros : micros).toString().padStart(PLACES + 1, '0');
  const fraction = digits.slice(-PLACES).replace(/0+$/, '');
  const text = digits.slice(0, -PLACES) + (fraction === '' ? '' : `.${fraction}`);
  return micros < 0n ? `-${text}` : text;
}
