/**
 * Sets of integers as ascending, disjoint, non-touching half-open intervals `[from, to)`: the done chunks of a
 * checkpoint are `[[0, 412], [415, 416]]`, not 413 numbers. What remains is required minus done.
 */
export type IntervalSet = readonly (readonly [from: number, to: number])[];

/** Sorted, merged, empty ones dropped. Throws RangeError where a bound is no safe integer. */
export function normalize(intervals: IntervalSet): IntervalSet {
  for (const [from, to] of intervals) {
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) throw new RangeError(`bad interval [${from}, ${to})`);
  }
  const sorted = intervals.filter(([from, to]) => from < to).sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged[merged.length - 1];
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

export function fromNumbers(numbers: Iterable<number>): IntervalSet {
  return normalize(Array.from(numbers, (n) => [n, n + 1] as const));
}

export function union(a: IntervalSet, b: IntervalSet): IntervalSet {
  return normalize([...a, ...b]);
}

/** What is in `a` and not in `b`. */
export function difference(a: IntervalSet, b: IntervalSet): IntervalSet {
  const without = normalize(b);
  const rest: [number, number][] = [];
  let i = 0;
  for (const [from, to] of normalize(a)) {
    let at = from;
    while (i < without.length && (without[i] as readonly [number, number])[1] <= at) i++;
    for (let j = i; j < without.length && at < to; j++) {
      const [cutFrom, cutTo] = without[j] as readonly [number, number];
      if (cutFrom >= to) break;
      if (cutFrom > at) rest.push([at, cutFrom]);
      at = Math.max(at, cutTo);
    }
    if (at < to) rest.push([at, to]);
  }
  return rest;
}

export function size(set: IntervalSet): number {
  return normalize(set).reduce((sum, [from, to]) => sum + to - from, 0);
}

/** Whether a normalized set holds n. */
export function contains(set: IntervalSet, n: number): boolean {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[middle] as readonly [number, number])[1] <= n) low = middle + 1;
    else high = middle;
  }
  const found = set[low];
  return found !== undefined && found[0] <= n;
}

export function* numbers(set: IntervalSet): Generator<number> {
  for (const [from, to] of set) for (let n = from; n < to; n++) yield n;
}

/** The set with one more interval. */
export function addInterval(set: IntervalSet, interval: readonly [number, number]): IntervalSet {
  return normalize([...set, interval]);
}
