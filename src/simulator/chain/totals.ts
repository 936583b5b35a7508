/** Sums over a chain without a row for each fill: what ten million fills are held against. */
import { EXCHANGE_NAMES, type ExchangeName } from './contracts.js';
import { SIDE, STEP } from './matches.js';
import type { BlockRange } from './truth.js';
import type { ChainUniverse } from './universe.js';
import { bigIntOf } from './words.js';

/** Amounts in micro-units, gross of fees; fees as the events say them. */
export interface Totals {
  readonly fills: number;
  readonly shares: bigint;
  readonly usdc: bigint;
  readonly fee: bigint;
}

/** Exact sums of numbers below 2^53, kept in two halves. */
class Sums {
  readonly #high: Float64Array;
  readonly #low: Float64Array;

  constructor(size: number) {
    this.#high = new Float64Array(size);
    this.#low = new Float64Array(size);
  }

  add(i: number, value: number): void {
    const high = Math.floor(value / HALF);
    this.#high[i] = (this.#high[i] as number) + high;
    this.#low[i] = (this.#low[i] as number) + (value - high * HALF);
  }

  get(i: number): bigint {
    return BigInt(this.#high[i] as number) * BigInt(HALF) + BigInt(this.#low[i] as number);
  }
}

const HALF = 2 ** 26;

/** By exchange; those without a fill are left out. */
export function exchangeTotals(universe: ChainUniverse, range: BlockRange = {}): Map<ExchangeName, Totals> {
  const totals = sumUp(universe, range, EXCHANGE_NAMES.length, (exchange) => exchange);
  return new Map(totals.map(([exchange, sums]) => [EXCHANGE_NAMES[exchange] as ExchangeName, sums]));
}

/** By token and side, as `<token> BUY` or `<token> SELL`; strangers and unknown modules are left out. */
export function tokenTotals(universe: ChainUniverse, range: BlockRange = {}): Map<string, Totals> {
  const { conditions } = universe;
  const totals = sumUp(universe, range, conditions.count * 4, (exchange, condition, lane, unknownModule) =>
    EXCHANGE_NAMES[exchange] === 'stranger' || unknownModule ? -1 : condition * 4 + lane,
  );
  return new Map(
    totals.map(([place, sums]) => {
      const token = bigIntOf(conditions.tokenWords(place >> 2), ((place >> 1) & 1) * 8);
      return [`${token} ${(place & 1) === SIDE.buy ? 'BUY' : 'SELL'}`, sums];
    }),
  );
}

/** Sums by the place that `placeOf` gives a fill; -1: not counted. */
function sumUp(
  universe: ChainUniverse,
  range: BlockRange,
  places: number,
  placeOf: (exchange: number, condition: number, lane: number, unknownModule: boolean) => number,
): [place: number, totals: Totals][] {
  const fills = new Float64Array(places);
  const [shares, usdc, fee] = [new Sums(places), new Sums(places), new Sums(places)];
  const match = universe.matches();
  const to = Math.min(universe.lastBlock, range.to ?? universe.lastBlock);
  for (let block = Math.max(universe.firstBlock, range.from ?? 0); block <= to; block++) {
    match.open(block);
    while (match.next()) {
      for (let i = 0; i < match.steps; i++) {
        if (match.step[i] !== STEP.fill) continue;
        const leg = match.stepLeg[i] as number;
        const place = placeOf(match.exchange, match.condition, match.lane[leg] as number, match.unknownModule);
        if (place < 0) continue;
        fills[place] = (fills[place] as number) + 1;
        shares.add(place, match.shares[leg] as number);
        usdc.add(place, match.cash[leg] as number);
        fee.add(place, match.fee[leg] as number);
      }
    }
  }
  return [...fills.keys()]
    .filter((place) => (fills[place] as number) > 0)
    .map((place) => [
      place,
      { fills: fills[place] as number, shares: shares.get(place), usdc: usdc.get(place), fee: fee.get(place) },
    ]);
}
