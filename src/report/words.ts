import type { Figures, Finding } from '../core/finding.js';
import { formatCount, formatMicros } from './format.js';

/** The sentences of a check. */
export interface Words {
  readonly name: string;
  /** What was found, in one line. */
  readonly figure: (f: Figures, status: Finding['status']) => string;
  readonly offender?: (o: Figures) => string;
  /** What to do about it; not asked where the check passed. */
  readonly todo?: (f: Figures, status: Finding['status']) => string | undefined;
}

export const count = (figures: Figures, key: string): string => formatCount(BigInt(figures[key] ?? 0));
export const money = (figures: Figures, key: string): string => formatMicros(BigInt(figures[key] ?? 0));
export const number = (figures: Figures, key: string): number => Number(figures[key] ?? 0);
export const text = (figures: Figures, key: string): string => String(figures[key] ?? '');

/** `0.0093 %`: shares are shown so small that one row in a billion is not "0 %". */
export function share(figures: Figures, part: string, whole: string): string {
  const [a, b] = [Number(figures[part] ?? 0), Number(figures[whole] ?? 0)];
  if (a === 0 || b === 0) return '0 %';
  const percent = (a / b) * 100;
  return percent >= 0.01 ? `${percent.toFixed(2)} %` : `${percent.toPrecision(2)} %`;
}

/** Residuals by explanation stand in the figures as `transactions_<explanation>` and `micros_<explanation>`, most first. */
export function explanations(figures: Figures): string[] {
  return Object.keys(figures)
    .filter((key) => key.startsWith(TRANSACTIONS))
    .map((key) => key.slice(TRANSACTIONS.length));
}

const TRANSACTIONS = 'transactions_';

/** A transaction that does not balance, or a condition whose short tokens excuse too much. */
export function residual(o: Figures): string {
  if (o.excused !== undefined) {
    return `condition ${o.condition}: ${o.excused} transactions excused by ${o.missing} fills that the source lacks`;
  }
  const shares = text(o, 'shareMicros').split(' ');
  return (
    `${o.transaction} condition ${o.condition}: ${o.fills} fills, cash ${money(o, 'cashMicros')}, ` +
    `shares ${shares.map((micros) => formatMicros(BigInt(micros))).join(' / ')}`
  );
}
