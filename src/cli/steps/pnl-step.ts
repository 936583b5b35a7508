import type { Work } from '../../clickhouse/heavy.js';
import type { Finding } from '../../core/finding.js';
import { type Leader, type Rebuilt, rebuildPnlTables } from '../../datasets/pnl/rebuild.js';
import type { Lease } from '../../publish/lease.js';
import { renderFindings } from '../../report/findings.js';
import { formatCount, formatDuration, formatMicros } from '../../report/format.js';
import { renderFacts, renderTable } from '../../report/table.js';
import { noteStep } from '../../run/keeper.js';
import type { FoundRun } from '../../run/run-folder.js';
import { stepAgain } from '../again.js';
import type { Context } from '../context.js';

/** What `run` and `demo` do for a run whose lock they hold. */
export async function rebuildFound(ctx: Context, work: Work, found: FoundRun, lease: Lease): Promise<Rebuilt> {
  const rebuilt = await rebuildAndShow(ctx, work, lease);
  notePnl(found);
  return rebuilt;
}

export async function rebuildAndShow(ctx: Context, work: Work, lease: Lease): Promise<Rebuilt> {
  const onGates = (gates: readonly Finding[]) => ctx.out.text(renderFindings('profit and loss', gates));
  const rebuilt = await stepAgain(ctx, 'rebuild-pnl', () => rebuildPnlTables(work, { onGates, lease }));
  ctx.out.text(`\n${describeRebuilt(rebuilt)}`);
  return rebuilt;
}

/** Notes the step in the run's checkpoint; the caller holds the run's lock. */
export function notePnl(found: FoundRun): void {
  noteStep(found.folder, 'rebuild-pnl', new Date().toISOString());
}

function describeRebuilt(rebuilt: Rebuilt): string {
  return [
    renderFacts([
      ['fills', formatCount(rebuilt.rows)],
      ['wallets', formatCount(rebuilt.wallets)],
      ['took', formatDuration(rebuilt.ms)],
    ]),
    leaderboard('won most', rebuilt.top),
    leaderboard('lost most', rebuilt.bottom),
    "ledger: cash and resolved shares, net of fees. average cost: the pnl-subgraph's rules on fills, gross of fees.",
  ].join('\n\n');
}

function leaderboard(title: string, leaders: readonly Leader[]): string {
  const money = (micros: string): string => formatMicros(BigInt(micros));
  return renderTable(
    [title, 'ledger P&L', 'average cost', 'volume', 'fills', 'markets', 'open', 'won', 'lost'],
    leaders.map((leader) => [
      leader.wallet,
      money(leader.ledgerMicros),
      money(leader.averageCostMicros),
      money(leader.volumeMicros),
      formatCount(leader.fills),
      formatCount(leader.markets),
      formatCount(leader.openMarkets),
      formatCount(leader.wins),
      formatCount(leader.losses),
    ]),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
}
