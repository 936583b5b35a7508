/**
 * The markets of Opinion. Top row t is a binary market or a categorical parent with children. Parents are numbered in one sequence,
 * binary markets and children in another, and the two overlap.
 */
import { unit, word } from '../../hash.js';
import { Anomalies } from '../anomalies.js';
import { flagged } from '../flags.js';
import { hexId, indexOfToken, Shuffle, tokenId } from '../ids.js';
import type { Settled } from '../options.js';
import { activityOf, type Stream } from '../stream.js';

const DAY = 86_400_000;
const AGE_MS = 300 * DAY;
const CHILDREN = 12;
/** The two sequences of numbers: parents among those of the markets. */
const PARENTS_FROM = 400;
const MARKETS_FROM = 20;

export const TRAIT = {
  categorical: 1,
  oldChain: 2,
  noCondition: 3,
  noCutoff: 4,
  shortToken: 5,
  resolvedChild: 6,
  paused: 7,
};

export class OpinionUniverse {
  readonly seed: number;
  readonly startMs: number;
  /** Live top rows, and resolved ones before them. */
  readonly live: number;
  readonly resolved: number;
  readonly anomalies: Anomalies;
  readonly #turnoverMs: number;
  readonly #closing: Shuffle;
  readonly #ranks: Shuffle;
  readonly #activity: { readonly busiest: number; readonly gapMs: number };

  constructor(settled: Settled) {
    this.seed = word(settled.seed, 0x6f70696e);
    this.startMs = settled.startMs;
    this.live = settled.sizes.opinion;
    this.resolved = Math.max(25, Math.ceil(this.live / 4));
    this.#turnoverMs = settled.turnoverMs;
    this.#closing = new Shuffle(this.seed, this.live);
    this.#ranks = new Shuffle(this.seed ^ 1, this.live + this.resolved);
    this.#activity = { busiest: settled.busiestTrades, gapMs: settled.busiestGapMs };
    this.anomalies = new Anomalies(this.seed, 'opinion', settled.startMs, settled.anomalies);
  }

  get atStart(): number {
    return this.live + this.resolved;
  }

  flag(trait: number, i: number, rate: number): boolean {
    return flagged(this.seed, trait, i, rate);
  }

  total(atMs: number): number {
    return this.atStart + Math.max(0, Math.floor((atMs - this.startMs) / this.#turnoverMs));
  }

  createdMs(t: number): number {
    if (t >= this.atStart) return this.startMs + (t - this.atStart + 1) * this.#turnoverMs;
    const share = (t + unit(this.seed ^ 2, t)) / this.atStart;
    return this.startMs - 3_600_000 - Math.floor(AGE_MS * (1 - share));
  }

  /** The top row leaves the list of the activated. */
  closesMs(t: number): number {
    if (t < this.resolved) return this.startMs - Math.floor((1 + unit(this.seed ^ 3, t)) * DAY);
    if (t < this.atStart) return this.startMs + (1 + this.#closing.at(t - this.resolved)) * this.#turnoverMs;
    return this.createdMs(t) + this.live * this.#turnoverMs;
  }

  /** 0: a binary market. */
  childCount(t: number): number {
    return this.flag(TRAIT.categorical, t, 0.6) ? 2 + ((word(this.seed ^ 4, t) >>> 0) % (CHILDREN - 2)) : 0;
  }

  /** Some children are resolved while their parent lives. */
  childClosesMs(t: number, child: number): number {
    const closes = this.closesMs(t);
    const early = child > 0 && this.flag(TRAIT.resolvedChild, t * CHILDREN + child, 0.2);
    return early ? Math.min(closes, this.startMs - Math.floor((0.1 + unit(this.seed ^ 5, t)) * DAY)) : closes;
  }

  /** The number of a top row: of its sequence. */
  topId(t: number): number {
    return this.childCount(t) > 0 ? PARENTS_FROM + t : this.marketId(t, 0);
  }

  /** Binary markets and children. */
  marketId(t: number, child: number): number {
    return MARKETS_FROM + t * CHILDREN + child;
  }

  parentOf(id: number, atMs: number): number | undefined {
    const t = id - PARENTS_FROM;
    return t >= 0 && t < this.total(atMs) && this.childCount(t) > 0 ? t : undefined;
  }

  placeOf(id: number, atMs: number): { readonly t: number; readonly child: number } | undefined {
    const [t, child] = [Math.floor((id - MARKETS_FROM) / CHILDREN), (id - MARKETS_FROM) % CHILDREN];
    if (!(t >= 0 && t < this.total(atMs))) return undefined;
    const count = this.childCount(t);
    return (count === 0 ? child === 0 : child >= 1 && child <= count) ? { t, child } : undefined;
  }

  conditionId(t: number, child: number): string {
    return this.flag(TRAIT.noCondition, t, 0.3) ? '' : hexId(this.seed, 6, t * CHILDREN + child, 64);
  }

  questionId(t: number, child: number): string {
    return hexId(this.seed, 7, t * CHILDREN + child, 64);
  }

  token(t: number, child: number, outcome: number): string {
    return tokenId(this.seed, 8, (t * CHILDREN + child) * 2 + outcome);
  }

  placeOfToken(
    token: string,
    atMs: number,
  ): { readonly t: number; readonly child: number; readonly outcome: number } | undefined {
    const number = indexOfToken(this.seed, 8, token);
    if (number === undefined) return undefined;
    const market = Math.floor(number / 2);
    const place = this.placeOf(MARKETS_FROM + market, atMs);
    return place && { ...place, outcome: number % 2 };
  }

  stream(t: number, child: number): Stream {
    const createdMs = this.createdMs(t);
    const closesMs = this.childClosesMs(t, child);
    const market = t * CHILDREN + child;
    const rank =
      t < this.atStart ? this.#ranks.at(t) * (child + 1) : (word(this.seed ^ 9, market) >>> 0) % this.atStart;
    const { before, gapMs } = activityOf(this.#activity, rank, unit(this.seed ^ 10, market));
    const fresh = createdMs >= this.startMs;
    return {
      seed: word(this.seed ^ 11, market),
      createdMs,
      splitMs: fresh ? createdMs : Math.max(createdMs, Math.min(this.startMs, closesMs)),
      before: fresh || closesMs <= createdMs ? 0 : before,
      gapMs,
      endMs: closesMs,
      averageSize: 20 + 2 * Math.floor(unit(this.seed ^ 12, market) ** 3 * 200_000),
      basePrice: Math.floor(20_000 + 960_000 * unit(this.seed ^ 13, market)),
    };
  }
}
