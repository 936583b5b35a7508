/**
 * What is true of a simulated chain, told from its matches and not from its logs: every fill as a row of the tape, every
 * condition, every wallet's ledger. In plain arithmetic, for tests to compare with; meant for some hundred thousand fills.
 */
import { KIND, KIND_NAMES, NEVER, UNKNOWN_MODULE } from './conditions.js';
import { EXCHANGE_NAMES, type ExchangeName } from './contracts.js';
import { orderHashInto, transactionHashInto, walletInto } from './identity.js';
import { type BlockMatches, EXCHANGE, SIDE, STEP } from './matches.js';
import type { ChainUniverse } from './universe.js';
import { EMITTER_WORDS } from './wanted.js';
import { bigIntOf, hexOf } from './words.js';

/** One row of the tape. Amounts in micro-units, gross of the fee; hex in lower case. */
export interface ChainFill {
  readonly txHash: string;
  readonly orderHash: string;
  readonly logIndex: number;
  readonly block: number;
  /** Unix seconds. */
  readonly time: number;
  readonly exchange: ExchangeName;
  readonly wallet: string;
  readonly counterparty: string;
  /** Decimal. */
  readonly token: string;
  readonly side: 'BUY' | 'SELL';
  readonly shares: bigint;
  readonly usdc: bigint;
  /** As the event says it: V1 in the asset received, V2 and V3 in collateral. */
  readonly fee: bigint;
  /** What the wallet's money and shares changed by, the fee considered. */
  readonly cash: bigint;
  readonly netShares: bigint;
  /** A V3 token of a module that no contract has. */
  readonly unknownModule: boolean;
}

/** A block range, both ends included; by default all there is. */
export interface BlockRange {
  readonly from?: number;
  readonly to?: number;
}

/** In order of block and log index. Those of strangers (`exchange: 'stranger'`) and unknown modules are among them. */
export function* chainFills(universe: ChainUniverse, range: BlockRange = {}): Generator<ChainFill> {
  const from = Math.max(universe.firstBlock, range.from ?? universe.firstBlock);
  const to = Math.min(universe.lastBlock, range.to ?? universe.lastBlock);
  const matches = universe.matches();
  for (let block = from; block <= to; block++) {
    matches.open(block);
    while (matches.next()) {
      for (let i = 0; i < matches.steps; i++) {
        if (matches.step[i] === STEP.fill) yield fillOf(universe, matches, i);
      }
    }
  }
}

function fillOf(universe: ChainUniverse, match: BlockMatches, step: number): ChainFill {
  const { seed } = universe;
  const leg = match.stepLeg[step] as number;
  const lane = match.lane[leg] as number;
  const shares = BigInt(match.shares[leg] as number);
  const usdc = BigInt(match.cash[leg] as number);
  const fee = BigInt(match.fee[leg] as number);
  const buys = (lane & 1) === SIDE.buy;
  const feeInShares = match.generation === 1 && buys;
  const party = (wallet: number) =>
    wallet === EXCHANGE
      ? hexOf(EMITTER_WORDS[match.exchange] as Int32Array)
      : hexOf(walletInto(seed, wallet, new Int32Array(5)));
  return {
    txHash: hexOf(transactionHashInto(seed, match.block, match.tx, new Int32Array(8))),
    orderHash: hexOf(orderHashInto(match.orderA[leg] as number, match.orderB[leg] as number, new Int32Array(8))),
    logIndex: match.stepIndex[step] as number,
    block: match.block,
    time: universe.timeOf(match.block),
    exchange: EXCHANGE_NAMES[match.exchange] as ExchangeName,
    wallet: party(match.owner[leg] as number),
    counterparty: party(match.counterparty[leg] as number),
    token: tokenOf(universe, match, lane >> 1),
    side: buys ? 'BUY' : 'SELL',
    shares,
    usdc,
    fee,
    cash: (buys ? -usdc : usdc) - (feeInShares ? 0n : fee),
    netShares: (buys ? shares : -shares) - (feeInShares ? fee : 0n),
    unknownModule: match.unknownModule,
  };
}

function tokenOf({ conditions }: ChainUniverse, match: BlockMatches, outcome: number): string {
  if (match.unknownModule) return String(conditions.structured(match.condition, outcome, UNKNOWN_MODULE));
  return String(bigIntOf(conditions.tokenWords(match.condition), outcome * 8));
}

