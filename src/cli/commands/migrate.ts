import { preflightServer } from '../../clickhouse/preflight.js';
import { ensureDatabase } from '../../clickhouse/schema.js';
import { MIGRATIONS } from '../../datasets/migrations/list.js';
import { migrateDatabase } from '../../publish/migrate.js';
import { renderFacts } from '../../report/table.js';
import { stepAgain } from '../again.js';
import type { Context } from '../context.js';
import { pnlRemark } from '../lease.js';
import { openTargetOf } from '../open-target.js';

/** Brings the tables of an older backfill up; their rows are kept. */
export async function migrate(ctx: Context): Promise<void> {
  const { target } = await openTargetOf(ctx);
  await preflightServer(target);
  await ensureDatabase(target);
  const work = { target, maxMemoryMb: ctx.config.maxMemory, log: ctx.log, signal: ctx.stop };
  const migrated = await stepAgain(ctx, 'migrate', () => migrateDatabase(work, MIGRATIONS));
  const pnl = migrated.done.length === 0 ? null : await pnlRemark(target);
  ctx.out.result({ ...migrated, pnl: pnl ?? 'current' });
  const { from, to, done } = migrated;
  ctx.out.text(
    renderFacts([
      ['schema version', from === to ? `${to}: nothing to do` : `${from ?? 'none'} → ${to}`],
      ...done.map((line) => ['brought up', line] as [string, string]),
      ...(pnl === null ? [] : [['next', pnl] as [string, string]]),
    ]),
  );
}
