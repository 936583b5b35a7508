/**
 * The second oracle: both measures as plain loops over plain objects, written from the definitions alone. Nothing here is shared
 * with the SQL, and BigInt division truncates toward zero by itself.
 */
export interface LedgerFill {
  readonly id: string;
  readonly time: number;
  readonly wallet: string;
  readonly token: string;
  readonly buy: boolean;
  readonly shares: bigint;
  readonly usdc: bigint;
  readonly fee: bigint;
}

export interface LedgerToken {
  readonly condition: string;
  readonly index: number;
  readonly numerator: bigint;
  /** 0n: unresolved. */
  readonly denominator: bigint;
}

export interface Position {
  fills: number;
  buy: bigint;
  sell: bigint;
  feeUsdc: bigint;
  feeShares: bigint;
  net: bigint[];
  cash: bigint;
  ledger: bigint | null;
  mark: bigint | null;
  averageCost: bigint;
}

export const UNKNOWN = 'unknown';

/** Positions by `wallet condition`. */
export function ledgerOf(
  fills: readonly LedgerFill[],
  tokens: ReadonlyMap<string, LedgerToken>,
): Map<string, Position> {
  const ordered = [...fills].sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const positions = new Map<string, Position>();
  const prices = new Map<string, { usdc: bigint; shares: bigint }>();
  const unknownNets = new Map<string, Map<string, bigint>>();
  const costs = new Map<string, { held: bigint; average: bigint; realized: bigint }>();
  for (const fill of ordered) {
    const token = tokens.get(fill.token);
    const key = `${fill.wallet} ${token?.condition ?? UNKNOWN}`;
    let at = positions.get(key);
    if (at === undefined) {
      at = {
        fills: 0,
        buy: 0n,
        sell: 0n,
        feeUsdc: 0n,
        feeShares: 0n,
        net: token ? [0n, 0n] : [],
        cash: 0n,
        ledger: null,
        mark: null,
        averageCost: 0n,
      };
      positions.set(key, at);
    }
    at.fills++;
    if (fill.buy) {
      at.buy += fill.usdc;
      at.feeShares += fill.fee;
      at.cash -= fill.usdc;
      if (token) at.net[token.index] = (at.net[token.index] ?? 0n) + fill.shares - fill.fee;
    } else {
      at.sell += fill.usdc;
      at.feeUsdc += fill.fee;
      at.cash += fill.usdc - fill.fee;
      if (token) at.net[token.index] = (at.net[token.index] ?? 0n) - fill.shares;
    }
    if (!token) {
      const nets = unknownNets.get(fill.wallet) ?? new Map<string, bigint>();
      nets.set(fill.token, (nets.get(fill.token) ?? 0n) + (fill.buy ? fill.shares - fill.fee : -fill.shares));
      unknownNets.set(fill.wallet, nets);
    }
    if (fill.usdc > 0n && fill.shares > 0n) prices.set(fill.token, { usdc: fill.usdc, shares: fill.shares });
    const costKey = `${fill.wallet} ${fill.token}`;
    const cost = costs.get(costKey) ?? { held: 0n, average: 0n, realized: 0n };
    at.averageCost += averageCostStep(cost, fill);
    costs.set(costKey, cost);
  }
  const ofCondition = new Map<string, { id: string; token: LedgerToken }[]>();
  for (const [id, token] of tokens) {
    const list = ofCondition.get(token.condition) ?? [];
    list.push({ id, token });
    ofCondition.set(token.condition, list);
  }
  for (const [key, at] of positions) {
    const outcomes = ofCondition.get(key.split(' ')[1] ?? '') ?? [];
    const resolved = outcomes.length > 0 && outcomes.every(({ token }) => token.denominator > 0n);
    if (resolved) {
      at.ledger = at.cash;
      for (const { token } of outcomes)
        at.ledger += ((at.net[token.index] ?? 0n) * token.numerator) / token.denominator;
    } else {
      const [wallet = '', condition] = key.split(' ');
      const nets =
        condition === UNKNOWN
          ? [...(unknownNets.get(wallet) ?? [])]
          : outcomes.map(({ id, token }) => [id, at.net[token.index] ?? 0n] as const);
      at.mark = markOf(nets, prices);
    }
  }
  return positions;
}

/** At the last price of each token; null where a position has none. */
function markOf(
  nets: readonly (readonly [token: string, net: bigint])[],
  prices: ReadonlyMap<string, { usdc: bigint; shares: bigint }>,
): bigint | null {
  let mark = 0n;
  for (const [token, net] of nets) {
    if (net === 0n) continue;
    const price = prices.get(token);
    if (price === undefined) return null;
    mark += (net * price.usdc) / price.shares;
  }
  return mark;
}

/** One fill by the pnl-subgraph's rules; returns what it realizes. */
export function averageCostStep(
  cost: { held: bigint; average: bigint; realized: bigint },
  fill: { buy: boolean; shares: bigint; usdc: bigint },
): bigint {
  if (fill.shares === 0n) return 0n;
  const price = (fill.usdc * 1_000_000n) / fill.shares;
  if (fill.buy) {
    cost.average = (cost.average * cost.held + price * fill.shares) / (cost.held + fill.shares);
    cost.held += fill.shares;
    return 0n;
  }
  let sold = fill.shares;
  if (sold > cost.held) sold = cost.held;
  const realized = (sold * (price - cost.average)) / 1_000_000n;
  cost.realized += realized;
  cost.held -= sold;
  return realized;
}
