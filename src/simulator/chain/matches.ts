/**
 * The matches of one block at a time, computed from (seed, block): transactions, legs, amounts, fees, log indexes.
 *
 * A match has an aggressor, who buys or sells one outcome, and one to five resting legs. A resting leg either trades the
 * same outcome the other way (complementary) or the other outcome the same way (mint, merge). The aggressor's amounts are
 * the sums that conserve shares and cash; each resting order trades at its own price. What a generation does differently:
 *
 *   V1  fee in the asset received, FeeCharged before the fill, given back in part by a fee module at the end of the
 *       transaction; a purchase may book more than was spent; the operator may fill an order directly, outside a match
 *   V2  fee in collateral on top or out of it, FeeCharged before the fill; a purchase with a mint may book more
 *   V3  fee as V2, but a resting order's FeeCharged comes after its fill; booked exactly
 */
import { GOLDEN, mix, scatter } from '../hash.js';
import { type Conditions, MAX_CONDITION_LOGS, POOL, WINS } from './conditions.js';
import { EMITTER, GENERATION } from './contracts.js';
import { FILLS_PER_MATCH } from './options.js';

export const MAX_LEGS = 6;
export const SIDE = { buy: 0, sell: 1 } as const;
/** Stands for the emitting exchange where a wallet is asked for. */
export const EXCHANGE = -1;

/** What a match logs, in order of log index. */
export const STEP = { conditionalTokens: 0, fee: 1, fill: 2, matched: 3, refund: 4 } as const;
const MAX_STEPS = MAX_LEGS * 3 + 2;
const U32 = 4294967296;
const POOL_OF_EXCHANGE = [POOL.ctf, POOL.negRisk, POOL.ctf, POOL.negRisk, POOL.negRisk, POOL.v3, POOL.ctf] as const;
/** Shares of V2's matches in 1/256: 150 main, 100 neg-risk, 6 the first neg-risk deployment. */
const V2_MAIN = 150;
const V2_NEG_RISK = 250;

export class BlockMatches {
  block = 0;
  /** Matches in the block. */
  count = 0;
  /** The loaded match's place in its block, -1 before the first. */
  index = -1;
  /** The transaction's place among those with matches, and in the block. */
  tx = 0;
  txIndex = 0;
  exchange = 0;
  condition = 0;
  /** Legs, the aggressor last (unless direct); lane = outcome × 2 + side. */
  legs = 0;
  readonly lane = new Uint8Array(MAX_LEGS);
  readonly shares = new Float64Array(MAX_LEGS);
  readonly cash = new Float64Array(MAX_LEGS);
  /** In the asset received (V1), or in collateral. */
  readonly fee = new Float64Array(MAX_LEGS);
  readonly owner = new Int32Array(MAX_LEGS);
  readonly counterparty = new Int32Array(MAX_LEGS);
  /** First two words of each order hash; the rest follow from them. */
  readonly orderA = new Int32Array(MAX_LEGS);
  readonly orderB = new Int32Array(MAX_LEGS);
  direct = false;
  double = false;
  unknownModule = false;
  /** Micro-USDC that the aggressor booked and did not spend. */
  refund = 0;
  /** Bit i: resting leg i trades the other outcome. */
  complement = 0;
  steps = 0;
  readonly step = new Uint8Array(MAX_STEPS);
  readonly stepLeg = new Uint8Array(MAX_STEPS);
  readonly stepIndex = new Int32Array(MAX_STEPS);

  #a = 0;
  #b = 0;
  #nextLogIndex = 0;
  #gaps = 0;
  readonly #seed: number;
  readonly #pool: number;

  constructor(readonly conditions: Conditions) {
    this.#seed = mix(conditions.rates.seed ^ 0x6d61);
    this.#pool = Math.max(5, Math.floor(conditions.rates.wallets / 300));
  }

