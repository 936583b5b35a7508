/**
 * One match of a market at a time, computed from (seed, market, j): its transaction, its legs, their amounts.
 *
 * A match has an aggressor, who buys or sells one outcome, and one to five resting legs. A resting leg either trades
 * the same outcome the other way (normal) or the complementary outcome the same way (mint, merge). The aggressor's
 * amounts are the sums that conserve shares and cash; each resting order trades at its own price, so that
 * improvements reach the aggressor.
 *
 * Transaction j of n begins with floor((j + u) / n × 2^32), u below 0.98: the order of ids is the order of j.
 */
import { GOLDEN, mix, scatter } from '../hash.js';
import { blockOfTime, timeOfBlock } from '../universe.js';
import { type Markets, RESOLUTION } from './markets.js';
import type { Rates } from './options.js';

export const MAX_LEGS = 6;
const SIDE = { buy: 0, sell: 1 } as const;
/** Wallet numbers that stand for the two exchange contracts. */
export const EXCHANGE = -1;
export const NEG_RISK_EXCHANGE = -2;

const FEES_START = blockOfTime(1_761_955_200); // 2025-11-01
const FEES_FULL = blockOfTime(1_777_334_400);
const U32 = 4294967296;

export class Matches {
  market = -1;
  index = 0;
  /** Legs of the loaded match, the aggressor last (unless direct); lane = outcome × 2 + side. */
  legs = 0;
  readonly lane = new Uint8Array(MAX_LEGS);
  readonly shares = new Float64Array(MAX_LEGS);
  readonly cash = new Float64Array(MAX_LEGS);
  /** In the asset that the owner receives. */
  readonly fee = new Float64Array(MAX_LEGS);
  readonly owner = new Int32Array(MAX_LEGS);
  readonly counterparty = new Int32Array(MAX_LEGS);
  /** First two words of each order hash; the rest follow from them. */
  readonly orderA = new Int32Array(MAX_LEGS);
  readonly orderB = new Int32Array(MAX_LEGS);
  /** Where the words of one hash or address stand until the next is asked for. */
  readonly words = new Int32Array(8);
  /** Leg 0's entity was replaced by leg 1's: the same order, filled twice. */
  double = false;
  direct = false;
  /** The lanes that the match has legs in, as bits. */
  mask = 0;

  /** The transaction's first word, -1 until somebody asks. */
  #head = -1;
  /** The block, -1 until somebody asks. */
  #block = -1;
  #a = 0;
  #b = 0;
  #outcome = 0;
  #side = 0;
  #resting = 0;
  #complement = 0;
  readonly #directBelow: number;
  readonly #doubleBelow: number;
  readonly #refundBelow: number;
  readonly #dustBelow: number;
  readonly #wallets: number;
  readonly #pool: number;
  readonly #seed: number;

  constructor(
    readonly markets: Markets,
    readonly rates: Rates,
  ) {
    this.#seed = mix(markets.options.seed ^ 0x7478);
    this.#directBelow = rates.directRate * U32;
    // Refunds and double fills need a purchase, or two legs: about every second and every third match has that.
    this.#doubleBelow = this.#directBelow + rates.doubleFillRate * 3 * U32;
    this.#refundBelow = rates.refundRate * 2 * U32;
    this.#dustBelow = rates.dustRate * U32;
    this.#wallets = rates.wallets;
    this.#pool = Math.max(5, Math.floor(rates.wallets / 300));
  }

  /** The first eight hex digits of transaction j, as a number. Strictly rising with j. */
  head(m: number, j: number): number {
    const a = mix(j + (this.markets.saltA[m] as number));
    const u = ((mix(a ^ 0x75) >>> 0) / U32) * 0.98;
    return Math.floor(((j + u) / (this.markets.matches[m] as number)) * U32);
  }

  /** The first match whose head is at least `value`. */
  firstAtLeast(m: number, value: number): number {
    const n = this.markets.matches[m] as number;
    let j = Math.max(0, Math.min(n, Math.floor((value / U32) * n) - 1));
    while (j < n && this.head(m, j) < value) j++;
    return j;
  }

  /** Kind and lanes of match j: what decides whether it is of interest. */
  shape(m: number, j: number): number {
    const { markets } = this;
    const a = mix(j + (markets.saltA[m] as number));
    const b = mix(a ^ (markets.saltB[m] as number) ^ Math.imul(j, GOLDEN));
    this.market = m;
    this.index = j;
    this.#head = -1;
    this.#a = a;
    this.#b = b;
    const s = mix(a + b);
    const outcome = s & 1;
    const side = (s >>> 1) & 1;
    const size = (s >>> 2) & 0xff;
    let resting = size < 165 ? 1 : size < 218 ? 2 : size < 240 ? 3 : size < 250 ? 4 : 5;
    let complement = (s >>> 10) & (s >>> 15) & ((1 << resting) - 1);
    const special = mix(b + 0x5bd1e995) >>> 0;
    this.direct = special < this.#directBelow;
    this.double = false;
    if (this.direct) {
      this.mask = 1 << (outcome * 2 + side);
    } else {
      if (special < this.#doubleBelow && resting >= 2) {
        this.double = true;
        complement = (complement & ~2) | ((complement & 1) << 1);
      }
      const all = (1 << resting) - 1;
      this.mask =
        (1 << (outcome * 2 + side)) |
        (complement !== all ? 1 << (outcome * 2 + 1 - side) : 0) |
        (complement !== 0 ? 1 << ((1 - outcome) * 2 + side) : 0);
    }
    if (this.direct) resting = 0;
    this.#outcome = outcome;
    this.#side = side;
    this.#resting = resting;
    this.#complement = complement;
    this.#block = -1;
    return this.mask;
  }

