import { preflight } from '../../clickhouse/preflight.js';
import { readCatalogue } from '../../datasets/conditions/catalogue.js';
import { endOfMarkets, loadMarkets, type MarketsReport } from '../../datasets/conditions/markets-step.js';
import { formatCount } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import type { Context } from '../context.js';
import { pnlRemark } from '../lease.js';
import { openTargetOf } from '../open-target.js';
import { marketsSources } from '../settings.js';

/** Token and market tables from the subgraphs. */
export async function markets(ctx: Context): Promise<void> {
  // Read before a server is started, so that a broken file stops the command before it begins.
  const catalogue = ctx.config.catalogue === undefined ? null : readCatalogue(ctx.config.catalogue);
  const { target } = await openTargetOf(ctx);
  await preflight(target);
  const report = await loadMarkets(ctx, target, { catalogue, ...marketsSources(ctx.config) });
  const pnl = await pnlRemark(target);
  ctx.out.result({ ...report, pnl: pnl ?? 'current' });
  ctx.out.text(renderMarketsReport(report));
  if (pnl !== null) ctx.out.text(pnl);
  endOfMarkets(report, 'run the same command again');
}

export function renderMarketsReport(r: MarketsReport): string {
  const facts: [string, string][] = [
    [
      'tokens',
      `${formatCount(r.tokens)} of ${formatCount(r.conditions)} conditions, ${formatCount(r.resolved)} resolved`,
    ],
    ['names', `${formatCount(r.named)} markets have one`],
    ['requests', formatCount(r.requests)],
  ];
  if (r.withoutOutcome > 0)
    facts.push(['place unknown', `${formatCount(r.withoutOutcome)} tokens have a condition, but no place in it`]);
  if (r.unexplained > 0) {
    facts.push([
      'unexplained',
      `${formatCount(r.unexplained)} tokens with fills that no condition explains: ${r.unexplainedTokens[0]}${r.unexplained > 1 ? ', …' : ''}`,
    ]);
  }
  if (r.oddConditions > 0)
    facts.push(['odd', `${formatCount(r.oddConditions)} conditions contradict themselves; see the log`]);
  if (r.setAside.length > 0)
    facts.push(['set aside', `${formatCount(r.setAside.length)} conditions that could not be decoded; see the log`]);
  return renderFacts(facts);
}
