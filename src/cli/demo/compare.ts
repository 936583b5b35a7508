import { loadSql } from '../../clickhouse/sql.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import type { Target } from '../../clickhouse/target.js';
import { EXIT, ExitError } from '../../core/exit.js';
import { formatCount, formatMicros } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import { ledger, tokenTotals, walletLedgers } from '../../simulator/truth.js';
import type { Universe } from '../../simulator/universe.js';
import type { Context } from '../context.js';

export interface Compared {
  readonly rows: string;
  readonly buyMicros: string;
  readonly sellMicros: string;
  readonly wallets: number;
}

/**
 * The demo knows the truth: the simulator's own totals and every wallet's ledger, computed without our loader and without SQL.
 * Throws ExitError(3) when anything differs.
 */
export async function compareWithUniverse(ctx: Context, target: Target, universe: Universe): Promise<Compared> {
  const [live] = await target.query<Record<'rows' | 'buy_micros' | 'sell_micros', string>>(loadSql('demo/totals'), {
    names: { table: FILLS_LIVE },
  });
  const truth = { rows: 0n, buyMicros: 0n, sellMicros: 0n };
  for (const { served } of tokenTotals(universe)) {
    truth.rows += BigInt(served.buys.fills + served.sells.fills);
    truth.buyMicros += served.buys.usdc;
    truth.sellMicros += served.sells.usdc;
  }
  const held = {
    rows: BigInt(live?.rows ?? 0),
    buyMicros: BigInt(live?.buy_micros ?? 0),
    sellMicros: BigInt(live?.sell_micros ?? 0),
  };
  const wallets = await compareWallets(target, universe);
  const same =
    held.rows === truth.rows &&
    held.buyMicros === truth.buyMicros &&
    held.sellMicros === truth.sellMicros &&
    wallets.differing.length === 0;
  ctx.out.text(`\n${same ? 'Equal to the source, to the micro-dollar' : 'DIFFERS from the source'}`);
  ctx.out.text(
    renderFacts([
      ['rows', `${formatCount(held.rows)} live, ${formatCount(truth.rows)} served`],
      ['bought', `${formatMicros(held.buyMicros)} USDC live, ${formatMicros(truth.buyMicros)} served`],
      ['sold', `${formatMicros(held.sellMicros)} USDC live, ${formatMicros(truth.sellMicros)} served`],
      [
        'wallets',
        `${formatCount(wallets.total - wallets.differing.length)} of ${formatCount(wallets.total)} have the simulator's own P&L`,
      ],
    ]),
  );
  if (!same) throw new ExitError(EXIT.gateFailed, 'live and source differ', 'this is a defect: please report it');
  return {
    rows: String(held.rows),
    buyMicros: String(held.buyMicros),
    sellMicros: String(held.sellMicros),
    wallets: wallets.total,
  };
}

async function compareWallets(target: Target, universe: Universe): Promise<{ total: number; differing: string[] }> {
  const rows = await target.query<Record<'wallet' | 'ledger_micros' | 'open_cash_micros' | 'fills', string>>(
    loadSql('demo/wallets'),
  );
  const computed = new Map(
    rows.map((row) => [row.wallet, `${row.fills} ${row.ledger_micros} ${row.open_cash_micros}`]),
  );
  const differing: string[] = [];
  const truth = walletLedgers(ledger(universe));
  for (const { wallet, fills, realized, openCash } of truth) {
    if (computed.get(wallet) !== `${fills} ${realized} ${openCash}`) differing.push(wallet);
    computed.delete(wallet);
  }
  return { total: truth.length, differing: [...differing, ...computed.keys()] };
}
