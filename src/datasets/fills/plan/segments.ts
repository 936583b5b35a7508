/**
 * The lane algorithm: what each request reads next. Pure; the loader runs it against the source, the planner against
 * expected rows to foretell the requests.
 *
 * - Each request takes the two segments with the most pages left, so that long ones never remain alone at the end.
 * - A segment that does remain alone is halved by range while it expects more than a page, so that both lanes work.
 * - A segment of many pages is asked for through a window that holds about three of them: the cursor alone would let
 *   the source read everything after it for every page. Full pages cost nothing extra by this.
 */
import type { Chunk, Plan, Range } from './chunk.js';
import { boundAhead, isSingleSecond, shareAfter, splitRange } from './ranges.js';
import type { Segment } from './segment.js';

/** Pages that a window aims at: enough that a full page is as good as certain, few enough to be cheap to sort. */
const WINDOW_PAGES = 3;

/** The segments with which a chunk begins. */
export function initialSegments(plan: Plan, chunk: Chunk): Segment[] {
  const { range } = chunk;
  if (chunk.pack === null) {
    return [
      { side: 'buy', tokens: null, range, cursor: null, expected: chunk.buys },
      { side: 'sell', tokens: null, range, cursor: null, expected: chunk.sells },
    ];
  }
  const pack = plan.packs[chunk.pack];
  if (pack === undefined) throw new RangeError(`the plan has no pack ${chunk.pack}`);
  const whole = range.from === null && range.to === null;
  return pack.lanes.map(({ side, tokens }) => {
    const counts = tokens.map((index) => tokenAt(plan, index));
    const rows = counts.reduce((sum, count) => sum + (side === 'buy' ? count.buys : count.sells), 0);
    const share = side === 'buy' ? chunk.buys : chunk.sells;
    return { side, tokens: counts.map((count) => count.token), range, cursor: null, expected: whole ? rows : share };
  });
}

function tokenAt(plan: Plan, index: number) {
  const count = plan.tokens[index];
  if (count === undefined) throw new RangeError(`the plan has no token ${index}`);
  return count;
}

/** Pages that end a segment of so many rows: the last one must be short. 999 → 1, 1,000 → 2. */
export function pagesFor(rows: number, pageRows: number): number {
  return Math.floor(Math.max(0, rows) / pageRows) + 1;
}

/** Takes from the queue what the next request reads: one or two segments, none when the queue is empty. */
export function takeLanes(queue: Segment[], pageRows: number): Segment[] {
  return takeTwo(queue, pageRows, splitSegment);
}

function takeTwo<T extends { readonly expected: number }>(
  queue: T[],
  pageRows: number,
  split: (item: T) => readonly [T, T] | null,
): T[] {
  if (queue.length >= 2) return [takeLargest(queue), takeLargest(queue)];
  const alone = queue.pop();
  if (alone === undefined) return [];
  const halves = alone.expected >= pageRows ? split(alone) : null;
  return halves === null ? [alone] : [...halves];
}

function takeLargest<T extends { readonly expected: number }>(queue: T[]): T {
  let largest = 0;
  for (let i = 1; i < queue.length; i++) {
    if ((queue[i] as T).expected > (queue[largest] as T).expected) largest = i;
  }
  return queue.splice(largest, 1)[0] as T;
}

/** What remains of a segment as two halves of its range, or null where it cannot be cut. */
export function splitSegment(segment: Segment): [Segment, Segment] | null {
  if (isSingleSecond(segment.range)) return null;
  const [lower, upper] = splitRange(segment.range, 2, segment.cursor);
  if (lower === undefined || upper === undefined) return null;
  const half = Math.ceil(segment.expected / 2);
  return [
    { ...segment, range: lower, expected: half },
    { ...segment, range: upper, cursor: null, expected: segment.expected - half },
  ];
}

/** The range that the segment's next page is asked for: its own, or a nearer end when many pages remain. */
export function windowOf(segment: Segment, pageRows: number): Range {
  const { range, cursor, expected } = segment;
  if (range.axis !== 'id' || expected <= WINDOW_PAGES * pageRows) return range;
  const to = boundAhead(range, cursor, (WINDOW_PAGES * pageRows) / expected);
  return to === null ? range : { ...range, to };
}

