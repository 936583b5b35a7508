/** The markets of a synthetic universe: how large each is, when it lives, how it ends, what its tokens are called. */
import { GOLDEN, hex32, hex256, mix, unit, word } from '../hash.js';
import { blockOfTime, compareText, ERA } from '../universe.js';
import { FILLS_PER_MATCH, type Rates, type SyntheticOptions } from './options.js';

/** How a market ended. */
export const RESOLUTION = { open: 0, first: 1, second: 2, half: 3 } as const;

/** Words of eight bytes that hold one token's decimal digits (at most 78). */
export const TOKEN_WORDS = 10;

const LAST_BLOCK = blockOfTime(ERA.lastTime);

export class Markets {
  readonly count: number;
  /** Matches of a market: 0 for one that nobody traded. */
  readonly matches: Uint32Array;
  readonly start: Uint32Array;
  /** Blocks from the first possible match to the last. */
  readonly span: Uint32Array;
  readonly resolution: Uint8Array;
  readonly negRisk: Uint8Array;
  /** 1 where no pnl condition explains the tokens. */
  readonly unexplained: Uint8Array;
  /** Price of the first outcome at the start, in thousandths. */
  readonly openingPrice: Uint16Array;
  readonly saltA: Int32Array;
  readonly saltB: Int32Array;
  readonly totalMatches: number;
  /** Token `market × 2 + outcome`, as decimal text. */
  readonly tokens: readonly string[];
  readonly tokenWords: Float64Array;
  readonly indexOfToken: ReadonlyMap<string, number>;
  #sortedTokens: Uint32Array | undefined;
  #sortedConditions: { ids: string[]; markets: Uint32Array } | undefined;

  constructor(
    readonly options: SyntheticOptions,
    readonly rates: Rates,
  ) {
    const { seed, markets: count } = options;
    this.count = count;
    this.matches = new Uint32Array(count);
    this.start = new Uint32Array(count);
    this.span = new Uint32Array(count);
    this.resolution = new Uint8Array(count);
    this.negRisk = new Uint8Array(count);
    this.unexplained = new Uint8Array(count);
    this.openingPrice = new Uint16Array(count);
    this.saltA = new Int32Array(count);
    this.saltB = new Int32Array(count);
    const weights = new Float64Array(count);
    let totalWeight = 0;
    for (let m = 0; m < count; m++) {
      this.#draw(m, mix(seed ^ 0x6d6b74) ^ mix(m + 1));
      weights[m] = this.#weight(m);
      totalWeight += weights[m] as number;
    }
    this.totalMatches = this.#share(weights, totalWeight, Math.max(1, Math.round(options.fills / FILLS_PER_MATCH)));
    this.tokens = Array.from({ length: count * 2 }, (_, token) => tokenText(seed, token));
    this.tokenWords = new Float64Array(count * 2 * TOKEN_WORDS);
    const tokenBytes = Buffer.from(this.tokenWords.buffer);
    const indexOfToken = new Map<string, number>();
    for (let token = 0; token < count * 2; token++) {
      const text = this.tokens[token] as string;
      indexOfToken.set(text, token);
      tokenBytes.write(text, token * TOKEN_WORDS * 8, 'latin1');
    }
    this.indexOfToken = indexOfToken;
  }

