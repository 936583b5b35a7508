/**
 * The conditions of a universe: what kind each is, when it was prepared, traded and resolved, and its tokens.
 *
 * The range of blocks is cut into equal epochs. A condition is prepared in one (or in the prelude before the first),
 * trades through whole epochs after that, and is resolved in the one after its last: which conditions a block may trade
 * is one look-up. The first few of each kind live through all of it, so that no exchange is ever without one.
 */
import { GOLDEN, mix, unit, word } from '../hash.js';
import { NEG_RISK_ADAPTER, PLAIN_ORACLE, PUSD, USDC_E, WRAPPED_COLLATERAL } from './contracts.js';
import { type ChainRates, MAX_EPOCHS } from './options.js';
import { conditionIdOf, positionIdsOf, structuredIdOf } from './position-ids.js';
import { hexOf, wordsOfBigInt } from './words.js';

export const KIND = {
  plain: 0,
  negRisk: 1,
  v3Binary: 2,
  v3NegRisk: 3,
  v3Combo: 4,
  unexplained: 5,
  threeSlots: 6,
} as const;
export const KIND_NAMES = [
  'plain',
  'neg_risk',
  'v3_binary',
  'v3_neg_risk',
  'v3_combo',
  'unexplained',
  'three_slots',
] as const;

export const WINS = { first: 0, second: 1, both: 2 } as const;

/** What a match of an exchange may trade. */
export const POOL = { ctf: 0, negRisk: 1, v3: 2 } as const;
const POOL_OF = [POOL.ctf, POOL.negRisk, POOL.v3, POOL.v3, POOL.v3, POOL.ctf, -1] as const;

/** One of each that lives through everything; then the shares of the rest, in hundredths. */
const STAPLES = [0, 0, 1, 1, 1, 1, 2, 3, 4] as const;
const SHARES = [46, 34, 7, 7, 4, 0, 2] as const;
const KIND_OF_DRAW = SHARES.flatMap((share, kind) => Array<number>(share).fill(kind));
/** Neg-risk conditions in one market. */
const GROUP = 4;
/** Log indexes of a block that are kept for conditions; a preparation takes up to three. */
export const MAX_CONDITION_LOGS = 300;
export const LOGS_OF_PREPARATION = 3;
export const NEVER = 2 ** 31 - 1;
/** A module byte that no contract has. */
export const UNKNOWN_MODULE = 9;

export class Conditions {
  readonly count: number;
  readonly epochs: number;
  readonly kind: Uint8Array;
  /** Place among the conditions of its kind. */
  readonly ordinal: Int32Array;
  readonly preparedBlock: Int32Array;
  /** 2^31 − 1: never. */
  readonly resolvedBlock: Int32Array;
  /** In thousandths, of the first outcome, when trading began. */
  readonly openingPrice: Int32Array;
  /** What it turns out to be: one of WINS. */
  readonly wins: Uint8Array;
  /** By block: conditions in order of preparation, and of resolution. */
  readonly byPreparation: Int32Array;
  readonly byResolution: Int32Array;
  readonly #firstEpoch: Int16Array;
  readonly #lastEpoch: Int16Array;
  readonly #pools: readonly (readonly Int32Array[])[];
  readonly #tokens = new Map<number, Int32Array>();

  constructor(readonly rates: ChainRates) {
    const { conditions, blocks, seed } = rates;
    this.count = conditions;
    this.epochs = Math.min(MAX_EPOCHS, blocks);
    this.kind = new Uint8Array(conditions);
    this.ordinal = new Int32Array(conditions);
    this.preparedBlock = new Int32Array(conditions);
    this.resolvedBlock = new Int32Array(conditions).fill(NEVER);
    this.openingPrice = new Int32Array(conditions);
    this.wins = new Uint8Array(conditions);
    this.#firstEpoch = new Int16Array(conditions);
    this.#lastEpoch = new Int16Array(conditions);
    const counts = new Int32Array(KIND_NAMES.length);
    for (let c = 0; c < conditions; c++) {
      const kind = this.#kindOf(c);
      this.kind[c] = kind;
      this.ordinal[c] = counts[kind] as number;
      counts[kind] = (counts[kind] as number) + 1;
      this.openingPrice[c] = 50 + ((word(seed ^ 0x7072, c) >>> 0) % 900);
      this.wins[c] = this.#winsOf(c);
      this.#live(c);
    }
    this.#pools = Object.values(POOL).map((pool) => this.#poolByEpoch(pool));
    const all = Int32Array.from({ length: conditions }, (_, c) => c);
    this.byPreparation = all.slice().sort((a, b) => this.#prepared(a) - this.#prepared(b) || a - b);
    this.byResolution = all
      .filter((c) => this.resolvedBlock[c] !== NEVER)
      .sort((a, b) => (this.resolvedBlock[a] as number) - (this.resolvedBlock[b] as number) || a - b);
    this.#checkCrowding();
  }

  #prepared(c: number): number {
    return this.preparedBlock[c] as number;
  }