/** What one page brought, as far as the segment's way on depends on it. */
export interface PageRead {
  /** Rows kept; those of a time page's last second may have been left for the next one (`timeCut`). */
  readonly rows: number;
  /** Whether the page was full, that is, whether more may follow in its window. */
  readonly full: boolean;
  /** The last id of the page; needed when it was full and paged by id. */
  readonly lastId: string | null;
}

/** What remains of an id segment, or of a single second, after a page of a window: nothing, or one segment. */
export function advance(segment: Segment, window: Range, page: PageRead, pageRows: number): Segment[] {
  const { range } = segment;
  if (page.full) {
    if (page.lastId === null) throw new RangeError('a full page has a last id');
    const left = segment.expected - page.rows;
    const next = { ...segment, cursor: page.lastId };
    return [{ ...next, expected: left > 0 ? left : estimateRest(segment, page.lastId, page.rows) }];
  }
  if (window.to === range.to) return [];
  const left = Math.max(0, segment.expected - WINDOW_PAGES * pageRows);
  return [{ ...segment, range: { ...range, from: window.to }, cursor: null, expected: left }];
}

/** More came than was counted: what follows is taken to be as dense as this page. */
function estimateRest(segment: Segment, lastId: string, rows: number): number {
  const { range, cursor } = segment;
  if (range.axis !== 'id') return 0;
  const before = shareAfter(range, cursor);
  const after = shareAfter(range, lastId);
  return after >= before ? 0 : Math.round((rows * after) / (before - after));
}

/** How a full page ordered by time goes on. `keep` rows are used; the rest of the page is read again. */
export interface TimeCut {
  readonly keep: number;
  readonly next: Segment[];
}

/**
 * A full page ordered by time may end inside a second. The rows of that last second are left out and the next page
 * begins with it; where they are a large part of the page, the second becomes a segment of its own, paged by id,
 * beside what follows. Nothing depends on how the source orders rows of one second.
 *
 * `times`: unix seconds of the page's rows, ascending.
 */
export function timeCut(segment: Segment, times: readonly number[]): TimeCut {
  const { range } = segment;
  const last = times[times.length - 1];
  if (last === undefined) throw new RangeError('a full page has rows');
  let keep = times.length;
  while (keep > 0 && times[keep - 1] === last) keep--;
  const again = times.length - keep;
  const following = (from: number): Segment => {
    const rest: Range = { axis: 'time', from: String(from), to: range.to };
    return { ...segment, range: rest, expected: expectedAfter(segment, times, keep, last) };
  };
  if (again * 4 < times.length) return { keep, next: [following(last)] };
  const second: Range = { axis: 'time', from: String(last), to: String(last + 1) };
  const next: Segment[] = [{ ...segment, range: second, expected: again }];
  if (range.to === null || last + 1 < Number(range.to)) next.push(following(last + 1));
  return { keep, next };
}

/** Rows over time are uneven: what follows is taken to be as dense as what was just read. */
function expectedAfter(segment: Segment, times: readonly number[], keep: number, last: number): number {
  const start = segment.range.from === null ? (times[0] as number) : Number(segment.range.from);
  if (segment.range.to === null || last <= start) return Math.max(0, segment.expected - keep);
  return Math.round((keep * (Number(segment.range.to) - last)) / (last - start));
}

/** Requests that the lane algorithm makes for segments of so many rows each, if the counts are right. */
export function expectedRequests(rows: readonly number[], pageRows: number): number {
  const queue = rows.map((expected) => ({ expected }));
  let requests = 0;
  for (;;) {
    const lanes = takeTwo(queue, pageRows, ({ expected }) => {
      const half = Math.ceil(expected / 2);
      return [{ expected: half }, { expected: expected - half }];
    });
    if (lanes.length === 0) return requests;
    requests++;
    for (const { expected } of lanes) if (expected >= pageRows) queue.push({ expected: expected - pageRows });
  }
}
