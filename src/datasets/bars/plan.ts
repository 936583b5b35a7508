/**
 * Which requests bring the bars: as few as there can be. A request reads at most 50,000 base bars (seconds, minutes or days), so a
 * range is cut into windows that hold no more and are asked for side by side; day bars come for all symbols of a day at once, where
 * there are fewer days than symbols.
 */
import { addDays, weekdays } from '../../core/eastern.js';
import type { Timespan } from './timespan.js';

export interface BarsAsked {
  readonly symbols: readonly string[];
  /** Eastern days, both included. */
  readonly from: string;
  readonly to: string;
  readonly timespans: readonly Timespan[];
}

export type BarsRequest =
  | {
      readonly kind: 'range';
      readonly symbol: string;
      readonly timespan: Timespan;
      readonly from: string;
      readonly to: string;
    }
  /** Day bars of every symbol. */
  | { readonly kind: 'grouped'; readonly day: string };

export const MAX_BASE_BARS = 50_000;
/** Base bars of a day at most: the extended session has 16 hours. What is counted are base bars, not bars. */
const BASE_BARS_A_DAY: Readonly<Record<Timespan, number>> = {
  second: 57_600,
  minute: 960,
  hour: 960,
  day: 1,
  week: 1,
  month: 1,
  quarter: 1,
  year: 1,
};

export function planBars({ symbols, from, to, timespans }: BarsAsked): BarsRequest[] {
  return timespans.flatMap((timespan): BarsRequest[] => {
    const ranges = symbols.flatMap((symbol) =>
      windows(timespan, from, to).map((w) => ({ kind: 'range', symbol, timespan, ...w }) as const),
    );
    if (timespan !== 'day') return ranges;
    const days = weekdays(from, to);
    return days.length < ranges.length ? days.map((day) => ({ kind: 'grouped', day }) as const) : ranges;
  });
}

function windows(timespan: Timespan, from: string, to: string): { from: string; to: string }[] {
  const days = Math.max(1, Math.floor(MAX_BASE_BARS / BASE_BARS_A_DAY[timespan]));
  const cut: { from: string; to: string }[] = [];
  for (let start = from; start <= to; start = addDays(start, days)) {
    const end = addDays(start, days - 1);
    cut.push({ from: start, to: end < to ? end : to });
  }
  return cut;
}
