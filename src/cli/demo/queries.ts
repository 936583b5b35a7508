import { loadSql } from '../../clickhouse/sql.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import type { Target } from '../../clickhouse/target.js';
import { formatCount } from '../../report/format.js';
import { renderTable } from '../../report/table.js';
import type { Context } from '../context.js';

/** A few questions that a person would ask of the live tables. */
export async function askAround(ctx: Context, target: Target): Promise<void> {
  const names = { table: FILLS_LIVE };
  const months = await target.query<Record<'month' | 'fills' | 'wallets' | 'usdc', string>>(loadSql('demo/by_month'), {
    names,
  });
  const shown = months.slice(-6);
  ctx.out.text(`\nFills by month (the last ${shown.length} of ${months.length})`);
  ctx.out.text(
    renderTable(
      ['month', 'fills', 'wallets', 'USDC'],
      shown.map((m) => [m.month, formatCount(BigInt(m.fills)), formatCount(BigInt(m.wallets)), groups(m.usdc)]),
      [1, 2, 3],
    ),
  );
  const top = await target.query<Record<'name' | 'fills' | 'usdc' | 'state', string>>(loadSql('demo/top_markets'), {
    names,
  });
  ctx.out.text('\nTop markets by USDC');
  ctx.out.text(
    renderTable(
      ['market', 'fills', 'USDC', ''],
      top.slice(0, 5).map((m) => [m.name.slice(0, 42), formatCount(BigInt(m.fills)), groups(m.usdc), m.state]),
      [1, 2],
    ),
  );
}

function groups(decimal: string): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return `${formatCount(BigInt(whole))}.${fraction.padEnd(6, '0').slice(0, 2)}`;
}
