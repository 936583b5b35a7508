/**
 * Bars of listed instruments, by arithmetic: each minute's bar follows from (symbol, minute), a day's bar from its minutes and what an
 * exchange adds to a day (odd lots, auctions). Prices and volumes before a split are those of then; `adjusted` rewrites them.
 */
import { hashText, unit, word } from '../../hash.js';
import { easternMidnightMs } from '../clock.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** The extended session, minutes after Eastern midnight; the regular one lies inside. */
const SESSION = { opens: 240, closes: 1_200, regularOpens: 570, regularCloses: 960 };

export const SYMBOLS: readonly string[] = [
  'AAPL',
  'MSFT',
  'GOOG',
  'AMZN',
  'NVDA',
  'TSLA',
  'META',
  'SPY',
  'QQQ',
  'AMD',
  'BRK.A',
  'BRK.B',
  'F',
  'GME',
  'IBM',
  'INTC',
  'JPM',
  'KO',
  'MSTR',
  'NFLX',
  'ORCL',
  'PLTR',
  'T',
  'UBER',
  'V',
  'WMT',
  'XOM',
  'COIN',
  'HOOD',
  'GIK',
]; // prettier-ignore

export interface Bar {
  /** Start, ms UTC. */
  readonly t: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  /** Absent on some bars. */
  readonly vw: number | undefined;
  readonly n: number | undefined;
}

interface Split {
  readonly atMs: number;
  readonly ratio: number;
}

const round = (value: number, places = 4) => Math.round(value * 10 ** places) / 10 ** places;

export class Bars {
  readonly #days = new Map<string, Bar | null>();

  constructor(
    readonly seed: number,
    readonly startMs: number,
  ) {}

