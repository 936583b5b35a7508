/**
 * The plan of a run: a pure function of counts and options. Same input in any order, same chunks, same names.
 */
import type { Chunk, Plan, PlanOptions, TokenCount } from './chunk.js';
import { chunkName } from './chunk-name.js';
import { packRequests, packTokens, share, sliceRequests, type TimeSpan, timeWindows } from './pack.js';
import { tiles, wholeRange } from './ranges.js';
import type { Side } from './segment.js';
import { initialSegments } from './segments.js';

export interface PlanHints {
  /** Token → market: tokens of one market are planned near each other. Without it each token stands alone. */
  readonly marketOf?: ReadonlyMap<string, string>;
  /** The time that the fills span, half-open; needed by `partition: 'time'` and `sliceBy: 'time'`. */
  readonly span?: TimeSpan;
}

/** Time windows are as large as slices: the last page of each of their two lanes is partly empty. */
const TIME_CHUNK_FACTOR = 4;

/** Throws RangeError for options out of range, a token given twice, or a time partition without a span. */
export function makePlan(counts: readonly TokenCount[], options: PlanOptions, hints: PlanHints = {}): Plan {
  checkOptions(options);
  const tokens = counts.filter((count) => count.buys + count.sells > 0).sort(byToken);
  for (let i = 1; i < tokens.length; i++) {
    const token = (tokens[i] as TokenCount).token;
    if ((tokens[i - 1] as TokenCount).token === token) throw new RangeError(`token ${token} is counted twice`);
  }
  const needsSpan = options.partition === 'time' || options.sliceBy === 'time';
  if (needsSpan && hints.span === undefined) throw new RangeError('a plan by time needs the span of the fills');
  const rows = tokens.reduce((sum, count) => sum + count.buys + count.sells, 0);
  const { packs, chunks } =
    options.partition === 'time'
      ? { packs: [], chunks: planTime(tokens, rows, options, hints.span as TimeSpan) }
      : packTokens(tokens, marketOrder(tokens, hints.marketOf), options, hints.span ?? null);
  const plan: Plan = {
    version: 1,
    options,
    tokens,
    packs,
    chunks,
    totals: { tokens: tokens.length, rows, requests: 0 },
  };
  return { ...plan, totals: { ...plan.totals, requests: totalRequests(plan) } };
}

function checkOptions(options: PlanOptions): void {
  const { pageRows, chunkPages, maxPackTokens } = options;
  if (!Number.isInteger(pageRows) || pageRows < 1 || pageRows > 1000) throw new RangeError(`pageRows is ${pageRows}`);
  if (!Number.isInteger(chunkPages) || chunkPages < 1) throw new RangeError(`chunkPages is ${chunkPages}`);
  if (!Number.isInteger(maxPackTokens) || maxPackTokens < 1) throw new RangeError(`maxPackTokens is ${maxPackTokens}`);
}

function byToken(a: TokenCount, b: TokenCount): number {
  return a.token < b.token ? -1 : a.token > b.token ? 1 : 0;
}

/** Indexes of tokens, those of one market side by side. */
function marketOrder(tokens: readonly TokenCount[], marketOf: PlanHints['marketOf']): number[] {
  const order = tokens.map((_, i) => i);
  if (marketOf === undefined) return order;
  const markets = tokens.map(({ token }) => marketOf.get(token) ?? token);
  return order.sort((a, b) => {
    const [x, y] = [markets[a] as string, markets[b] as string];
    return x < y ? -1 : x > y ? 1 : a - b;
  });
}

function planTime(tokens: readonly TokenCount[], rows: number, options: PlanOptions, span: TimeSpan): Chunk[] {
  if (rows === 0) return [];
  const n = Math.ceil(rows / (options.pageRows * options.chunkPages * TIME_CHUNK_FACTOR));
  const buys = tokens.reduce((sum, count) => sum + count.buys, 0);
  const windows = timeWindows(n, span);
  return windows.map((range, i) => ({
    pack: null,
    range,
    buys: share(buys, i, windows.length),
    sells: share(rows - buys, i, windows.length),
  }));
}