  /** Goes to a block, before its first match. */
  open(block: number): void {
    const { firstBlock, blocks, fillsPerBlock } = this.conditions.rates;
    this.block = block;
    this.index = -1;
    this.tx = -1;
    this.count = 0;
    if (block < firstBlock || block >= firstBlock + blocks) return;
    const h = mix(block ^ this.#seed);
    // Busy and quiet blocks: from half to one and a half times the mean.
    const spread = 0.5 + (scatter(h ^ 0x6275) >>> 0) / U32;
    this.count = Math.floor((fillsPerBlock / FILLS_PER_MATCH) * spread + (h >>> 0) / U32);
    this.txIndex = (h & 7) + 4;
    // Logs of conditions stand first.
    const reserved = this.conditions.hasLogs(block) ? MAX_CONDITION_LOGS : 0;
    this.#nextLogIndex = reserved + ((h >>> 3) & 63);
  }

  /** Loads the next match of the block. */
  next(): boolean {
    if (this.index + 1 >= this.count) return false;
    const i = ++this.index;
    const a = mix(mix(this.block + this.#seed) + Math.imul(i + 1, GOLDEN));
    const b = mix(a ^ Math.imul(this.block, 0x2545f491) ^ Math.imul(i, 0x1b873593));
    this.#a = a;
    this.#b = b;
    // One match in six shares the transaction of the one before it.
    if (i === 0 || (a >>> 0) % 6 !== 0) {
      this.tx++;
      this.txIndex += 1 + (b & 3);
      this.#nextLogIndex += 3 + ((b >>> 2) & 7);
    }
    this.#choose();
    this.#shape();
    this.#amounts();
    this.#parties();
    this.#layOut();
    return true;
  }

  get generation(): number {
    return GENERATION[this.exchange] as number;
  }

  #choose(): void {
    const { rates } = this.conditions;
    const h = mix(this.#b + 0x6578);
    const share = (h >>> 8) & 0xff;
    const draw = (scatter(h) >>> 0) / U32;
    const inV1 = this.block <= rates.v1LastBlock;
    const strange = this.block >= rates.strangersFromBlock;
    if (strange && draw < rates.strangerRate) this.exchange = EMITTER.stranger;
    // While V1 lasts, V2 is only tested, on the main exchange and on the first neg-risk one.
    else if (inV1 && (h & 63) !== 0) this.exchange = share < 128 ? EMITTER.v1_ctf : EMITTER.v1_neg_risk;
    else if (inV1) this.exchange = share < 128 ? EMITTER.v2_ctf : EMITTER.v2_neg_risk_b;
    else if (this.block >= rates.v3FromBlock && (h & 7) === 0) this.exchange = EMITTER.v3;
    else
      this.exchange =
        share < V2_MAIN ? EMITTER.v2_ctf : share < V2_NEG_RISK ? EMITTER.v2_neg_risk : EMITTER.v2_neg_risk_b;
    const u = (mix(h + 0x636f) >>> 0) / U32;
    this.condition = this.conditions.pick(POOL_OF_EXCHANGE[this.exchange] as number, this.block, u);
    this.unknownModule = strange && this.exchange === EMITTER.v3 && 1 - draw <= rates.unknownModuleRate * 8;
  }

  #shape(): void {
    const { directRate, doubleFillRate } = this.conditions.rates;
    const s = mix(this.#a + this.#b);
    const size = (s >>> 2) & 0xff;
    let resting = size < 165 ? 1 : size < 218 ? 2 : size < 240 ? 3 : size < 250 ? 4 : 5;
    const special = (mix(this.#b + 0x5bd1e995) >>> 0) / U32;
    this.direct = this.generation === 1 && special < directRate;
    // A third of the matches has two resting legs or more.
    this.double = !this.direct && resting >= 2 && 1 - special < doubleFillRate * 3;
    let complement = (s >>> 10) & (s >>> 15) & ((1 << resting) - 1);
    if (this.double) complement = (complement & ~2) | ((complement & 1) << 1);
    if (this.direct) {
      resting = 0;
      complement = 0;
    }
    this.complement = complement;
    this.legs = resting + 1;
    this.lane[resting] = s & 3;
    const outcome = (s >>> 1) & 1;
    const side = s & 1;
    for (let i = 0; i < resting; i++) {
      this.lane[i] = (complement >>> i) & 1 ? (1 - outcome) * 2 + side : outcome * 2 + (1 - side);
    }
  }

  #amounts(): void {
    const price = this.#price();
    const last = this.legs - 1;
    const lane = this.lane[last] as number;
    this.refund = 0;
    if (last === 0) {
      const shares = this.#size(0);
      this.#set(0, shares, Math.floor((shares * (lane >> 1 === 0 ? price : 1000 - price)) / 1000));
      return;
    }
    let shares = 0;
    let cash = 0;
    for (let i = 0; i < last; i++) {
      const complementary = (this.complement >>> i) & 1;
      const w = mix(this.#a + Math.imul(i + 1, 0x2c1b3c6d));
      const own = (this.lane[i] as number) >> 1 === 0 ? price : 1000 - price;
      const p = Math.min(Math.max(own + (w & 31) - 16, 1), 999);
      let legShares = this.#size(i + 1);
      let legCash = Math.floor((legShares * p) / 1000);
      if ((scatter(w) >>> 0) / U32 < this.conditions.rates.dustRate) {
        // What rounding leaves of an order: nearly always no cash, once in a while no shares.
        legShares = complementary === 0 && (w & 7) === 0 ? 0 : 1 + (w & 3);
        legCash = legShares === 0 ? 1 : 0;
      }
      this.#set(i, legShares, legCash);
      shares += legShares;
      cash += complementary ? legShares - legCash : legCash;
    }
    const mayRefund = this.generation === 1 || (this.generation === 2 && this.complement !== 0);
    if (
      mayRefund &&
      (lane & 1) === SIDE.buy &&
      (mix(this.#b ^ 0x52656675) >>> 0) / U32 < this.conditions.rates.refundRate * 2
    ) {
      this.refund = 1 + Math.floor(cash / 4);
    }
    this.#set(last, shares, cash + this.refund);
  }

  #set(leg: number, shares: number, cash: number): void {
    this.shares[leg] = shares;
    this.cash[leg] = cash;
    this.fee[leg] = this.#feeOf(leg, shares, cash);
  }

  /** Rate × shares × p × (1 − p). V1 takes it in what is received; resting orders hardly ever pay. */
  #feeOf(leg: number, shares: number, cash: number): number {
    const h = mix((this.conditions.openingPrice[this.condition] as number) + Math.imul(this.condition + 1, 0x27d4eb2d));
    const rate = [0, 0.04, 0.05, 0.07][h & 3] as number;
    const w = scatter(this.#a ^ Math.imul(leg + 1, 0x666565)) & 0xff;
    const pays = leg === this.legs - 1 ? w < 200 : this.generation === 3 ? w < 32 : w < 2;
    if (!pays || rate === 0 || shares <= 0 || cash <= 0 || cash >= shares) return 0;
    const fee = (rate * cash * (shares - cash)) / shares;
    const buys = ((this.lane[leg] as number) & 1) === SIDE.buy;
    return Math.floor(this.generation === 1 && buys ? (fee * shares) / cash : fee);
  }

  /** In thousandths, of the first outcome: from the opening price to what the condition turned out to be. */
  #price(): number {
    const { conditions, condition } = this;
    const opening = conditions.openingPrice[condition] as number;
    const way = conditions.progress(condition, this.block);
    const wins = conditions.wins[condition];
    const end = wins === WINS.first ? 990 : wins === WINS.second ? 10 : 500;
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

  #parties(): void {
    const last = this.legs - 1;
    const aggressor = this.#wallet(7);
    for (let i = 0; i < last; i++) {
      this.counterparty[i] = aggressor;
      const order = this.double && i === 1 ? 0 : i;
      if (this.#isReturning(order, aggressor, i)) continue;
      this.owner[i] = this.#otherThan(aggressor, this.#wallet(order));
      this.#setOrder(i, mix(this.#a + Math.imul(order + 1, 0x3c6ef372)), this.#b);
    }
    this.owner[last] = aggressor;
    this.counterparty[last] = this.direct ? this.#otherThan(aggressor, this.#wallet(8)) : EXCHANGE;
    this.#setOrder(last, mix(this.#a + 0x7f4a7c15), this.#b);
  }

  /** In 64 neighbouring blocks one order of each condition and lane comes back, as the first resting leg of a quarter. */
  #isReturning(order: number, aggressor: number, leg: number): boolean {
    if (order !== 0 || (scatter(this.#b + 0x67726f75) & 3) !== 0) return false;
    const place = Math.imul(this.condition + 1, 0x165667b1) ^ Math.imul((this.block >>> 6) + 1, GOLDEN);
    const group = mix(place + (this.lane[0] as number) + Math.imul(this.exchange + 1, 0x3243f6a9));
    const owner = this.#pick(mix(group ^ 0x6f776e));
    if (owner === aggressor) return false;
    this.owner[leg] = owner;
    this.#setOrder(leg, mix(group + 0x6f7264), place ^ this.#seed);
    return true;
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
    return (w & 7) < 3 ? Math.floor(pool * u * u) : pool + Math.floor((this.conditions.rates.wallets - pool) * u * u);
  }

  #otherThan(wallet: number, picked: number): number {
    return picked === wallet ? (picked + 1) % this.conditions.rates.wallets : picked;
  }

  /** Which log follows which, and the gaps that foreign logs leave. */
  #layOut(): void {
    this.steps = 0;
    this.#gaps = scatter(this.#a + 0x676170);
    this.#gap();
    if (this.complement !== 0 && this.generation < 3) {
      this.#add(STEP.conditionalTokens, 0);
      this.#gap();
    }
    const last = this.legs - 1;
    let charged = 0;
    for (let leg = 0; leg <= last; leg++) {
      const charges = (this.fee[leg] as number) > 0 && !this.direct;
      charged += charges ? 1 : 0;
      const feeAfter = this.generation === 3 && leg < last;
      if (charges && !feeAfter) {
        this.#add(STEP.fee, leg);
        this.#gap();
      }
      this.#add(STEP.fill, leg);
      if (charges && feeAfter) this.#add(STEP.fee, leg);
      if (leg < last) this.#gap();
    }
    if (!this.direct) this.#add(STEP.matched, last);
    if (charged === 0 || this.generation !== 1) return;
    for (let leg = 0; leg <= last; leg++) {
      if ((this.fee[leg] as number) <= 0) continue;
      this.#gap();
      this.#add(STEP.refund, leg);
    }
  }

  #gap(): void {
    this.#gaps = this.#gaps >>> 2 || scatter(this.#b + this.steps);
    this.#nextLogIndex += 1 + (this.#gaps & 3);
  }

  #add(step: number, leg: number): void {
    const i = this.steps++;
    this.step[i] = step;
    this.stepLeg[i] = leg;
    this.stepIndex[i] = this.#nextLogIndex++;
  }
}