  #key(symbol: string): number {
    return hashText(this.seed, symbol);
  }

  has(symbol: string): boolean {
    return SYMBOLS.includes(symbol);
  }

  otc(symbol: string): boolean {
    return symbol === 'GIK';
  }

  /** NVDA split long ago, TSLA does half a day after the start: then all its adjusted bars change. */
  #split(symbol: string): Split | undefined {
    if (symbol === 'NVDA') return { atMs: this.startMs - 100 * DAY, ratio: 4 };
    return symbol === 'TSLA' ? { atMs: this.startMs + DAY / 2, ratio: 3 } : undefined;
  }

  /** Weekends and one weekday in forty (a holiday) have no trading. */
  trades(day: string): boolean {
    const midnight = Date.parse(`${day}T00:00:00Z`);
    const weekday = new Date(midnight).getUTCDay();
    return weekday !== 0 && weekday !== 6 && unit(this.seed ^ 1, midnight / DAY) > 0.025;
  }

  /** The price at a minute, dollars, before any adjustment. */
  #price(key: number, minute: number): number {
    const level = 20 + 400 * unit(key, 1);
    const noise = (salt: number, x: number) => {
      const left = Math.floor(x);
      const a = unit(key ^ salt, left);
      return a + (unit(key ^ salt, left + 1) - a) * (x - left) - 0.5;
    };
    const walk = 0.6 * noise(2, minute / 200_000) + 0.1 * noise(3, minute / 7_000) + 0.02 * noise(4, minute / 60);
    return Math.max(0.5, level * (1 + walk));
  }

  /** A minute as it traded, in the shares of then. One that has not ended yet holds what was traded so far. */
  #minute(key: number, midnight: number, at: number, nowMs: number): Bar | undefined {
    const t = midnight + at * MINUTE;
    if (t > nowMs) return undefined;
    const regular = at >= SESSION.regularOpens && at < SESSION.regularCloses;
    const minute = t / MINUTE;
    if (unit(key ^ 5, minute) > (regular ? 0.98 : 0.35)) return undefined;
    const done = Math.min(1, (nowMs - t) / MINUTE);
    const [first, last] = [this.#price(key, minute), this.#price(key, minute + done)];
    const wick = first * 0.0004 * unit(key ^ 6, minute);
    const shares = Math.ceil((regular ? 8_000 : 300) * (0.2 + 3 * unit(key ^ 7, minute) ** 3) * (done || 0.01));
    const [high, low] = [Math.max(first, last) + wick, Math.min(first, last) - wick];
    const luck = word(key ^ 8, minute);
    return {
      t,
      o: round(first),
      h: round(high),
      l: round(low),
      c: round(last),
      v: shares,
      vw: (luck >>> 0) % 100 === 0 ? undefined : round((high + low + last) / 3),
      n: (luck >>> 8) % 100 === 0 ? undefined : Math.ceil(shares / 90),
    };
  }

  /** In the shares of today: a bar before a split that has happened is rewritten. */
  #adjusted(symbol: string, bar: Bar, adjusted: boolean, nowMs: number): Bar {
    const split = this.#split(symbol);
    if (!adjusted || !split || bar.t >= split.atMs || nowMs < split.atMs) return bar;
    const price = (value: number) => round(value / split.ratio);
    return {
      ...bar,
      o: price(bar.o),
      h: price(bar.h),
      l: price(bar.l),
      c: price(bar.c),
      v: bar.v * split.ratio,
      vw: bar.vw === undefined ? undefined : price(bar.vw),
    };
  }

  #rawMinutes(symbol: string, day: string, nowMs: number): Bar[] {
    if (!this.trades(day)) return [];
    const key = this.#key(symbol);
    const midnight = easternMidnightMs(day);
    const bars: Bar[] = [];
    for (let at = SESSION.opens; at < SESSION.closes; at++) {
      const bar = this.#minute(key, midnight, at, nowMs);
      if (bar) bars.push(bar);
    }
    return bars;
  }

  /** Minutes of a day that traded, oldest first. */
  minutesOf(symbol: string, day: string, adjusted: boolean, nowMs: number): Bar[] {
    return this.#rawMinutes(symbol, day, nowMs).map((bar) => this.#adjusted(symbol, bar, adjusted, nowMs));
  }

  /** The bar of a day starts at Eastern midnight; its volume is more than that of its minutes. */
  day(symbol: string, day: string, adjusted: boolean, nowMs: number): Bar | undefined {
    const name = `${symbol} ${day}`;
    let bar = this.#days.get(name);
    if (bar === undefined) {
      const midnight = easternMidnightMs(day);
      bar = this.#day(symbol, day, midnight, nowMs) ?? null;
      // Days that are over are kept.
      if (this.#days.size > 200_000) this.#days.clear();
      if (nowMs >= midnight + 26 * 3_600_000) this.#days.set(name, bar);
    }
    return bar ? this.#adjusted(symbol, bar, adjusted, nowMs) : undefined;
  }

  #day(symbol: string, day: string, midnight: number, nowMs: number): Bar | undefined {
    const minutes = this.#rawMinutes(symbol, day, nowMs);
    const first = minutes[0];
    if (!first) return undefined;
    const sum = (read: (bar: Bar) => number) => minutes.reduce((total, bar) => total + read(bar), 0);
    const luck = word(this.#key(symbol) ^ 9, midnight / DAY);
    const volume = sum((bar) => bar.v);
    return {
      t: midnight,
      o: first.o,
      h: Math.max(...minutes.map((bar) => bar.h)),
      l: Math.min(...minutes.map((bar) => bar.l)),
      c: (minutes.at(-1) as Bar).c,
      v: volume + Math.floor(volume * 0.03 * unit(luck, 1)),
      vw: (luck >>> 0) % 50 === 0 ? undefined : round(sum((bar) => ((bar.h + bar.l) / 2) * bar.v) / volume),
      n: (luck >>> 8) % 50 === 0 ? undefined : sum((bar) => bar.n ?? 0),
    };
  }
}

export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY).toISOString().slice(0, 10);
}
