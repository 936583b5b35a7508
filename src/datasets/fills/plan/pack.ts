/**
 * From counts to packs and chunks, for `--partition markets`.
 *
 * Small and medium tokens: the tokens are taken in windows of neighbouring markets, so that markets finish one after
 * the other; within a window each side is packed into lanes (`lane-packing.ts`) and the lanes are gathered into packs
 * of an even number of pages whose longest lane is at most half of them: two lanes then stay full to the end.
 *
 * Large tokens: one pack each, whose chunks are equal ranges. A range's last page of each side is partly empty, so
 * slices are several times larger than packs, and their number is the one that foretells the fewest requests.
 */
import type { Axis, Chunk, Pack, PackLane, PlanOptions, TokenCount } from './chunk.js';
import { packLanes } from './lane-packing.js';
import { splitRange, wholeRange } from './ranges.js';
import type { Side } from './segment.js';
import { expectedRequests, pagesFor } from './segments.js';

/** A slice is so many times a pack: at 40 pages the two part-filled last ones waste about 2 %. */
const SLICE_FACTOR = 4;
/** Packs in a window: enough lanes to fill each other's gaps, few enough that markets finish along the way. */
const WINDOW_PACKS = 64;

export interface TimeSpan {
  /** Unix seconds, half-open. */
  readonly fromS: number;
  readonly toS: number;
}

export interface Packing {
  readonly packs: Pack[];
  readonly chunks: Chunk[];
}

/**
 * `order`: indexes into `tokens` in the order in which markets should finish. Large tokens come first, the largest
 * leading: a long chunk that starts last would keep the run waiting.
 */
export function packTokens(
  tokens: readonly TokenCount[],
  order: readonly number[],
  options: PlanOptions,
  span: TimeSpan | null,
): Packing {
  const packs: Pack[] = [];
  const chunks: Chunk[] = [];
  const slicePages = options.chunkPages * SLICE_FACTOR;
  const isLarge = ({ buys, sells }: TokenCount) => Math.max(buys, sells) >= (slicePages / 2) * options.pageRows;

  const large = order.filter((index) => isLarge(tokens[index] as TokenCount));
  large.sort((a, b) => rowsOf(tokens[b] as TokenCount) - rowsOf(tokens[a] as TokenCount) || a - b);
  for (const index of large) {
    const count = tokens[index] as TokenCount;
    const lanes: PackLane[] = [];
    if (count.buys > 0) lanes.push({ side: 'buy', tokens: [index] });
    if (count.sells > 0) lanes.push({ side: 'sell', tokens: [index] });
    packs.push({ lanes });
    chunks.push(...sliceToken(count, packs.length - 1, slicePages, options, span));
  }

  const windowRows = WINDOW_PACKS * options.chunkPages * options.pageRows;
  let window: number[] = [];
  let rows = 0;
  const flush = () => {
    for (const lanes of gatherLanes(packWindow(tokens, window, options, slicePages), options.chunkPages)) {
      packs.push({ lanes: lanes.map(({ side, tokens: held }) => ({ side, tokens: held })) });
      const sum = (side: Side) => lanes.reduce((total, lane) => total + (lane.side === side ? lane.rows : 0), 0);
      chunks.push({ pack: packs.length - 1, range: wholeRange('id'), buys: sum('buy'), sells: sum('sell') });
    }
    window = [];
    rows = 0;
  };
  for (const index of order) {
    const count = tokens[index] as TokenCount;
    if (isLarge(count) || rowsOf(count) === 0) continue;
    window.push(index);
    rows += rowsOf(count);
    if (rows >= windowRows) flush();
  }
  if (window.length > 0) flush();
  return { packs, chunks };
}

function rowsOf(count: TokenCount): number {
  return count.buys + count.sells;
}

interface SidedLane extends PackLane {
  readonly rows: number;
  readonly pages: number;
}

function packWindow(
  tokens: readonly TokenCount[],
  window: readonly number[],
  options: PlanOptions,
  slicePages: number,
): SidedLane[] {
  const limits = { pageRows: options.pageRows, maxTokens: options.maxPackTokens, maxPages: slicePages / 2 };
  return (['buy', 'sell'] as const).flatMap((side) => {
    const items = window
      .map((token) => ({ token, rows: (tokens[token] as TokenCount)[side === 'buy' ? 'buys' : 'sells'] }))
      .filter((item) => item.rows > 0);
    return packLanes(items, limits).map((lane) => ({ side, ...lane }));
  });
}

/**
 * Lanes gathered into groups of an even number of pages: the longest lanes lead a group each, with others beside them
 * up to twice their length, so that no lane is left alone in its requests.
 */
