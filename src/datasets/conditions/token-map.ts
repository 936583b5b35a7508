import type { SourceCounts } from '../fills/subgraph/counts.js';
import { type Condition, isUInt256 } from './conditions.js';

/** A token as `outcome_tokens` keeps it. `condition`: 64 hex digits without 0x, empty where unknown. */
export interface TokenRow {
  readonly token_id: string;
  readonly condition: string;
  readonly outcome_index: number | null;
  readonly payout_numerator: string;
  readonly payout_denominator: string;
  /** Who knows it: a condition of the P&L subgraph, the orderbook's market, or its counts alone. */
  readonly source: 'pnl' | 'orderbook' | 'counts';
}

export interface TokenMap {
  readonly tokens: readonly TokenRow[];
  readonly conditions: number;
  readonly resolved: number;
  /** Tokens with fills that nothing explains. */
  readonly unexplained: readonly string[];
  /** What the source says that cannot be: one sentence each. Such a condition counts as unresolved. */
  readonly odd: readonly string[];
}

/** Puts what two subgraphs know of tokens together. Pure. */
export function describeTokens(known: SourceCounts, conditions: readonly Condition[]): TokenMap {
  const tokens = new Map<string, TokenRow>();
  const odd: string[] = [];
  let resolved = 0;
  for (const condition of conditions) {
    const payouts = payoutsOf(condition, odd);
    if (payouts !== null) resolved++;
    for (const [index, token] of condition.positionIds.entries()) {
      const before = tokens.get(token);
      if (before) {
        odd.push(`token ${token} belongs to condition 0x${before.condition} and to ${condition.id}: the first counts`);
        continue;
      }
      tokens.set(token, {
        token_id: token,
        condition: bare(condition.id),
        outcome_index: index,
        payout_numerator: payouts?.numerators[index] ?? '0',
        payout_denominator: payouts?.denominator ?? '0',
        source: 'pnl',
      });
    }
  }
  for (const [token, condition] of known.conditions) {
    if (!tokens.has(token) && isUInt256(token)) tokens.set(token, unplaced(token, bare(condition), 'orderbook'));
  }
  const unexplained: string[] = [];
  for (const token of [...known.tokens.map((count) => count.token), ...known.uncounted]) {
    if (tokens.has(token) || !isUInt256(token)) continue;
    unexplained.push(token);
    tokens.set(token, unplaced(token, '', 'counts'));
  }
  const distinct = new Set([...tokens.values()].map((row) => row.condition));
  distinct.delete('');
  return { tokens: [...tokens.values()], conditions: distinct.size, resolved, unexplained, odd };
}

interface Payouts {
  readonly numerators: readonly string[];
  readonly denominator: string;
}

/** Null while unresolved: denominator 0 or no numerators. */
function payoutsOf(condition: Condition, odd: string[]): Payouts | null {
  const { payoutNumerators: numerators, payoutDenominator: denominator, positionIds } = condition;
  if (numerators.length === 0 || /^0+$/.test(denominator)) return null;
  if (numerators.length !== positionIds.length) {
    odd.push(
      `condition ${condition.id} has ${positionIds.length} tokens and ${numerators.length} payouts: kept as unresolved`,
    );
    return null;
  }
  const sum = numerators.reduce((total, n) => total + BigInt(n), 0n);
  if (sum !== BigInt(denominator)) {
    odd.push(`condition ${condition.id} pays ${sum} of ${denominator}: kept as unresolved`);
    return null;
  }
  return { numerators, denominator };
}

function unplaced(token: string, condition: string, source: 'orderbook' | 'counts'): TokenRow {
  return {
    token_id: token,
    condition: /^[0-9a-f]{64}$/.test(condition) ? condition : '',
    outcome_index: null,
    payout_numerator: '0',
    payout_denominator: '0',
    source,
  };
}

/** As the tables and the map keep it: hex digits without 0x, lower case. */
export function bare(condition: string): string {
  return condition.replace(/^0x/, '').toLowerCase();
}
