/**
 * Where ids lie in their order, so that a list can be read in parallel: cut at bounds that hold equal parts, and
 * estimated as a whole from its first page. Right bounds make it fast, any bounds leave it complete: the outermost
 * ranges are open and neighbours share their bound.
 */
import { idBoundary, idPosition } from '../../core/id-space.js';

export interface KeySpace {
  /** The share (0 to 1) of all ids that sort before this one, if ids are spread as expected. */
  shareBefore(id: string): number;
  /** A string before which this share of all ids sorts, or null where there is none. */
  bound(share: number): string | null;
}

/** `0x` and hex digits of a hash. */
export const HEX_KEYS: KeySpace = {
  shareBefore: (id) => Number(idPosition(id) >> 11n) / 2 ** 53,
  bound: (share) => {
    const position = BigInt(Math.round(share * 2 ** 53)) << 11n;
    return position <= 0n || position >= 1n << 64n ? null : idBoundary(position);
  },
};

/** 2^256 in units of 10^78. */
const FRACTION = 0.1157920892373162;

/**
 * Uniform 256-bit numbers as decimal text. They sort as text, so numbers of 78 digits (which begin with 10 or 11) lie
 * among shorter ones: of those that begin with 1 there are 3 times as many as of any other digit.
 */
export const DECIMAL_KEYS: KeySpace = {
  shareBefore: (id) => decimalShare(leadingFraction(id)),
  bound: (share) => {
    if (share <= 0 || share >= 1) return null;
    let [low, high] = [0.1, 1];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (decimalShare(middle) < share) low = middle;
      else high = middle;
    }
    const digits = high.toFixed(12).slice(2).replace(/0+$/, '');
    return high >= 1 || digits === '' ? null : digits;
  },
};

/** "0.<digits>" of the leading digits: its order is that of the text. 0.1 at least, as no number begins with 0. */
function leadingFraction(id: string): number {
  const digits = /^[0-9]{1,15}/.exec(id)?.[0];
  if (digits === undefined) return id < '0' ? 0.1 : 1;
  return Math.max(0.1, Number(`0.${digits}`));
}

/** The share of all numbers below 2^256 whose text sorts before the given leading fraction. */
function decimalShare(fraction: number): number {
  let share = 0;
  for (let shorter = 0; shorter < 16; shorter++) {
    // Numbers of (78 - shorter) digits, in units of 10^78: from 0.1 to at most 1, scaled, and below 2^256.
    const scale = 10 ** -shorter;
    const below = Math.min(fraction * scale, FRACTION) - 0.1 * scale;
    if (below > 0) share += below;
  }
  return Math.min(1, share / FRACTION);
}
