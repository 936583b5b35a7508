import type { Target } from '../clickhouse/target.js';
import { whyPnlBehind } from '../datasets/pnl/versions.js';
import { type Lease, takeLease } from '../publish/lease.js';
import type { Context } from './context.js';

/** One process at a time changes which tables readers see, whatever run or machine it is for; given back when the command ends. */
export async function leaseOf(ctx: Context, target: Target): Promise<Lease> {
  const lease = await takeLease(target, { what: ctx.command, log: ctx.log, signal: ctx.stop });
  ctx.releases.push('lease of the target', () => lease.release());
  return lease;
}

/** What a command that changes fills or resolutions says of P&L at its end; null when P&L follows them. */
export async function pnlRemark(target: Target): Promise<string | null> {
  const why = await whyPnlBehind(target);
  return why === null ? null : `P&L is behind: ${why}; run \`backfill rebuild-pnl\``;
}
