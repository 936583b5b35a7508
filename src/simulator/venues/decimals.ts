/** Numbers as the venues write them. Inside, money and prices are whole micro-units, so that the truth is known without parsing. */
import { unit } from '../hash.js';

/** `0.1200`: micro-units with exactly `places` decimals (up to 6). */
export function fixed(micros: number, places: number): string {
  const sign = micros < 0 ? '-' : '';
  const abs = Math.abs(micros);
  const whole = Math.floor(abs / 1e6);
  const fraction = String(abs - whole * 1e6).padStart(6, '0');
  return `${sign}${whole}${places > 0 ? `.${fraction.slice(0, places)}` : ''}`;
}

/** `0.5`, `12`: no more decimals than it needs. */
export function plain(micros: number): string {
  const text = fixed(micros, 6);
  return text.replace(/\.?0+$/, '');
}

/** A binary float as sums leave it: noise behind the sixth decimal. `micros` is the value rounded half up there. */
export interface NoisyFloat {
  readonly value: number;
  readonly micros: number;
}

/**
 * Adds noise of up to half a micro-unit, upward or downward. It keeps clear of the halves, so that the nearest double still
 * rounds to `micros` (amounts stay below 10^8 dollars, where a double resolves a hundredth of a micro-unit).
 */
export function noisyFloat(micros: number, seed: number, index: number): NoisyFloat {
  const draw = unit(seed, index);
  if (draw < 0.3 || micros === 0) return { value: micros / 1e6, micros };
  const noise = (draw - 0.65) * 0.8;
  const fraction = String(Math.round((noise + (noise < 0 ? 1 : 0)) * 1e4)).padStart(4, '0');
  const base = noise < 0 ? micros - 1 : micros;
  return { value: Number(`${fixed(base, 6)}${fraction}`), micros };
}

/** A decimal string of 18 places; the noise behind the sixth may round it up by one micro-unit (half up). */
export function wei(micros: number, seed: number, index: number): { readonly text: string; readonly micros: number } {
  if (micros === 0) return { text: '0.000000000000000000', micros };
  const tail = Math.floor(unit(seed, index) * 1e6);
  const rest = `${String(tail).padStart(6, '0')}${String(Math.floor(unit(seed, index + 1) * 1e4)).padStart(4, '0')}00`;
  return { text: `${fixed(micros, 6)}${rest}`, micros: micros + (tail >= 500_000 ? 1 : 0) };
}