  /** Activity grows towards a market's end; an eighth of it comes in bursts that share a second. */
  get block(): number {
    if (this.#block < 0) {
      const span = this.markets.span[this.market] as number;
      const t = mix(this.#a + 0x74696d65);
      const u = (t >>> 0) / U32;
      let offset = Math.floor(span * (u < 0.5 ? 1.2 * u : 0.6 + 0.8 * (u - 0.5)));
      if ((t & 7) === 0) offset -= offset % 1800;
      this.#block = (this.markets.start[this.market] as number) + offset;
    }
    return this.#block;
  }

  time(): number {
    return timeOfBlock(this.block);
  }

  /** Lanes and amounts of every leg of the match that `shape` was called for. */
  amounts(): void {
    const a = this.#a;
    const outcome = this.#outcome;
    const side = this.#side;
    const price = this.#price();
    let shares = 0;
    let cash = 0;
    const resting = this.#resting;
    if (resting === 0) {
      this.legs = 1;
      this.lane[0] = outcome * 2 + side;
      shares = this.#size(0);
      cash = Math.floor((shares * (outcome === 0 ? price : 1000 - price)) / 1000);
      this.#setLast(0, shares, cash);
      return;
    }
    for (let i = 0; i < resting; i++) {
      const complementary = (this.#complement >>> i) & 1;
      const legOutcome = complementary ? 1 - outcome : outcome;
      this.lane[i] = legOutcome * 2 + (complementary ? side : 1 - side);
      const w = mix(a + Math.imul(i + 1, 0x2c1b3c6d));
      const noise = (w & 31) - 16;
      let p = (legOutcome === 0 ? price : 1000 - price) + noise;
      p = Math.min(Math.max(p, 1), 999);
      let legShares: number;
      let legCash: number;
      if (w >>> 0 < this.#dustBelow) {
        // What rounding leaves of an order: nearly always no cash, once in a while no shares.
        legShares = complementary === 0 && (w & 7) === 0 ? 0 : 1 + (w & 3);
        legCash = legShares === 0 ? 1 : 0;
      } else {
        legShares = this.#size(i + 1);
        legCash = Math.floor((legShares * p) / 1000);
      }
      this.shares[i] = legShares;
      this.cash[i] = legCash;
      this.fee[i] = 0;
      shares += legShares;
      cash += complementary ? legShares - legCash : legCash;
    }
    this.lane[resting] = outcome * 2 + side;
    const refund = side === SIDE.buy && mix(this.#b ^ 0x52656675) >>> 0 < this.#refundBelow;
    if (refund) cash += 1 + Math.floor(cash / 4);
    this.#setLast(resting, shares, cash);
    this.legs = resting + 1;
  }

  #setLast(leg: number, shares: number, cash: number): void {
    this.shares[leg] = shares;
    this.cash[leg] = cash;
    this.fee[leg] = this.#feeOf(this.#side === SIDE.buy ? shares : cash);
  }

  /** In thousandths, for the first outcome: from the opening price to what the market turned out to be. */
  #price(): number {
    const { markets, market } = this;
    const opening = markets.openingPrice[market] as number;
    const resolution = markets.resolution[market] as number;
    const end = resolution === RESOLUTION.first ? 990 : resolution === RESOLUTION.second ? 10 : 500;
    const way = (this.block - (markets.start[market] as number)) / (markets.span[market] as number);
    return Math.floor(opening + (end - opening) * way * way);
  }

  /** Micro-shares: round lots, odd lots, and a long tail up to 2.5 million shares. */
  #size(leg: number): number {
    const w = mix((this.#b ^ Math.imul(leg + 1, 0x297a2d39)) + this.#a);
    const kind = w & 0xff;
    const value = w >>> 8;
    if (kind < 100) return (1 + (value % 200)) * 1_000_000;
    if (kind < 200) return 1_000_000 + value * 37;
    if (kind < 246) return 10_000_000 + value * 1000;
    if (kind < 255) return 1_000_000_000 + value * 20_000;
    return 1_000_000_000 + value * 150_000;
  }

  /** One in 5,000 until late 2025, then up to every third fill; at most 1.28 % of what is received. */
  #feeOf(received: number): number {
    const late = (this.block - FEES_START) / (FEES_FULL - FEES_START);
    const rate = (late <= 0 ? 1 / 5_000 : 1 / 5_000 + late / 3) * this.rates.feeFactor;
    const w = mix(this.#a ^ 0x666565);
    return (w >>> 0) / U32 < rate ? Math.floor((received * (1 + (w & 127))) / 10_000) : 0;
  }

  /** Owner, counterparty and order hash of a leg, after `amounts`. */
  identify(leg: number): void {
    const aggressor = this.#wallet(7);
    if (leg === this.legs - 1) {
      const exchange = (this.markets.negRisk[this.market] as number) === 1 ? NEG_RISK_EXCHANGE : EXCHANGE;
      this.owner[leg] = aggressor;
      this.counterparty[leg] = this.direct ? this.#otherThan(aggressor, this.#wallet(8)) : exchange;
      this.#setOrder(leg, this.#ownOrder(leg), this.#b);
      return;
    }
    this.counterparty[leg] = aggressor;
    if (this.#isReturning(leg, aggressor)) return;
    const order = this.double && leg === 1 ? 0 : leg;
    this.owner[leg] = this.#otherThan(aggressor, this.#wallet(order));
    this.#setOrder(leg, this.#ownOrder(order), this.#b);
  }

  #ownOrder(leg: number): number {
    return mix(this.#a + Math.imul(leg + 1, 0x3c6ef372));
  }

  /** Eight neighbouring matches share an order that comes back in a quarter of them, as their first leg like it. */
  #isReturning(leg: number, aggressor: number): boolean {
    if (this.double || (mix(this.#b + 0x67726f75) & 3) !== 0) return false;
    const group = mix((this.markets.saltB[this.market] as number) + Math.imul((this.index >>> 3) + 1, GOLDEN));
    for (let i = 0; i <= leg; i++) {
      if (this.lane[i] !== (group & 3)) continue;
      const owner = this.#pick(mix(group ^ 0x6f776e));
      if (i < leg || owner === aggressor) return false;
      this.owner[leg] = owner;
      this.#setOrder(leg, mix(group + 0x6f7264), group);
      return true;
    }
    return false;
  }

  #setOrder(leg: number, a: number, salt: number): void {
    this.orderA[leg] = a;
    this.orderB[leg] = mix(a ^ salt ^ 0x68617368);
  }

  #wallet(role: number): number {
    return this.#pick(scatter(this.#b + Math.imul(role + 1, 0x165667b1)));
  }

  /** Three in eight fills go to a small pool of busy wallets, the rest to a long tail. */
  #pick(w: number): number {
    const u = (mix(w) >>> 0) / U32;
    const pool = this.#pool;
    return (w & 7) < 3 ? Math.floor(pool * u * u) : pool + Math.floor((this.#wallets - pool) * u * u);
  }

  #otherThan(wallet: number, picked: number): number {
    return picked === wallet ? (picked + 1) % this.#wallets : picked;
  }

  /** The first word of the transaction's hash: the match's place in the order of ids. */
  firstWord(): number {
    if (this.#head < 0) this.#head = this.head(this.market, this.index);
    return this.#head;
  }

  /** Fills `words` with the transaction's hash. Words 2 and 3 are bijections of market and j: no two are alike. */
  transactionWords(): Int32Array {
    const { words } = this;
    const salt = this.#a ^ this.#b;
    const market = mix(this.market ^ this.#seed);
    words[0] = this.firstWord();
    words[1] = scatter(salt ^ Math.imul(2, GOLDEN));
    words[2] = market;
    words[3] = mix(this.index ^ market);
    for (let k = 4; k < 8; k++) words[k] = scatter(salt ^ Math.imul(k + 1, GOLDEN));
    return words;
  }

  /** Fills `words` with a leg's order hash. */
  orderWords(leg: number): Int32Array {
    const { words } = this;
    const a = this.orderA[leg] as number;
    const b = this.orderB[leg] as number;
    words[0] = a;
    words[1] = b;
    for (let k = 2; k < 8; k++) words[k] = scatter((a ^ Math.imul(k, GOLDEN)) + b);
    return words;
  }

  /** Fills the first five `words` with a wallet's address. Word 0 is a bijection of its number. */
  walletWords(wallet: number): Int32Array {
    if (wallet < 0) return wallet === EXCHANGE ? EXCHANGE_WORDS : NEG_RISK_WORDS;
    const { words } = this;
    const first = mix(wallet ^ this.#seed ^ 0x77616c);
    words[0] = first;
    for (let k = 1; k < 5; k++) words[k] = scatter(first + Math.imul(k, GOLDEN));
    return words;
  }
}

/** 0x4bfb41d5b3570defd03c39a9a4d8de6bd8b8982e and 0xc5d563a36ae78145c45a50134d48a1215220f80a. */
const EXCHANGE_WORDS = Int32Array.of(0x4bfb41d5, 0xb3570def, 0xd03c39a9, 0xa4d8de6b, 0xd8b8982e);
const NEG_RISK_WORDS = Int32Array.of(0xc5d563a3, 0x6ae78145, 0xc45a5013, 0x4d48a121, 0x5220f80a);
