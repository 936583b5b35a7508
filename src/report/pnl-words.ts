import type { Figures } from '../core/finding.js';
import { count, explanations, money, number, residual, share, type Words } from './words.js';

const REBUILD = 'this is a defect of rebuild-pnl or a change of the tables while it ran: run it again, then report it';
const total = (o: Figures): string => `${o.total}: ${o.one} ${o.oneValue}, ${o.other} ${o.otherValue}`;

/** What rebuild-pnl says of its tables, by the id of the check. */
export const PNL_WORDS = {
  pnl_fills: {
    name: 'every fill counted once',
    figure: (f, status) =>
      status === 'passed'
        ? `${count(f, 'fills')} fills, ${money(f, 'micros')} USDC`
        : `${count(f, 'wrong')} totals differ`,
    offender: total,
    todo: () => REBUILD,
  },
  pnl_wallets: {
    name: 'no wallet lost',
    figure: (f, status) =>
      status === 'passed' ? `${count(f, 'wallets')} wallets` : `${count(f, 'wrong')} totals differ`,
    offender: total,
    todo: () => REBUILD,
  },
  pnl_tables: {
    name: 'the two tables agree',
    figure: (f, status) =>
      status === 'passed'
        ? `ledger ${money(f, 'ledgerMicros')}, average cost ${money(f, 'averageCostMicros')}`
        : `${count(f, 'wrong')} totals differ`,
    offender: total,
    todo: () => REBUILD,
  },
  pnl_residuals: {
    name: 'every residual is named',
    figure: (f, status) =>
      status === 'passed'
        ? `${count(f, 'transactions')} transactions, listed in pnl_residuals`
        : `${count(f, 'unexplained')} transactions do not balance and nothing explains them`,
    offender: residual,
    todo: () =>
      'live holds rows that verify would not let pass: load and promote it anew, or `backfill markets` if whole conditions are off',
  },
  pnl_zero_sum: {
    name: 'zero-sum of resolved conditions',
    figure: (f, status) => {
      if (status === 'failed') {
        return `${count(f, 'wrong')} of ${count(f, 'conditions')} conditions do not sum to their residuals`;
      }
      const named = explanations(f)
        .map((e) => `${e} ${count(f, `transactions_${e}`)}`)
        .join(', ');
      const rest = number(f, 'grossMicros') === 0 && named === '' ? '' : `, all of it residuals: ${named || 'none'}`;
      return `${count(f, 'conditions')} conditions sum to ${money(f, 'grossMicros')} USDC${rest}`;
    },
    offender: (o) =>
      o.gross === o.explained
        ? `${o.condition}: the ledger figures are off by ${o.ledgerGap} (allowed ${o.allowedGap}) in units of 1/${o.denominator} micro-USDC`
        : `${o.condition}: ${o.gross}, its residuals ${o.explained}, in units of 1/${o.denominator} micro-USDC`,
    todo: () => REBUILD,
  },
  pnl_open: {
    name: 'unresolved is open, not lost',
    figure: (f, status) => {
      if (status === 'passed') return `${count(f, 'resolvedFills')} fills in resolved markets`;
      const wrong: string[] = [];
      if (number(f, 'openWithLedger') > 0)
        wrong.push(`${count(f, 'openWithLedger')} rows of unresolved markets have a ledger figure`);
      if (number(f, 'resolvedWithout') > 0)
        wrong.push(`${count(f, 'resolvedWithout')} rows of resolved markets have none`);
      if (f.resolvedFills !== f.expectedFills)
        wrong.push(`${count(f, 'resolvedFills')} fills in resolved markets, ${count(f, 'expectedFills')} expected`);
      return wrong.join('; ');
    },
    todo: () => REBUILD,
  },
  pnl_token_map: {
    name: 'tokens with a known condition',
    figure: (f, status) =>
      status === 'passed'
        ? 'all'
        : `${count(f, 'fills')} fills have none: ${share(f, 'micros', 'ofMicros')} of the volume, kept as open`,
    todo: () => 'run `backfill markets`, then rebuild',
  },
} as const satisfies Readonly<Record<string, Words>>;
