/** What a synthetic universe is drawn from. Rates are shares of all matches; 0 switches the kind off. */
export interface SyntheticOptions {
  readonly seed: number;
  readonly markets: number;
  /** Aimed at; `universe.fillCount` is what came out. */
  readonly fills: number;
  /** The share of markets that nobody ever traded. */
  readonly emptyShare?: number;
  /** One order filled twice in one transaction: counted twice, served once. */
  readonly doubleFillRate?: number;
  /** A fill by the operator alone, outside a match. */
  readonly directRate?: number;
  /** An aggressor's purchase that says more than was spent. */
  readonly refundRate?: number;
  /** A resting leg so small that one of its amounts is zero. */
  readonly dustRate?: number;
  /** Multiplies the era's fee rates. */
  readonly feeFactor?: number;
  /** The share of markets that no pnl condition explains. */
  readonly unexplainedShare?: number;
  readonly wallets?: number;
}

export type Rates = Required<Omit<SyntheticOptions, 'seed' | 'markets' | 'fills'>>;

/** Fills of an average match: what `fills` is divided by to get matches. Measured, see the tests. */
export const FILLS_PER_MATCH = 2.585;

/** A rate that is rare at scale, yet gives a few cases in a small universe. */
function rare(rate: number, matches: number): number {
  return Math.min(1 / 50, Math.max(rate, 4 / Math.max(1, matches)));
}

export function ratesOf(options: SyntheticOptions): Rates {
  const matches = options.fills / FILLS_PER_MATCH;
  return {
    emptyShare: options.emptyShare ?? 1 / 3,
    doubleFillRate: options.doubleFillRate ?? rare(1 / 20_000, matches),
    directRate: options.directRate ?? rare(1 / 2_000, matches),
    refundRate: options.refundRate ?? rare(1 / 3_000, matches),
    dustRate: options.dustRate ?? rare(1 / 300, matches),
    feeFactor: options.feeFactor ?? 1,
    unexplainedShare: options.unexplainedShare ?? 1 / 400,
    wallets: options.wallets ?? Math.max(40, Math.round((740_000 / 37_300_000) * options.fills)),
  };
}
