/**
 * What is true of a universe, in plain arithmetic, for tests to compare with: every fill, the totals per token and side,
 * and every wallet's ledger P&L as facts define it. Written for clarity; meant for some hundred thousand fills.
 */
import { type Condition, compareText, type Fill, type MarketData, type Table, type Universe } from './universe.js';

export interface SideTotals {
  readonly fills: number;
  /** Micro-USDC. */
  readonly usdc: bigint;
}

/** A token's fills as the source counts them, and as it serves them: alike, but where an order was filled twice. */
export interface TokenTotals {
  readonly token: string;
  readonly counted: { readonly buys: SideTotals; readonly sells: SideTotals };
  readonly served: { readonly buys: SideTotals; readonly sells: SideTotals };
}

/** Every fill at the block, ordered by id. */
export function allFills(universe: Universe, block = universe.lastBlock): Fill[] {
  return [...universe.fills(block)].sort((a, b) => compareText(a.id, b.id));
}

export function isBuy(fill: Fill): boolean {
  return fill.makerAssetId === '0';
}

export function tokenOf(fill: Fill): string {
  return isBuy(fill) ? fill.takerAssetId : fill.makerAssetId;
}

/** Ordered by token. */
export function tokenTotals(universe: Universe, block = universe.lastBlock): TokenTotals[] {
  const served = new Map<string, { buys: SideTotals; sells: SideTotals }>();
  for (const fill of universe.fills(block)) {
    const token = tokenOf(fill);
    const totals = served.get(token) ?? { buys: { fills: 0, usdc: 0n }, sells: { fills: 0, usdc: 0n } };
    const side = isBuy(fill) ? 'buys' : 'sells';
    const usdc = BigInt(isBuy(fill) ? fill.makerAmountFilled : fill.takerAmountFilled);
    totals[side] = { fills: totals[side].fills + 1, usdc: totals[side].usdc + usdc };
    served.set(token, totals);
  }
  return rows(universe.counters(block)).map(({ token, buys, sells, buyVolume, sellVolume }) => ({
    token,
    counted: { buys: { fills: buys, usdc: buyVolume }, sells: { fills: sells, usdc: sellVolume } },
    served: served.get(token) ?? { buys: { fills: 0, usdc: 0n }, sells: { fills: 0, usdc: 0n } },
  }));
}

/** Tokens that the source counts more fills for than it serves. */
export function sourceShort(totals: readonly TokenTotals[]): TokenTotals[] {
  return totals.filter(
    ({ counted, served }) => counted.buys.fills + counted.sells.fills > served.buys.fills + served.sells.fills,
  );
}

/** One wallet in one condition. Money and shares in micro-units, net of fees. */
export interface LedgerEntry {
  readonly wallet: string;
  /** The condition, or `token:<id>` where nothing says what the token belongs to. */
  readonly condition: string;
  readonly fills: number;
  readonly cash: bigint;
  /** Net shares by outcome; by token text where no pnl condition gives the order of outcomes. */
  readonly net: readonly bigint[];
  /** Undefined while the condition is not resolved: then it is open, never lost. */
  readonly realized: bigint | undefined;
}

interface TokenPlace {
  readonly condition: string;
  readonly outcome: number;
  readonly outcomes: number;
}

/** Ordered by wallet, then condition. */
export function ledger(universe: Universe, block = universe.lastBlock): LedgerEntry[] {
  const conditions = new Map(rows(universe.conditions(block)).map((condition) => [condition.id, condition]));
  const places = tokenPlaces(conditions, rows(universe.marketDatas(block)));
  const entries = new Map<string, { wallet: string; condition: string; fills: number; cash: bigint; net: bigint[] }>();
  for (const fill of universe.fills(block)) {
    const token = tokenOf(fill);
    const place = places.get(token) ?? { condition: `token:${token}`, outcome: 0, outcomes: 1 };
    const key = `${fill.maker} ${place.condition}`;
    let entry = entries.get(key);
    if (!entry) {
      entry = {
        wallet: fill.maker,
        condition: place.condition,
        fills: 0,
        cash: 0n,
        net: Array(place.outcomes).fill(0n),
      };
      entries.set(key, entry);
    }
    const gave = BigInt(fill.makerAmountFilled);
    const received = BigInt(fill.takerAmountFilled) - BigInt(fill.fee);
    entry.fills++;
    entry.cash += isBuy(fill) ? -gave : received;
    entry.net[place.outcome] = (entry.net[place.outcome] as bigint) + (isBuy(fill) ? received : -gave);
  }
  return [...entries.values()]
    .map((entry) => ({ ...entry, realized: realizedOf(entry.cash, entry.net, conditions.get(entry.condition)) }))
    .sort((a, b) => compareText(a.wallet, b.wallet) || compareText(a.condition, b.condition));
}

