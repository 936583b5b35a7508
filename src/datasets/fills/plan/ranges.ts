/**
 * Arithmetic on ranges of ids and of time.
 *
 * An id begins with a transaction hash, which is uniform, so its place among all ids is read off its first 16 hex
 * digits: a number in [0, 2^64]. Any string has a place (those below "0x…" at 0, those above at 2^64), places never
 * decrease along the bytewise order, and the outermost ranges of a partition are open, so every id that a source may
 * invent falls in exactly one part. Only how *even* the parts are depends on ids being hashes.
 */
import { ID_SPACE, idBoundary, idPosition } from '../../../core/id-space.js';
import type { Axis, Range } from './chunk.js';

export function wholeRange(axis: Axis): Range {
  return { axis, from: null, to: null };
}

/** Whether a key (an id, or unix seconds as text) lies in the range. */
export function rangeContains(range: Range, key: string): boolean {
  if (range.axis === 'id') return (range.from === null || key >= range.from) && (range.to === null || key < range.to);
  const at = Number(key);
  return (range.from === null || at >= Number(range.from)) && (range.to === null || at < Number(range.to));
}

/** Whether the range can hold nothing. */
export function rangeIsEmpty(range: Range): boolean {
  if (range.from === null || range.to === null) return false;
  return range.axis === 'id' ? range.from >= range.to : Number(range.from) >= Number(range.to);
}

/** A time range of one second: its rows share their time, so that it is paged by id. */
export function isSingleSecond(range: Range): boolean {
  return (
    range.axis === 'time' && range.from !== null && range.to !== null && Number(range.to) - Number(range.from) === 1
  );
}

interface Interval {
  readonly lower: bigint;
  readonly upper: bigint;
}

/** Where what remains of a range begins and ends, as places or seconds; null for a time range with an open end. */
function remaining(range: Range, cursor: string | null): Interval | null {
  if (range.axis === 'id') {
    const start = cursor ?? range.from;
    return {
      lower: start === null ? 0n : idPosition(start),
      upper: range.to === null ? ID_SPACE : idPosition(range.to),
    };
  }
  if (range.from === null || range.to === null) return null;
  return { lower: BigInt(range.from), upper: BigInt(range.to) };
}

/**
 * What remains of a range after a cursor, cut into at most `n` parts of equal width whose outer ends are the range's
 * own. Fewer parts where the width does not suffice, one for a time range with an open end.
 */
export function splitRange(range: Range, n: number, cursor: string | null = null): Range[] {
  const whole = remaining(range, cursor);
  if (whole === null || n <= 1) return [range];
  const width = whole.upper - whole.lower;
  const bounds: string[] = [];
  let last = whole.lower;
  for (let i = 1; i < n; i++) {
    const at = whole.lower + (width * BigInt(i)) / BigInt(n);
    if (at <= last || at >= whole.upper) continue;
    bounds.push(range.axis === 'id' ? idBoundary(at) : at.toString());
    last = at;
  }
  return cutRange(range, bounds);
}

/** The range cut at ascending bounds that lie inside it: n bounds give n + 1 ranges. */
export function cutRange(range: Range, bounds: readonly string[]): Range[] {
  const parts: Range[] = [];
  let from = range.from;
  for (const bound of bounds) {
    parts.push({ axis: range.axis, from, to: bound });
    from = bound;
  }
  parts.push({ axis: range.axis, from, to: range.to });
  return parts;
}

/** The bound a given share (0 to 1) of the remaining width ahead, or null where no bound fits strictly inside. */
export function boundAhead(range: Range, cursor: string | null, share: number): string | null {
  const whole = remaining(range, cursor);
  if (whole === null) return null;
  const parts = BigInt(1_000_000);
  const at = whole.lower + ((whole.upper - whole.lower) * BigInt(Math.ceil(share * 1_000_000))) / parts;
  if (at <= whole.lower || at >= whole.upper) return null;
  return range.axis === 'id' ? idBoundary(at) : at.toString();
}

/** The share (0 to 1) of the range's own width that lies after the cursor. 1 where it cannot be told. */
export function shareAfter(range: Range, cursor: string | null): number {
  const whole = remaining(range, null);
  const rest = remaining(range, cursor);
  if (whole === null || rest === null || whole.upper <= whole.lower) return 1;
  const share = Number(((rest.upper - rest.lower) * 1_000_000n) / (whole.upper - whole.lower)) / 1_000_000;
  return Math.min(1, Math.max(0, share));
}

/** Whether the ranges, in any order, are disjoint and together hold exactly what `whole` holds. */
export function tiles(whole: Range, parts: readonly Range[]): boolean {
  const sorted = [...parts].sort((a, b) => compareFrom(a, b));
  let expected = whole.from;
  for (const [i, part] of sorted.entries()) {
    const last = i === sorted.length - 1;
    if (part.axis !== whole.axis || part.from !== expected || rangeIsEmpty(part)) return false;
    if ((part.to === null && !last) || (last && part.to !== whole.to)) return false;
    expected = part.to;
  }
  return sorted.length > 0;
}

function compareFrom(a: Range, b: Range): number {
  if (a.from === b.from) return 0;
  if (a.from === null) return -1;
  if (b.from === null) return 1;
  if (a.axis === 'time') return Number(a.from) - Number(b.from);
  return a.from < b.from ? -1 : 1;
}
