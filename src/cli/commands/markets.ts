import { preflight } from '../../clickhouse/preflight.js';
import { readCatalogue } from '../../datasets/conditions/catalogue.js';
import { loadMarketsOfChain } from '../../datasets/conditions/chain/markets-of-chain.js';
import { renderMarketsReport } from '../../datasets/conditions/markets-report.js';
import { endOfMarkets, loadMarkets } from '../../datasets/conditions/markets-step.js';
import type { Context } from '../context.js';
import { pnlRemark } from '../lease.js';
import { openTargetOf } from '../open-target.js';
import { chainMarketsOptions, marketsSources } from '../settings.js';

/** Token and market tables from the subgraphs, or from the chain. */
export async function markets(ctx: Context): Promise<void> {
  // Read before a server is started, so that a broken file stops the command before it begins.
  const catalogue = ctx.config.catalogue === undefined ? null : readCatalogue(ctx.config.catalogue);
  const opened = await openTargetOf(ctx);
  const { target } = opened;
  await preflight(target);
  const report =
    ctx.config.source === 'chain'
      ? await loadMarketsOfChain(ctx, opened, { catalogue, ...chainMarketsOptions(ctx.config) })
      : await loadMarkets(ctx, target, { catalogue, ...marketsSources(ctx.config) });
  const pnl = await pnlRemark(target);
  ctx.out.result({ ...report, pnl: pnl ?? 'current' });
  ctx.out.text(renderMarketsReport(report));
  if (pnl !== null) ctx.out.text(pnl);
  endOfMarkets(report, 'run the same command again');
}