/** Cash plus what each outcome pays, every outcome truncated toward zero (as BigInt division does). */
export function realizedOf(cash: bigint, net: readonly bigint[], condition: Condition | undefined): bigint | undefined {
  if (!condition || !isResolved(condition)) return undefined;
  const denominator = BigInt(condition.payoutDenominator);
  return net.reduce(
    (sum, shares, i) => sum + (shares * BigInt(condition.payoutNumerators[i] ?? '0')) / denominator,
    cash,
  );
}

export function isResolved({ payoutDenominator, payoutNumerators }: Condition): boolean {
  return payoutDenominator !== '0' && payoutNumerators.length > 0;
}

function tokenPlaces(
  conditions: ReadonlyMap<string, Condition>,
  datas: readonly MarketData[],
): Map<string, TokenPlace> {
  const places = new Map<string, TokenPlace>();
  const tokensOf = new Map<string, string[]>();
  for (const { id, condition } of datas) {
    const tokens = tokensOf.get(condition);
    if (tokens) tokens.push(id);
    else tokensOf.set(condition, [id]);
  }
  for (const [condition, tokens] of tokensOf) {
    for (const [outcome, token] of tokens.sort(compareText).entries()) {
      places.set(token, { condition, outcome, outcomes: tokens.length });
    }
  }
  for (const { id, positionIds } of conditions.values()) {
    for (const [outcome, token] of positionIds.entries()) {
      places.set(token, { condition: id, outcome, outcomes: positionIds.length });
    }
  }
  return places;
}

export interface WalletLedger {
  readonly wallet: string;
  readonly fills: number;
  readonly realized: bigint;
  readonly resolvedConditions: number;
  /** Cash of conditions that are not resolved. */
  readonly openCash: bigint;
  readonly openConditions: number;
}

/** Ordered by wallet. */
export function walletLedgers(entries: readonly LedgerEntry[]): WalletLedger[] {
  const wallets = new Map<string, { -readonly [K in keyof WalletLedger]: WalletLedger[K] }>();
  for (const { wallet, fills, cash, realized } of entries) {
    const sums = wallets.get(wallet) ?? {
      wallet,
      fills: 0,
      realized: 0n,
      resolvedConditions: 0,
      openCash: 0n,
      openConditions: 0,
    };
    sums.fills += fills;
    if (realized === undefined) {
      sums.openCash += cash;
      sums.openConditions++;
    } else {
      sums.realized += realized;
      sums.resolvedConditions++;
    }
    wallets.set(wallet, sums);
  }
  return [...wallets.values()].sort((a, b) => compareText(a.wallet, b.wallet));
}

/** What a transaction leaves over in a condition: zero everywhere, but for the exceptions that facts name. */
export interface Residual {
  readonly transaction: string;
  readonly condition: string;
  /** Σ shares of the first outcome − Σ shares of the second. */
  readonly shares: bigint;
  /** Σ cash + Σ shares of the first outcome. */
  readonly cash: bigint;
  readonly fills: readonly Fill[];
}

/** Gross of fees, for binary conditions. */
export function residuals(universe: Universe, block = universe.lastBlock): Residual[] {
  const conditions = new Map(rows(universe.conditions(block)).map((condition) => [condition.id, condition]));
  const places = tokenPlaces(conditions, rows(universe.marketDatas(block)));
  const groups = new Map<
    string,
    { transaction: string; condition: string; cash: bigint; net: [bigint, bigint]; fills: Fill[] }
  >();
  for (const fill of universe.fills(block)) {
    const place = places.get(tokenOf(fill));
    if (!place) continue;
    const key = `${fill.transactionHash} ${place.condition}`;
    const group = groups.get(key) ?? {
      transaction: fill.transactionHash,
      condition: place.condition,
      cash: 0n,
      net: [0n, 0n],
      fills: [],
    };
    const gave = BigInt(fill.makerAmountFilled);
    const received = BigInt(fill.takerAmountFilled);
    group.cash += isBuy(fill) ? -gave : received;
    const outcome = place.outcome as 0 | 1;
    group.net[outcome] += isBuy(fill) ? received : -gave;
    group.fills.push(fill);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ transaction, condition, cash, net, fills }) => ({
      transaction,
      condition,
      shares: net[0] - net[1],
      cash: cash + net[0],
      fills,
    }))
    .filter(({ shares, cash }) => shares !== 0n || cash !== 0n);
}

function rows<Row>(table: Table<Row>): Row[] {
  return Array.from({ length: table.size }, (_, index) => table.row(index));
}
