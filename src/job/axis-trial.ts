import type { Context } from '../context.js';
import type { Plan, Range } from '../plan/chunk.js';
import { splitRange, wholeRange } from '../plan/ranges.js';
import { fetchPage } from '../source/page.js';
import type { SourceLink } from './source-link.js';

/** Which way of asking for a large token the source answers faster. */
export interface AxisTrial {
  readonly idMsPerRow: number;
  readonly timeMsPerRow: number;
  readonly prefers: 'id' | 'time';
}

const PAGES = 6;
/** Below this a page holds most of the token, however it is asked for. */
const LARGE_ROWS = 20_000;
/** How much faster the other way must be: what is measured is noisy. */
const MARGIN = 1.25;

/** Pages of the largest token, by id ranges and by time windows in turn. Null when no token is large. */
export async function compareAxes(
  ctx: Context,
  source: SourceLink,
  plan: Plan,
  block: number | null,
): Promise<AxisTrial | null> {
  const largest = plan.tokens.reduce<Plan['tokens'][number] | null>(
    (best, token) => (best === null || token.buys > best.buys ? token : best),
    null,
  );
  if (largest === null || largest.buys < LARGE_ROWS) return null;
  const parts = Math.ceil(largest.buys / plan.options.pageRows);
  const byId = splitRange(wholeRange('id'), parts);
  const span = await timeSpan(ctx, source, largest.token, block, plan.options.pageRows);
  if (span === null) return null;
  const byTime = splitRange(span, parts);
  let [idMs, idRows, timeMs, timeRows] = [0, 0, 0, 0];
  for (let page = 0; page < PAGES; page++) {
    const at = (ranges: readonly Range[]) => ranges[Math.floor((page * ranges.length) / PAGES)] as Range;
    const id = await timePage(ctx, source, largest.token, at(byId), block, plan.options.pageRows);
    const time = await timePage(ctx, source, largest.token, at(byTime), block, plan.options.pageRows);
    idMs += id.ms;
    idRows += id.rows;
    timeMs += time.ms;
    timeRows += time.rows;
  }
  const [idMsPerRow, timeMsPerRow] = [idMs / Math.max(1, idRows), timeMs / Math.max(1, timeRows)];
  return { idMsPerRow, timeMsPerRow, prefers: timeMsPerRow * MARGIN < idMsPerRow ? 'time' : 'id' };
}

async function timePage(
  ctx: Context,
  source: SourceLink,
  token: string,
  range: Range,
  block: number | null,
  pageRows: number,
): Promise<{ ms: number; rows: number; times: number[] }> {
  const segment = { side: 'buy' as const, tokens: [token], range, cursor: null, expected: pageRows };
  const startMs = performance.now();
  const [page] = await source.retry('a sample page', () =>
    fetchPage(source.client, [segment], { block, pageRows, signal: ctx.stop }),
  );
  const times = page?.rows.texts('timestamp').map(Number) ?? [];
  return { ms: performance.now() - startMs, rows: times.length, times };
}

/** When the token traded, from one page of its fills: ids are hashes, so a page of them is a fair sample. */
async function timeSpan(
  ctx: Context,
  source: SourceLink,
  token: string,
  block: number | null,
  pageRows: number,
): Promise<Range | null> {
  const { times } = await timePage(ctx, source, token, wholeRange('id'), block, pageRows);
  if (times.length < 2) return null;
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  return first === last ? null : { axis: 'time', from: String(first), to: String(last + 1) };
}