export interface ChainCondition {
  /** 32 bytes as hex; of V3 the 31 bytes of its ids and a zero. */
  readonly id: string;
  readonly kind: (typeof KIND_NAMES)[number];
  /** Decimal, in outcome order; none where nothing could tell them (three slots, another collateral). */
  readonly tokens: readonly string[];
  readonly slots: number;
  readonly preparedBlock: number;
  /** Undefined while it is open, as seen from the range's end. */
  readonly resolvedBlock: number | undefined;
  /** Empty while it is open. */
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
}

/** What is known at `toBlock`; V3's conditions are known from their ids alone. */
export function chainConditions(universe: ChainUniverse, toBlock = universe.lastBlock): ChainCondition[] {
  const { conditions } = universe;
  const known: ChainCondition[] = [];
  for (let c = 0; c < conditions.count; c++) {
    const preparedBlock = conditions.preparedBlock[c] as number;
    if (preparedBlock > toBlock) continue;
    const kind = conditions.kind[c] as number;
    const resolvedBlock = conditions.resolvedBlock[c] as number;
    const resolved = resolvedBlock !== NEVER && resolvedBlock <= toBlock;
    const numerators = resolved ? conditions.numerators(c).map(BigInt) : [];
    const explained = kind !== KIND.threeSlots && kind !== KIND.unexplained;
    known.push({
      id: conditions.conditionId(c),
      kind: KIND_NAMES[kind] as ChainCondition['kind'],
      tokens: explained ? [0, 8].map((at) => String(bigIntOf(conditions.tokenWords(c), at))) : [],
      slots: conditions.slots(c),
      preparedBlock,
      resolvedBlock: resolved ? resolvedBlock : undefined,
      numerators,
      denominator: numerators.reduce((sum, numerator) => sum + numerator, 0n),
    });
  }
  return known;
}

/** One wallet in one condition. Money and shares in micro-units, net of fees. */
export interface ChainLedgerEntry {
  readonly wallet: string;
  /** The condition, or `token:<id>` where no condition explains the token. */
  readonly condition: string;
  readonly fills: number;
  readonly cash: bigint;
  /** Net shares by outcome. */
  readonly net: readonly bigint[];
  /** Cash plus what each outcome pays, each truncated toward zero; undefined while it is open. */
  readonly realized: bigint | undefined;
}

/** Over the given fills, as seen at `toBlock`. Ordered by wallet, then condition. Strangers' fills are left out. */
export function chainLedger(
  universe: ChainUniverse,
  fills: Iterable<ChainFill>,
  toBlock = universe.lastBlock,
): ChainLedgerEntry[] {
  const conditions = new Map(chainConditions(universe, toBlock).map((condition) => [condition.id, condition]));
  const places = new Map<string, { condition: string; outcome: number }>();
  for (const { id, tokens } of conditions.values()) {
    for (const [outcome, token] of tokens.entries()) places.set(token, { condition: id, outcome });
  }
  const entries = new Map<string, { wallet: string; condition: string; fills: number; cash: bigint; net: bigint[] }>();
  for (const fill of fills) {
    if (fill.exchange === 'stranger') continue;
    const place = places.get(fill.token) ?? { condition: `token:${fill.token}`, outcome: 0 };
    const key = `${fill.wallet} ${place.condition}`;
    let entry = entries.get(key);
    if (!entry) {
      const outcomes = conditions.get(place.condition)?.tokens.length ?? 1;
      entry = { wallet: fill.wallet, condition: place.condition, fills: 0, cash: 0n, net: Array(outcomes).fill(0n) };
      entries.set(key, entry);
    }
    entry.fills++;
    entry.cash += fill.cash;
    entry.net[place.outcome] = (entry.net[place.outcome] as bigint) + fill.netShares;
  }
  return [...entries.values()]
    .map((entry) => ({ ...entry, realized: realizedOf(entry.cash, entry.net, conditions.get(entry.condition)) }))
    .sort((a, b) => compare(a.wallet, b.wallet) || compare(a.condition, b.condition));
}

function realizedOf(cash: bigint, net: readonly bigint[], condition: ChainCondition | undefined): bigint | undefined {
  if (!condition || condition.denominator === 0n) return undefined;
  return net.reduce((sum, shares, i) => sum + (shares * (condition.numerators[i] ?? 0n)) / condition.denominator, cash);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
