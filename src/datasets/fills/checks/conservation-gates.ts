import { failedGate, type Gate, passed, share, skipped, warned } from '../../../publish/gate.js';
import { formatCount } from '../../../report/format.js';
import type { Coverage, ResidualClass, Residuals } from './conservation.js';

export function conservationGate(coverage: Coverage, found: Residuals): Gate {
  const name = 'conservation';
  const mapped = coverage.rows - coverage.unmapped.rows;
  const total = found.classes.reduce((sum, c) => sum + c.transactions, 0);
  const bad = found.classes.find((c) => c.explanation === 'unexplained')?.transactions ?? 0;
  const listed = found.classes.map((c) => describeClass(c, coverage.micros)).join('; ');
  if (bad === 0 && found.shortExcess.length === 0) {
    return passed(
      name,
      total === 0
        ? `every transaction balances (${formatCount(mapped)} fills)`
        : `${formatCount(mapped)} fills; explained residuals: ${listed}`,
    );
  }
  return failedGate(
    name,
    bad > 0
      ? `${formatCount(bad)} transactions do not balance; ${listed}`
      : `source-short tokens excuse too much; ${listed}`,
    [...found.unexplained, ...found.shortExcess],
    'look at these transactions in the table conservation_residuals; a wrong token map shows as whole conditions ' +
      '(`backfill markets` rebuilds it), a wrong row as single transactions (`backfill fills --fresh` loads anew)',
  );
}

export function mapGate({ unmapped, micros }: Coverage): Gate {
  const name = 'tokens with a known condition';
  if (unmapped.rows === 0) return passed(name, 'all');
  return warned(
    name,
    `${formatCount(unmapped.tokens)} tokens have none: ${formatCount(unmapped.rows)} fills, ` +
      `${share(unmapped.micros, micros)} of the volume; conservation is not checked there`,
    [],
    'run `backfill markets` again if these markets are new; their P&L stays open',
  );
}

export function withoutMapGates(): Gate[] {
  return [skipped('conservation', 'not checked: no token map', 'run `backfill markets`, then verify again')];
}

function describeClass(c: ResidualClass, micros: bigint): string {
  return `${c.explanation} ${formatCount(c.transactions)} (${share(c.micros, micros)} of the volume)`;
}
