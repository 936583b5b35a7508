/** The time that the simulated venues live in: it stands still, is moved by hand, or runs with the wall clock. */
export class SimulatedClock {
  #movedMs = 0;
  readonly #bornMs: number;

  /** @param speed simulated milliseconds a real one; 0 stands still. */
  constructor(
    readonly startMs: number,
    readonly speed = 0,
    readonly wallMs: () => number = () => performance.now(),
  ) {
    this.#bornMs = wallMs();
  }

  now(): number {
    return this.startMs + this.#movedMs + Math.floor((this.wallMs() - this.#bornMs) * this.speed);
  }

  advance(ms: number): void {
    if (!(ms >= 0)) throw new Error(`time only moves forward: ${ms} ms`);
    this.#movedMs += Math.floor(ms);
  }
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
/** `2026-11-24T` by day since 1970: pages hold the same few days again and again. */
const DAYS = new Map<number, string>();

function dateAndTime(seconds: number): string {
  const day = Math.floor(seconds / 86_400);
  let date = DAYS.get(day);
  if (date === undefined) {
    date = new Date(day * 86_400_000).toISOString().slice(0, 11);
    DAYS.set(day, date);
  }
  const rest = seconds - day * 86_400;
  const minutes = Math.floor(rest / 60);
  return `${date}${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[rest % 60]}`;
}

/** `2026-11-24T12:00:00.123456Z`: RFC 3339 with exactly `digits` fraction digits (0 to 6) of a time in microseconds. */
export function isoMicros(micros: number, digits = 6): string {
  const seconds = Math.floor(micros / 1e6);
  const head = dateAndTime(seconds);
  if (digits === 0) return `${head}Z`;
  const fraction = String(micros - seconds * 1e6).padStart(6, '0');
  return `${head}.${fraction.slice(0, digits)}Z`;
}

/** As Go writes it: trailing zeros of the fraction are left out (`…40.8969Z`, `…16Z`). */
export function isoTrimmed(micros: number): string {
  return isoMicros(micros).replace(/\.?0+Z$/, 'Z');
}

/**
 * The offset of US Eastern time at a moment: −4 h in summer, else −5 h. Summer is from the second Sunday of March to the first of
 * November since 2007, from the first of April to the last of October before; clocks change at 02:00 local time.
 */
export function easternOffsetMs(atMs: number): number {
  const year = new Date(atMs).getUTCFullYear();
  const sunday = (month: number, notBefore: number) => {
    const weekday = new Date(Date.UTC(year, month, notBefore)).getUTCDay();
    return notBefore + ((7 - weekday) % 7);
  };
  const begins = year < 2007 ? Date.UTC(year, 3, sunday(3, 1), 7) : Date.UTC(year, 2, sunday(2, 8), 7);
  const ends = year < 2007 ? Date.UTC(year, 9, sunday(9, 25), 6) : Date.UTC(year, 10, sunday(10, 1), 6);
  return (atMs >= begins && atMs < ends ? -4 : -5) * 3_600_000;
}

/** The first instant of an Eastern day (`YYYY-MM-DD`), in UTC milliseconds. */
export function easternMidnightMs(day: string): number {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // The offset at noon may differ from the one at midnight on the two days of the change: ask again at the guess.
  const guess = midnight - easternOffsetMs(noon);
  return midnight - easternOffsetMs(guess);
}

/** The Eastern day that holds a moment. */
export function easternDay(atMs: number): string {
  return new Date(atMs + easternOffsetMs(atMs)).toISOString().slice(0, 10);
}
