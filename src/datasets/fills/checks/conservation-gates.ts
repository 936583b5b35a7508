import { type Finding, finding } from '../../../core/finding.js';
import type { Coverage, Residuals } from './conservation.js';

export function conservationGate(coverage: Coverage, found: Residuals): Finding {
  const { unexplained, figures, offenders } = summarize(found);
  return finding(
    'conservation',
    unexplained === 0 && found.shortExcess.length === 0 ? 'passed' : 'failed',
    { fills: coverage.rows - coverage.unmapped.rows, micros: coverage.micros, ...figures },
    offenders,
  );
}

/** What conservation says of residuals, and the gates of P&L as well: how many of each explanation, and the worst without one. */
export function summarize({ classes, unexplained, shortExcess }: Residuals) {
  const count = classes.find((c) => c.explanation === 'unexplained')?.transactions ?? 0;
  return {
    unexplained: count,
    figures: {
      transactions: classes.reduce((sum, c) => sum + c.transactions, 0),
      unexplained: count,
      ...Object.fromEntries(
        classes.flatMap(({ explanation, transactions, micros }) => [
          [`transactions_${explanation}`, transactions],
          [`micros_${explanation}`, micros],
        ]),
      ),
    },
    offenders: [...unexplained, ...shortExcess],
  };
}

export function mapGate({ unmapped, micros }: Coverage): Finding {
  return finding('token_map', unmapped.rows === 0 ? 'passed' : 'warned', {
    tokens: unmapped.tokens,
    fills: unmapped.rows,
    micros: unmapped.micros,
    ofMicros: micros,
  });
}

export function withoutMapGates(): Finding[] {
  return [finding('conservation', 'skipped', {})];
}
