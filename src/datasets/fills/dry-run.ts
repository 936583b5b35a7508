import { formatCount, formatDuration, formatMicros } from '../../report/format.js';
import type { StepContext } from '../../report/step.js';
import { renderFacts } from '../../report/table.js';
import { openLink } from '../../sources/subgraph/link.js';
import { type AskedSelection, countedRows, planRun, readPlanInput, readSourceHead } from './planning.js';
import type { FillsSettings } from './settings.js';

/** What a run would ask for and how long the source's limit makes it at least. Touches nothing but the source. */
export async function printDryRun(
  step: StepContext,
  settings: Pick<FillsSettings, 'source' | 'plan'>,
  asked: AskedSelection,
): Promise<void> {
  const source = openLink(step, settings.source);
  const head = await readSourceHead(step, source);
  const planned = await readPlanInput(step, source, asked.selection, head);
  const plan = planRun(settings.plan, planned);
  const { selected } = planned;
  const rows = countedRows(plan, selected.uncounted);
  const planning = source.requests();
  const requests = plan.totals.requests + planning;
  const floorMs = (plan.totals.requests / settings.source.rps) * 1000;
  const usdcMicros = plan.tokens.reduce((sum, t) => sum + BigInt(t.buyMicros) + BigInt(t.sellMicros), 0n);
  step.out.result({
    block: head.block,
    pinned: planned.pinned,
    selection: asked.text,
    tokens: plan.totals.tokens,
    markets: { withFills: selected.markets, withoutFills: selected.marketsWithoutFills },
    rows,
    uncounted: selected.uncounted,
    usdc: formatMicros(usdcMicros),
    chunks: plan.chunks.length,
    requests: { planning, pages: plan.totals.requests, per1000Rows: (requests / Math.max(1, rows)) * 1000 },
    floorMs,
    rps: settings.source.rps,
  });
  step.out.text(
    renderFacts([
      ['block', `${formatCount(head.block)}${planned.pinned ? '' : ' (the source refuses the pin)'}`],
      ['selection', asked.text],
      ['markets', `${formatCount(selected.markets)} with fills, ${formatCount(selected.marketsWithoutFills)} without`],
      ['tokens', formatCount(plan.totals.tokens)],
      ['rows', formatCount(rows)],
      ['USDC', formatMicros(usdcMicros)],
      ['chunks', formatCount(plan.chunks.length)],
      [
        'requests',
        `${formatCount(plan.totals.requests)} for pages, ${formatCount(planning)} for planning: ${((requests / Math.max(1, rows)) * 1000).toFixed(3)} per 1,000 rows`,
      ],
      ['time floor', `${formatDuration(floorMs)} at ${settings.source.rps} requests a second`],
    ]),
  );
}
