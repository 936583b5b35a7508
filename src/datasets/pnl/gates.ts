import { type Finding, type FindingId, finding, type RawFigures } from '../../core/finding.js';
import type { Residuals } from '../fills/checks/conservation.js';
import { summarize } from '../fills/checks/conservation-gates.js';
import type { OpenCheck, Totals, ZeroSum } from './materialize.js';

/** Every fill is counted once, no wallet is lost, and the two tables agree. */
export function totalsGates(totals: readonly Totals[]): Finding[] {
  const of = (source: string): Totals => {
    const found = totals.find((row) => row.source === source);
    if (found === undefined) throw new Error(`gate-totals says nothing of ${source}`);
    return found;
  };
  const fills = of('fills');
  const market = of('wallet_market_pnl');
  const wallets = of('wallet_pnl');
  const differences = (a: Totals, b: Totals, keys: readonly (keyof Totals)[]): RawFigures[] =>
    keys
      .filter((key) => a[key] !== b[key])
      .map((key) => ({ total: key, one: a.source, oneValue: a[key], other: b.source, otherValue: b[key] }));
  const gate = (id: FindingId, wrong: RawFigures[], figures: RawFigures): Finding =>
    finding(id, wrong.length === 0 ? 'passed' : 'failed', { ...figures, wrong: wrong.length }, wrong);
  return [
    gate(
      'pnl_fills',
      [
        ...differences(fills, market, ['fills', 'volume', 'cash', 'feeUsdc', 'feeShares']),
        ...differences(fills, wallets, ['fills', 'volume']),
      ],
      { fills: fills.fills, micros: fills.volume },
    ),
    gate('pnl_wallets', [...differences(fills, market, ['wallets']), ...differences(fills, wallets, ['wallets'])], {
      wallets: fills.wallets,
    }),
    gate('pnl_tables', differences(market, wallets, ['fills', 'volume', 'ledger', 'averageCost']), {
      ledgerMicros: market.ledger,
      averageCostMicros: market.averageCost,
    }),
  ];
}

/** What one wallet wins another loses: the sums of the resolved conditions are those of their residuals, to the last unit. */
export function zeroSumGate(sum: ZeroSum, residuals: Residuals): Finding {
  return finding(
    'pnl_zero_sum',
    sum.wrongConditions === 0 ? 'passed' : 'failed',
    {
      conditions: sum.conditions,
      wrong: sum.wrongConditions,
      grossMicros: sum.grossMicros,
      explainedMicros: sum.explainedMicros,
      ...summarize(residuals).figures,
    },
    sum.worst
      .filter((c) => c.wrong)
      .map(({ condition, gross, explained, ledgerGap, allowedGap, denominator }) => ({
        condition,
        gross,
        explained,
        ledgerGap,
        allowedGap,
        denominator,
      })),
  );
}

/** Conservation of live itself: a promoted table has passed it, a table that came another way may not. */
export function residualsGate(found: Residuals): Finding {
  const { unexplained, figures, offenders } = summarize(found);
  const passed = unexplained === 0 && found.shortExcess.length === 0;
  return finding('pnl_residuals', passed ? 'passed' : 'failed', figures, offenders);
}

export function openGate({ openWithLedger, resolvedWithout, resolvedFills, expectedFills }: OpenCheck): Finding {
  const passed = openWithLedger === 0 && resolvedWithout === 0 && resolvedFills === expectedFills;
  const figures = { openWithLedger, resolvedWithout, resolvedFills, expectedFills };
  return finding('pnl_open', passed ? 'passed' : 'failed', figures);
}

export function knownGate(open: OpenCheck): Finding {
  return finding('pnl_token_map', open.unknownFills === 0 ? 'passed' : 'warned', {
    fills: open.unknownFills,
    micros: open.unknownMicros,
    ofMicros: open.volumeMicros,
  });
}
