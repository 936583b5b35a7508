import type { StepContext } from '../../../report/step.js';
import type { SourceLink } from '../../../sources/subgraph/link.js';
import type { Plan, Range } from '../plan/chunk.js';
import { splitRange, wholeRange } from '../plan/ranges.js';
import { SamplingSource } from './sampling-source.js';

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
export const CLEARLY = 1.25;

/** Pages of the largest token, by id ranges and by time windows in turn. Null when no token is large. */
export async function compareAxes(
  step: StepContext,
  source: SourceLink,
  plan: Plan,
  block: number | null,
): Promise<AxisTrial | null> {
  const largest = plan.tokens.reduce<Plan['tokens'][number] | null>(
    (best, token) => (best === null || token.buys > best.buys ? token : best),
    null,
  );
  if (largest === null || largest.buys < LARGE_ROWS) return null;
  const sampling = new SamplingSource(source, step.stop);
  try {
    return await timeAxes(sampling, largest, plan.options.pageRows, block);
  } finally {
    await sampling.close();
  }
}

async function timeAxes(
  sampling: SamplingSource,
  { token, buys }: Plan['tokens'][number],
  pageRows: number,
  block: number | null,
): Promise<AxisTrial | null> {
  const parts = Math.ceil(buys / pageRows);
  const timePage = (range: Range) => samplePage(sampling, token, range, { block, pageRows });
  const span = spanOf((await timePage(wholeRange('id'))).times);
  if (span === null) return null;
  const byId = splitRange(wholeRange('id'), parts);
  const byTime = splitRange(span, parts);
  let [idMs, idRows, timeMs, timeRows] = [0, 0, 0, 0];
  for (let page = 0; page < PAGES; page++) {
    const at = (ranges: readonly Range[]) => ranges[Math.floor((page * ranges.length) / PAGES)] as Range;
    const id = await timePage(at(byId));
    const time = await timePage(at(byTime));
    idMs += id.ms;
    idRows += id.times.length;
    timeMs += time.ms;
    timeRows += time.times.length;
  }
  const [idMsPerRow, timeMsPerRow] = [idMs / Math.max(1, idRows), timeMs / Math.max(1, timeRows)];
  return { idMsPerRow, timeMsPerRow, prefers: timeMsPerRow * CLEARLY < idMsPerRow ? 'time' : 'id' };
}

async function samplePage(
  sampling: SamplingSource,
  token: string,
  range: Range,
  options: { readonly block: number | null; readonly pageRows: number },
): Promise<{ ms: number; times: number[] }> {
  const segment = { side: 'buy' as const, tokens: [token], range, cursor: null, expected: options.pageRows };
  const { pages, requestMs } = await sampling.fetch([segment], options);
  return { ms: requestMs, times: pages[0]?.rows.texts('timestamp').map(Number) ?? [] };
}

/** When the token traded, by one page of its fills: ids are hashes, so a page of them is a fair sample. */
function spanOf(times: readonly number[]): Range | null {
  if (times.length < 2) return null;
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  return first === last ? null : { axis: 'time', from: String(first), to: String(last + 1) };
}
