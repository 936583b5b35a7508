/** A range of aggregates: base bars read up to the limit, put together to the bars asked for, and where to go on. */
import { easternDay, easternMidnightMs } from '../clock.js';
import { type Bar, type Bars, nextDay } from './bars.js';

export type Timespan = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';
export const TIMESPANS: readonly Timespan[] = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];

export interface RangeAsked {
  readonly symbol: string;
  readonly multiplier: number;
  readonly timespan: Timespan;
  /** Both inclusive, ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly adjusted: boolean;
  /** Base bars: minutes or days, not results. */
  readonly limit: number;
}

export interface RangeFound {
  readonly bars: readonly Bar[];
  readonly baseBars: number;
  /** Where the next page begins; undefined at the end. */
  readonly nextMs: number | undefined;
}

/** The start of the bar that holds a moment. */
function bucketOf(t: number, multiplier: number, timespan: Timespan): number {
  const day = easternDay(t);
  const midnight = easternMidnightMs(day);
  if (timespan === 'minute' || timespan === 'hour') {
    const step = multiplier * (timespan === 'minute' ? 60_000 : 3_600_000);
    return midnight + Math.floor((t - midnight) / step) * step;
  }
  const date = new Date(`${day}T00:00:00Z`);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const days = Math.floor(date.getTime() / 86_400_000);
  const first = {
    day: date.getTime() - (days % multiplier) * 86_400_000,
    week: date.getTime() - date.getUTCDay() * 86_400_000,
    month: Date.UTC(year, month - (month % multiplier), 1),
    quarter: Date.UTC(year, month - (month % 3), 1),
    year: Date.UTC(year, 0, 1),
  }[timespan];
  return easternMidnightMs(new Date(first).toISOString().slice(0, 10));
}

function* baseBars(bars: Bars, asked: RangeAsked, nowMs: number): Generator<Bar> {
  const { symbol, adjusted, fromMs, toMs } = asked;
  const fine = asked.timespan === 'minute' || asked.timespan === 'hour';
  for (let day = easternDay(fromMs); easternMidnightMs(day) <= Math.min(toMs, nowMs); day = nextDay(day)) {
    if (!fine) {
      const bar = bars.trades(day) ? bars.day(symbol, day, adjusted, nowMs) : undefined;
      if (bar && bar.t >= fromMs) yield bar;
      continue;
    }
    for (const bar of bars.minutesOf(symbol, day, adjusted, nowMs)) {
      if (bar.t >= fromMs && bar.t <= toMs) yield bar;
    }
  }
}

function joined(start: number, parts: readonly Bar[]): Bar {
  const volume = parts.reduce((sum, bar) => sum + bar.v, 0);
  const weighted = parts.reduce((sum, bar) => sum + (bar.vw ?? bar.c) * bar.v, 0);
  return {
    t: start,
    o: (parts[0] as Bar).o,
    h: Math.max(...parts.map((bar) => bar.h)),
    l: Math.min(...parts.map((bar) => bar.l)),
    c: (parts.at(-1) as Bar).c,
    v: volume,
    vw: Math.round((weighted / volume) * 1e4) / 1e4,
    n: parts.reduce((sum, bar) => sum + (bar.n ?? 0), 0),
  };
}

export function readRange(bars: Bars, asked: RangeAsked, nowMs: number): RangeFound {
  const { multiplier, timespan, limit } = asked;
  const plain = multiplier === 1 && (timespan === 'minute' || timespan === 'day');
  const found: Bar[] = [];
  let base = 0;
  let open: { start: number; parts: Bar[] } | undefined;
  for (const bar of baseBars(bars, asked, nowMs)) {
    if (base === limit) {
      // The part of a bar that lies before the cut is dropped: the next page begins with that bar.
      const cut = open && bucketOf(bar.t, multiplier, timespan) === open.start && found.length > 0 ? open : undefined;
      if (open && !cut) found.push(joined(open.start, open.parts));
      return { bars: found, baseBars: base, nextMs: cut ? cut.start : bar.t };
    }
    base++;
    if (plain) {
      found.push(bar);
      continue;
    }
    const start = bucketOf(bar.t, multiplier, timespan);
    if (open && open.start !== start) {
      found.push(joined(open.start, open.parts));
      open = undefined;
    }
    open ??= { start, parts: [] };
    open.parts.push(bar);
  }
  if (open) found.push(joined(open.start, open.parts));
  return { bars: found, baseBars: base, nextMs: undefined };
}
