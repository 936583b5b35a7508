/**
 * Times of venues as ClickHouse reads them: UTC, microseconds, "2026-03-12 09:25:00.000000". A venue writes "no time" as 0, "", null
 * or year 1: all of them are null here, never 1970.
 */
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)$/;

/** RFC 3339, also with a space and a short zone ("2026-01-01 07:30:39+00"). Null for no time; undefined for text that is no time. */
export function instantOf(text: string): string | null | undefined {
  if (text === '' || text.startsWith('0001-')) return null;
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const utcMs = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  // Date.UTC takes February 30 for March 2.
  if (new Date(utcMs).toISOString().slice(0, 19) !== `${year}-${month}-${day}T${hour}:${minute}:${second}`)
    return undefined;
  return shown(utcMs - zoneMs(zone), fraction.padEnd(6, '0').slice(0, 6));
}

/** Milliseconds since 1970; 0 is no time. */
export function instantOfMs(ms: number): string | null {
  if (ms === 0) return null;
  const whole = Math.floor(ms / 1000) * 1000;
  return shown(whole, String((ms - whole) * 1000).padStart(6, '0'));
}

/** DateTime64 ends with 2299; what lies beyond stands for "no end". */
const LAST_MS = Date.UTC(2299, 11, 31);

function shown(utcMs: number, micros: string): string | null {
  if (utcMs > LAST_MS) return null;
  return `${new Date(utcMs).toISOString().slice(0, 19).replace('T', ' ')}.${micros}`;
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0);
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
