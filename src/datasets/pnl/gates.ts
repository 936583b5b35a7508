import { failedGate, type Gate, passed, share, WORST, warned } from '../../publish/gate.js';
import { formatCount, formatMicros } from '../../report/format.js';
import type { Residuals } from '../fills/checks/conservation.js';
import type { OpenCheck, Totals, ZeroSum } from './materialize.js';

const REBUILD = 'this is a defect of rebuild-pnl or a change of the tables while it ran: run it again, then report it';

/** Every fill is counted once, no wallet is lost, and the two tables agree. */
export function totalsGates(totals: readonly Totals[]): Gate[] {
  const of = (source: string): Totals => {
    const found = totals.find((row) => row.source === source);
    if (found === undefined) throw new Error(`gate-totals says nothing of ${source}`);
    return found;
  };
  const fills = of('fills');
  const market = of('wallet_market_pnl');
  const wallets = of('wallet_pnl');
  const differences = (a: Totals, b: Totals, keys: readonly (keyof Totals)[]): string[] =>
    keys.filter((key) => a[key] !== b[key]).map((key) => `${key}: ${a.source} ${a[key]}, ${b.source} ${b[key]}`);
  const counted = [
    ...differences(fills, market, ['fills', 'volume', 'cash', 'feeUsdc', 'feeShares']),
    ...differences(fills, wallets, ['fills', 'volume']),
  ];
  const lost = [...differences(fills, market, ['wallets']), ...differences(fills, wallets, ['wallets'])];
  const apart = differences(market, wallets, ['fills', 'volume', 'ledger', 'averageCost']);
  const gate = (name: string, wrong: string[], figure: string): Gate =>
    wrong.length === 0 ? passed(name, figure) : failedGate(name, `${wrong.length} totals differ`, wrong, REBUILD);
  return [
    gate('every fill counted once', counted, `${formatCount(fills.fills)} fills, ${formatMicros(fills.volume)} USDC`),
    gate('no wallet lost', lost, `${formatCount(fills.wallets)} wallets`),
    gate(
      'the two tables agree',
      apart,
      `ledger ${formatMicros(market.ledger)}, average cost ${formatMicros(market.averageCost)}`,
    ),
  ];
}

/** What one wallet wins another loses: the sums of the resolved conditions are those of their residuals, to the last unit. */
export function zeroSumGate(sum: ZeroSum, residuals: Residuals): Gate {
  const name = 'zero-sum of resolved conditions';
  const named = residuals.classes.map((c) => `${c.explanation} ${formatCount(c.transactions)}`).join(', ');
  const figure =
    `${formatCount(sum.conditions)} conditions sum to ${formatMicros(sum.grossMicros)} USDC` +
    (sum.grossMicros === 0n && named === '' ? '' : `, all of it residuals: ${named || 'none'}`);
  if (sum.wrongConditions === 0) return passed(name, figure);
  return failedGate(
    name,
    `${formatCount(sum.wrongConditions)} of ${formatCount(sum.conditions)} conditions do not sum to their residuals`,
    sum.worst
      .filter((c) => c.wrong)
      .slice(0, WORST)
      .map((c) =>
        c.gross === c.explained
          ? `${c.condition}: the ledger figures are off by ${c.ledgerGap} (allowed ${c.allowedGap}) in units of 1/${c.denominator} micro-USDC`
          : `${c.condition}: ${c.gross}, its residuals ${c.explained}, in units of 1/${c.denominator} micro-USDC`,
      ),
    REBUILD,
  );
}

/** Conservation of live itself: a promoted table has passed it, a table that came another way may not. */
export function residualsGate(found: Residuals): Gate {
  const name = 'every residual is named';
  const bad = found.classes.find((c) => c.explanation === 'unexplained');
  if (bad === undefined && found.shortExcess.length === 0) {
    const total = found.classes.reduce((sum, c) => sum + c.transactions, 0);
    return passed(name, `${formatCount(total)} transactions, listed in pnl_residuals`);
  }
  return failedGate(
    name,
    `${formatCount(bad?.transactions ?? 0)} transactions do not balance and nothing explains them`,
    [...found.unexplained, ...found.shortExcess],
    'live holds rows that verify would not let pass: load and promote it anew, or `backfill markets` if whole conditions are off',
  );
}

export function openGate(open: OpenCheck): Gate {
  const name = 'unresolved is open, not lost';
  const wrong: string[] = [];
  if (open.openWithLedger > 0)
    wrong.push(`${formatCount(open.openWithLedger)} rows of unresolved markets have a ledger figure`);
  if (open.resolvedWithout > 0) wrong.push(`${formatCount(open.resolvedWithout)} rows of resolved markets have none`);
  if (open.resolvedFills !== open.expectedFills) {
    wrong.push(
      `${formatCount(open.resolvedFills)} fills in resolved markets, ${formatCount(open.expectedFills)} expected`,
    );
  }
  if (wrong.length > 0) return failedGate(name, wrong.join('; '), [], REBUILD);
  return passed(name, `${formatCount(open.resolvedFills)} fills in resolved markets`);
}

export function knownGate(open: OpenCheck): Gate {
  const name = 'tokens with a known condition';
  if (open.unknownFills === 0) return passed(name, 'all');
  return warned(
    name,
    `${formatCount(open.unknownFills)} fills have none: ${share(open.unknownMicros, open.volumeMicros)} of the volume, kept as open`,
    [],
    'run `backfill markets`, then rebuild',
  );
}