/** Requests that a chunk is expected to take; a fraction where chance decides how full its last pages are. */
export function expectedChunkRequests(plan: Plan, chunk: Chunk): number {
  const { pageRows } = plan.options;
  const segments = initialSegments(plan, chunk);
  const whole = chunk.range.from === null && chunk.range.to === null;
  if (whole)
    return packRequests(
      segments.map((segment) => segment.expected),
      pageRows,
    );
  return sliceRequests(chunk.buys, chunk.sells, Number.POSITIVE_INFINITY, pageRows);
}

function totalRequests(plan: Plan): number {
  const seen = new Map<string, number>();
  let sum = 0;
  for (const chunk of plan.chunks) {
    const sliced = chunk.range.from !== null || chunk.range.to !== null;
    const key = `${chunk.buys}/${chunk.sells}`;
    const requests = (sliced ? seen.get(key) : undefined) ?? expectedChunkRequests(plan, chunk);
    if (sliced) seen.set(key, requests);
    sum += requests;
  }
  return Math.ceil(sum);
}

/**
 * Invariant 3: chunks are disjoint and cover the plan. Each side of each token that has fills stands in one lane of
 * one pack, the chunks of each pack tile the whole range, and what chunks expect adds up to the counts.
 * Throws Error naming what is wrong: a plan that fails is a bug, or a damaged file.
 */
export function checkPlan(plan: Plan): void {
  const names = new Set(plan.chunks.map(chunkName));
  if (names.size !== plan.chunks.length) throw new Error('the plan has two chunks of one name');
  const ofPack = new Map<number | null, Chunk[]>();
  for (const chunk of plan.chunks) {
    const list = ofPack.get(chunk.pack);
    if (list === undefined) ofPack.set(chunk.pack, [chunk]);
    else list.push(chunk);
  }
  const total = (side: Side) => plan.tokens.reduce((sum, count) => sum + sideRows(count, side), 0);
  const rows = total('buy') + total('sell');
  if (rows !== plan.totals.rows) throw new Error(`the plan's tokens have ${rows} rows, its total ${plan.totals.rows}`);
  if (plan.options.partition === 'time') {
    if (plan.packs.length > 0) throw new Error('a plan by time has packs');
    if (rows > 0) checkPack('*', ofPack.get(null), total('buy'), total('sell'));
    return;
  }
  if (ofPack.has(null)) throw new Error('a plan by markets has a chunk of all tokens');
  for (const pack of ofPack.keys()) {
    if (plan.packs[pack as number] === undefined) throw new Error(`the plan has no pack ${pack}`);
  }
  const covered = { buy: new Uint8Array(plan.tokens.length), sell: new Uint8Array(plan.tokens.length) };
  for (const [index, pack] of plan.packs.entries()) {
    const expected = { buy: 0, sell: 0 };
    for (const { side, tokens } of pack.lanes) {
      for (const token of tokens) {
        const count = plan.tokens[token];
        if (count === undefined) throw new Error(`pack ${index} names token ${token}, which the plan does not have`);
        if (covered[side][token]) throw new Error(`${side}s of token ${count.token} are planned twice`);
        covered[side][token] = 1;
        expected[side] += sideRows(count, side);
      }
    }
    checkPack(String(index), ofPack.get(index), expected.buy, expected.sell);
  }
  for (const [index, count] of plan.tokens.entries()) {
    for (const side of ['buy', 'sell'] as const) {
      const want = sideRows(count, side) > 0 ? 1 : 0;
      if (covered[side][index] !== want) throw new Error(`${side}s of token ${count.token} are not planned`);
    }
  }
}

function sideRows(count: TokenCount, side: Side): number {
  return side === 'buy' ? count.buys : count.sells;
}

function checkPack(name: string, chunks: readonly Chunk[] | undefined, buys: number, sells: number): void {
  if (chunks === undefined) throw new Error(`pack ${name} has no chunk`);
  const axis = (chunks[0] as Chunk).range.axis;
  if (
    !tiles(
      wholeRange(axis),
      chunks.map((chunk) => chunk.range),
    )
  ) {
    throw new Error(`the chunks of pack ${name} do not tile the whole range`);
  }
  const sum = (key: 'buys' | 'sells') => chunks.reduce((total, chunk) => total + chunk[key], 0);
  if (sum('buys') !== buys || sum('sells') !== sells) {
    throw new Error(
      `the chunks of pack ${name} expect ${sum('buys')} + ${sum('sells')} rows, its tokens have ${buys} + ${sells}`,
    );
  }
}