  #draw(m: number, salt: number): void {
    this.saltA[m] = word(salt, 1);
    this.saltB[m] = word(salt, 2);
    // Lives of some hours to a year; more markets are born late than early.
    const born = ERA.firstBlock + Math.floor(unit(salt, 3) ** 0.55 * (LAST_BLOCK - ERA.firstBlock - 4_000));
    const life = 2_000 + Math.floor(unit(salt, 4) ** 3 * 15_000_000);
    this.start[m] = born;
    this.span[m] = Math.max(1, Math.min(life, LAST_BLOCK - born));
    const ended = born + life < LAST_BLOCK - 50_000;
    const end = unit(salt, 5);
    if (!ended || end < 0.06) this.resolution[m] = RESOLUTION.open;
    else if (end < 0.09) this.resolution[m] = RESOLUTION.half;
    else this.resolution[m] = end < 0.5 ? RESOLUTION.first : RESOLUTION.second;
    this.negRisk[m] = unit(salt, 6) < 0.4 ? 1 : 0;
    this.unexplained[m] = unit(salt, 7) < this.rates.unexplainedShare ? 1 : 0;
    this.openingPrice[m] = 30 + Math.floor(unit(salt, 8) * 940);
  }

  /** Most markets small, a few large, recent ones larger; the first six that are traded are the giants. */
  #weight(m: number): number {
    const salt = this.saltA[m] as number;
    if (m > 0 && unit(salt, 10) < this.rates.emptyShare) return 0;
    const normal = Math.sqrt(-2 * Math.log(1 - unit(salt, 11))) * Math.cos(2 * Math.PI * unit(salt, 12));
    const recency = ((this.start[m] as number) - ERA.firstBlock) / (LAST_BLOCK - ERA.firstBlock);
    return Math.exp(1.7 * normal) * (0.3 + 2 * recency * recency);
  }

  /** Hands out the matches; returns how many. At least one each where there is any weight. */
  #share(weights: Float64Array, totalWeight: number, wanted: number): number {
    const giants = this.count >= 100 ? [0.045, 0.038, 0.034, 0.03, 0.02, 0.01] : this.count >= 5 ? [0.3] : [];
    const rest = 1 - giants.reduce((sum, share) => sum + share, 0);
    let total = 0;
    let giant = 0;
    for (let m = 0; m < this.count; m++) {
      const weight = weights[m] as number;
      if (weight === 0) continue;
      let share = totalWeight > 0 ? (weight / totalWeight) * rest : 0;
      if (giant < giants.length) {
        share += giants[giant++] as number;
        // A giant lives through a whole season.
        this.span[m] = Math.max(this.span[m] as number, Math.min(4_000_000, LAST_BLOCK - (this.start[m] as number)));
      }
      const matches = Math.max(1, Math.round(share * wanted));
      this.matches[m] = matches;
      total += matches;
    }
    return total;
  }

  lastBlockOf(m: number): number {
    return (this.start[m] as number) + (this.span[m] as number);
  }

  conditionId(m: number): string {
    return hex256(this.options.seed ^ 0x636f6e64, m);
  }

  /** When the condition's payouts were reported: some hours after the last possible match. */
  resolvedBlock(m: number): number {
    return this.lastBlockOf(m) + 3_600;
  }

  /** Token indices in the order of their decimal text. */
  sortedTokens(): Uint32Array {
    this.#sortedTokens ??= Uint32Array.from(
      this.tokens.map((text, token) => ({ text, token })).sort((a, b) => compareText(a.text, b.text)),
      ({ token }) => token,
    );
    return this.#sortedTokens;
  }

  sortedConditions(): { readonly ids: readonly string[]; readonly markets: Uint32Array } {
    if (!this.#sortedConditions) {
      const pairs = Array.from({ length: this.count }, (_, m) => ({ id: this.conditionId(m), m }));
      pairs.sort((a, b) => compareText(a.id, b.id));
      this.#sortedConditions = { ids: pairs.map(({ id }) => id), markets: Uint32Array.from(pairs, ({ m }) => m) };
    }
    return this.#sortedConditions;
  }
}

/** A uniform 256-bit number: outcome tokens are hashes. */
function tokenText(seed: number, token: number): string {
  const base = mix(seed ^ 0x746f6b) ^ mix(token + 1);
  let hex = '0x';
  for (let k = 0; k < 8; k++) hex += hex32(mix(word(base, k) + Math.imul(token, GOLDEN)));
  return BigInt(hex).toString();
}