export function gatherLanes<L extends { readonly pages: number }>(lanes: readonly L[], chunkPages: number): L[][] {
  const evenPages = Math.max(2, chunkPages - (chunkPages % 2));
  // Stable: lanes of the same length stay in the order in which they were packed.
  const sorted = [...lanes].sort((a, b) => b.pages - a.pages);
  const groups: L[][] = [];
  let singles = sorted.findIndex((lane) => lane.pages === 1);
  if (singles === -1) singles = sorted.length;
  const long = sorted.slice(0, singles);
  let nextSingle = singles;
  for (let first = long.shift(); first !== undefined; first = long.shift()) {
    const group = [first];
    let free = Math.max(evenPages, 2 * first.pages) - first.pages;
    for (let i = 0; i < long.length && free > 1; ) {
      const lane = long[i] as L;
      if (lane.pages > free) i++;
      else {
        group.push(lane);
        free -= lane.pages;
        long.splice(i, 1);
      }
    }
    while (free > 0 && nextSingle < sorted.length) {
      group.push(sorted[nextSingle++] as L);
      free--;
    }
    groups.push(group);
  }
  for (; nextSingle < sorted.length; nextSingle += evenPages) {
    groups.push(sorted.slice(nextSingle, nextSingle + evenPages));
  }
  return groups;
}

function sliceToken(
  count: TokenCount,
  pack: number,
  slicePages: number,
  options: PlanOptions,
  span: TimeSpan | null,
): Chunk[] {
  const n = bestSlices(count, slicePages, options.pageRows);
  const axis: Axis = options.sliceBy === 'time' && span !== null ? 'time' : 'id';
  const ranges = axis === 'id' ? splitRange(wholeRange('id'), n) : timeWindows(n, span as TimeSpan);
  return ranges.map((range, i) => ({
    pack,
    range,
    buys: share(count.buys, i, ranges.length),
    sells: share(count.sells, i, ranges.length),
  }));
}

/** n equal windows of time whose outer ends are open: nothing can lie outside. */
export function timeWindows(n: number, span: TimeSpan) {
  const inner = splitRange({ axis: 'time', from: String(span.fromS), to: String(span.toS) }, n);
  return inner.map((range, i) => ({
    axis: range.axis,
    from: i === 0 ? null : range.from,
    to: i === inner.length - 1 ? null : range.to,
  }));
}

/** The i-th of n parts of an integer, which add up to it exactly. */
export function share(total: number, i: number, n: number): number {
  return Math.floor((total * (i + 1)) / n) - Math.floor((total * i) / n);
}

/** The number of slices, near the wanted size, that foretells the fewest requests; fewer slices where it is equal. */
function bestSlices(count: TokenCount, slicePages: number, pageRows: number): number {
  const pages = rowsOf(count) / pageRows;
  const least = Math.max(1, Math.ceil(pages / (slicePages * 1.25)));
  const most = Math.max(least, Math.floor(pages / (slicePages * 0.75)));
  const step = Math.max(1, Math.floor((most - least) / 24));
  let best = least;
  let bestRequests = Number.POSITIVE_INFINITY;
  for (let n = least; n <= most; n += step) {
    const requests = n * sliceRequests(count.buys / n, count.sells / n, n, pageRows);
    if (requests < bestRequests) [best, bestRequests] = [n, requests];
  }
  return best;
}

/** Where the rows of a slice scatter, in standard deviations: four points of equal weight of a normal distribution. */
const SCATTER = [-1.15, -0.32, 0.32, 1.15];

/**
 * Requests of one of n slices, on average over the scatter of its rows: which ids fall into a range is chance, and a
 * slice planned at 999 rows has a second page half of the time.
 */
export function sliceRequests(buys: number, sells: number, n: number, pageRows: number): number {
  const around = (rows: number) => {
    const deviation = Math.sqrt(rows * (1 - 1 / n));
    return SCATTER.map((z) => Math.max(0, Math.round(rows + z * deviation)));
  };
  let sum = 0;
  const [buyRows, sellRows] = [around(buys), around(sells)];
  for (const b of buyRows) {
    for (const s of sellRows) sum += expectedRequests([...(buys > 0 ? [b] : []), ...(sells > 0 ? [s] : [])], pageRows);
  }
  return sum / (SCATTER.length * SCATTER.length);
}

/** Requests of a whole-range chunk: its counts are exact. */
export function packRequests(rows: readonly number[], pageRows: number): number {
  // Lanes of one page each, which most are, need no simulation.
  if (rows.every((n) => pagesFor(n, pageRows) === 1)) return Math.ceil(rows.length / 2);
  return expectedRequests(rows, pageRows);
}