  #kindOf(c: number): number {
    const staple = STAPLES[c];
    if (staple !== undefined) return staple;
    if (c === STAPLES.length) return KIND.threeSlots;
    if (c < STAPLES.length + 1 + Math.round(this.count * this.rates.unexplainedShare)) return KIND.unexplained;
    return KIND_OF_DRAW[(word(this.rates.seed ^ 0x6b69, c) >>> 0) % 100] as number;
  }

  isV3(c: number): boolean {
    const kind = this.kind[c] as number;
    return kind >= KIND.v3Binary && kind <= KIND.v3Combo;
  }

  epochOf(block: number): number {
    const { firstBlock, blocks } = this.rates;
    return Math.min(this.epochs - 1, Math.floor(((block - firstBlock) * this.epochs) / blocks));
  }

  #blockIn(epoch: number, u: number): number {
    const { firstBlock, preludeBlocks, blocks } = this.rates;
    if (epoch < 0) return firstBlock - preludeBlocks + Math.floor(u * preludeBlocks);
    const from = Math.ceil((epoch * blocks) / this.epochs);
    const to = Math.ceil(((epoch + 1) * blocks) / this.epochs);
    return firstBlock + from + Math.floor(u * (to - from));
  }

  /** When the condition is born, trades and ends. */
  #live(c: number): void {
    const { seed, firstBlock, v3FromBlock } = this.rates;
    const staple = c < STAPLES.length;
    // V3's conditions are no event of their own; they trade from its first epoch on.
    const earliest = this.isV3(c) && v3FromBlock > firstBlock ? this.epochOf(v3FromBlock) - 1 : -1;
    const born =
      staple || unit(seed ^ 0x626f, c) < 0.4
        ? earliest
        : Math.max(earliest, Math.floor(unit(seed ^ 0x6270, c) * (this.epochs - 1)));
    const length = 1 + Math.floor(unit(seed ^ 0x6c65, c) ** 3 * this.epochs);
    const last = staple ? this.epochs - 1 : Math.min(this.epochs - 1, born + length);
    this.#firstEpoch[c] = born + 1;
    this.#lastEpoch[c] = last;
    this.preparedBlock[c] = this.#blockIn(born, unit(seed ^ 0x7062, c));
    const ends = last < this.epochs - 1 && this.kind[c] !== KIND.v3Combo && unit(seed ^ 0x7265, c) < 0.9;
    if (ends) this.resolvedBlock[c] = this.#blockIn(last + 1, unit(seed ^ 0x7262, c));
  }

  #poolByEpoch(pool: number): Int32Array[] {
    const lists: number[][] = Array.from({ length: this.epochs }, () => []);
    for (let c = 0; c < this.count; c++) {
      if (POOL_OF[this.kind[c] as number] !== pool) continue;
      for (let e = this.#firstEpoch[c] as number; e <= (this.#lastEpoch[c] as number); e++) lists[e]?.push(c);
    }
    return lists.map((list) => Int32Array.from(list));
  }

  /** A condition that an exchange with this pool trades at the block; `u` in [0, 1): the low ones are the busy ones. */
  pick(pool: number, block: number, u: number): number {
    const list = this.#pools[pool]?.[this.epochOf(block)] as Int32Array;
    return list[Math.floor(list.length * u * u)] as number;
  }

  /** How much of its trading life has passed, 0 to 1. */
  progress(c: number, block: number): number {
    const { firstBlock, blocks } = this.rates;
    const from = ((this.#firstEpoch[c] as number) * blocks) / this.epochs;
    const to = (((this.#lastEpoch[c] as number) + 1) * blocks) / this.epochs;
    return Math.min(1, Math.max(0, (block - firstBlock - from) / (to - from)));
  }

  oracle(c: number): string {
    if (this.kind[c] === KIND.negRisk) return NEG_RISK_ADAPTER;
    return PLAIN_ORACLE;
  }

  slots(c: number): number {
    return this.kind[c] === KIND.threeSlots ? 3 : 2;
  }

  /** The neg-risk market that the condition is one question of, or its own number. */
  #group(c: number): number {
    return this.kind[c] === KIND.negRisk || this.kind[c] === KIND.v3NegRisk
      ? Math.floor((this.ordinal[c] as number) / GROUP)
      : (this.ordinal[c] as number);
  }

  #indexInGroup(c: number): number {
    return this.kind[c] === KIND.negRisk || this.kind[c] === KIND.v3NegRisk ? (this.ordinal[c] as number) % GROUP : 0;
  }

  /** 32 bytes as hex. Neg-risk: the market's id, its last byte the index of the question. */
  questionId(c: number): string {
    const base = this.rates.seed ^ Math.imul((this.kind[c] as number) + 1, GOLDEN);
    const words = Int32Array.from({ length: 8 }, (_, k) => word(mix(base + this.#group(c)), k));
    // The place itself makes each unlike the others.
    words[1] = this.#group(c);
    if (this.kind[c] === KIND.negRisk) words[7] = ((words[7] as number) & ~0xff) | this.#indexInGroup(c);
    return hexOf(words);
  }

  /** 32 bytes as hex; of V3 the 31 bytes of its ids and a zero. */
  conditionId(c: number): string {
    if (this.isV3(c)) return hexOf(wordsOfBigInt((this.structured(c, 0) >> 8n) << 8n));
    return conditionIdOf(this.oracle(c), this.questionId(c), this.slots(c));
  }

  collateral(c: number): string {
    const kind = this.kind[c];
    return kind === KIND.negRisk ? WRAPPED_COLLATERAL : kind === KIND.unexplained ? PUSD : USDC_E;
  }

  structured(c: number, outcome: number, module = (this.kind[c] as number) - KIND.v3Binary + 1): bigint {
    const words = Int32Array.from({ length: 4 }, (_, k) => word(mix(this.rates.seed ^ 0x7633) + this.#group(c), k));
    words[3] = (this.#group(c) << 3) | (this.kind[c] as number);
    return structuredIdOf({
      module,
      baseHash: BigInt(hexOf(words)),
      arity:
        this.kind[c] === KIND.v3Binary
          ? 1
          : this.kind[c] === KIND.v3NegRisk
            ? GROUP
            : 2 + ((this.ordinal[c] as number) % 5),
      resolutionChain: 137,
      conditionIndex: this.#indexInGroup(c),
      outcome,
    });
  }

  /** Both token ids in outcome order, eight words each. Computed once: half a millisecond for a hashed pair. */
  tokenWords(c: number): Int32Array {
    let words = this.#tokens.get(c);
    if (!words) {
      const ids = this.isV3(c)
        ? [this.structured(c, 0), this.structured(c, 1)]
        : positionIdsOf(this.collateral(c), this.conditionId(c));
      words = new Int32Array(16);
      for (const [outcome, id] of ids.entries()) words.set(wordsOfBigInt(id), outcome * 8);
      this.#tokens.set(c, words);
    }
    return words;
  }

  /** What it pays once it is resolved: [1,0], [0,1], [1,1]; V3's sum to a million; three slots [0,1,0]. */
  numerators(c: number): readonly number[] {
    if (this.slots(c) === 3) return [0, 1, 0];
    const whole = this.isV3(c) ? 1_000_000 : 1;
    const wins = this.wins[c];
    if (wins === WINS.both) return this.isV3(c) ? [whole / 2, whole / 2] : [1, 1];
    return wins === WINS.first ? [whole, 0] : [0, whole];
  }

  #winsOf(c: number): number {
    const kind = this.kind[c];
    const draw = (word(this.rates.seed ^ 0x7061 ^ Math.imul(kind as number, GOLDEN), this.#group(c)) >>> 0) % 1000;
    // Of a neg-risk market exactly one question comes true.
    if (kind === KIND.negRisk || kind === KIND.v3NegRisk) {
      return this.#indexInGroup(c) === draw % GROUP ? WINS.first : WINS.second;
    }
    return draw < 20 ? WINS.both : draw % 2 === 0 ? WINS.first : WINS.second;
  }

  /** Whether a condition is prepared or resolved in the block. */
  hasLogs(block: number): boolean {
    const { byPreparation, preparedBlock, byResolution, resolvedBlock } = this;
    const prepared = byPreparation[firstAtLeast(byPreparation, preparedBlock, block)];
    const resolved = byResolution[firstAtLeast(byResolution, resolvedBlock, block)];
    return (
      (prepared !== undefined && preparedBlock[prepared] === block) ||
      (resolved !== undefined && resolvedBlock[resolved] === block)
    );
  }

  /** A block's log indexes leave room for so many logs of conditions. */
  #checkCrowding(): void {
    const logs = new Map<number, number>();
    for (let c = 0; c < this.count; c++) {
      for (const block of [this.preparedBlock[c] as number, this.resolvedBlock[c] as number]) {
        if (block === NEVER) continue;
        const sum = (logs.get(block) ?? 0) + LOGS_OF_PREPARATION;
        logs.set(block, sum);
        if (sum > MAX_CONDITION_LOGS)
          throw new Error(`too many conditions for ${this.rates.blocks} blocks: ${this.count}`);
      }
    }
  }
}

/** The first place in `order` whose block is at least `block`. */
export function firstAtLeast(order: Int32Array, blockOf: Int32Array, block: number): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((blockOf[order[middle] as number] as number) < block) low = middle + 1;
    else high = middle;
  }
  return low;
}
