/**
 * The markets of Limitless. Row i of the listing is a market of its own or a group; the children of a group are found nowhere but in
 * it. Rows leave the listing when they close; new ones come in at the front, by the clock or by `insert`.
 */
import { unit, word } from '../../hash.js';
import { Anomalies } from '../anomalies.js';
import { flagged } from '../flags.js';
import { hexId, indexOfToken, Shuffle, tokenId } from '../ids.js';
import type { Settled } from '../options.js';
import { activityOf, type Stream } from '../stream.js';

const DAY = 86_400_000;
const AGE_MS = 200 * DAY;
/** Child 0 is the row itself; children of a group count from 1. */
const CHILDREN = 8;
const RECURRING_MS = 300_000;

export const TRAIT = { group: 1, amm: 2, percent: 3, expired: 4, positionIds: 5 };

export class LimitlessUniverse {
  readonly seed: number;
  readonly startMs: number;
  /** Active rows at the start, and resolved ones before them. */
  readonly active: number;
  readonly resolved: number;
  readonly anomalies: Anomalies;
  /** When each extra row came in. */
  readonly #inserted: number[] = [];
  readonly #turnoverMs: number;
  readonly #closing: Shuffle;
  readonly #ranks: Shuffle;
  readonly #activity: { readonly busiest: number; readonly gapMs: number };

  constructor(settled: Settled) {
    this.seed = word(settled.seed, 0x6c696d69);
    this.startMs = settled.startMs;
    this.active = settled.sizes.limitless;
    this.resolved = Math.max(20, Math.ceil(this.active / 10));
    this.#turnoverMs = settled.turnoverMs;
    this.#closing = new Shuffle(this.seed, this.active);
    this.#ranks = new Shuffle(this.seed ^ 1, this.active + this.resolved);
    this.#activity = { busiest: settled.busiestTrades, gapMs: settled.busiestGapMs };
    this.anomalies = new Anomalies(this.seed, 'limitless', settled.startMs, settled.anomalies);
  }

  get atStart(): number {
    return this.active + this.resolved;
  }

  flag(trait: number, i: number, rate: number): boolean {
    return flagged(this.seed, trait, i, rate);
  }

  insert(atMs: number): void {
    // The clock's own rows up to now keep their numbers.
    this.#inserted.push(atMs);
  }

  /** Rows by number, oldest first: those of the start, then the clock's, then the inserted ones in between by time. */
  total(atMs: number): number {
    const byClock = Math.max(0, Math.floor((atMs - this.startMs) / this.#turnoverMs));
    return this.atStart + byClock + this.#inserted.filter((ms) => ms <= atMs).length;
  }

  createdMs(i: number): number {
    if (i < this.resolved) return this.startMs - AGE_MS - 3_600_000 + i * 1_000;
    if (i < this.atStart) {
      const share = (i - this.resolved + unit(this.seed ^ 2, i)) / this.active;
      return this.startMs - 3_600_000 - Math.floor(AGE_MS * (1 - share));
    }
    return this.#addedMs(i - this.atStart);
  }

  /** The time of the n-th row added after the start, clock and inserts merged. */
  #addedMs(n: number): number {
    let byClock = n + 1;
    for (const [k, ms] of this.#inserted.entries()) {
      const clockBefore = Math.floor((ms - this.startMs) / this.#turnoverMs);
      if (clockBefore + k === n) return ms;
      if (clockBefore + k < n) byClock--;
    }
    return this.startMs + byClock * this.#turnoverMs;
  }

  closesMs(i: number): number {
    if (i < this.resolved) return this.startMs - Math.floor((1 + unit(this.seed ^ 3, i) * 30) * DAY);
    if (i < this.atStart) return this.startMs + (1 + this.#closing.at(i - this.resolved)) * this.#turnoverMs;
    return this.createdMs(i) + (this.isRecurring(i) ? RECURRING_MS : this.active * this.#turnoverMs);
  }

  /** Every fourth market that comes in lives for five minutes: between two polls it may come and go. */
  isRecurring(i: number): boolean {
    return i >= this.atStart && (i - this.atStart) % 4 === 3;
  }

  isActive(i: number, atMs: number): boolean {
    return this.closesMs(i) > atMs;
  }

  /** 0: a market of its own. */
  childCount(i: number): number {
    return !this.isRecurring(i) && this.flag(TRAIT.group, i, 0.15)
      ? 2 + ((word(this.seed ^ 4, i) >>> 0) % (CHILDREN - 2))
      : 0;
  }

  isAmm(i: number): boolean {
    return this.childCount(i) === 0 && this.flag(TRAIT.amm, i, 0.1);
  }

  /** The number of a market (or group): row and child. */
  id(i: number, child: number): number {
    return 10_000 + i * CHILDREN + child;
  }

  place(id: number, atMs: number): { readonly i: number; readonly child: number } | undefined {
    const number = id - 10_000;
    const [i, child] = [Math.floor(number / CHILDREN), number % CHILDREN];
    return i >= 0 && i < this.total(atMs) && child <= this.childCount(i) ? { i, child } : undefined;
  }

  conditionId(i: number, child: number): string {
    return `0x${hexId(this.seed, 5, i * CHILDREN + child, 64)}`;
  }

  tokens(i: number, child: number): { readonly yes: string; readonly no: string } {
    const market = i * CHILDREN + child;
    return { yes: tokenId(this.seed, 6, market * 2), no: tokenId(this.seed, 6, market * 2 + 1) };
  }

  placeOfToken(token: string): { readonly i: number; readonly child: number; readonly outcome: number } | undefined {
    const number = indexOfToken(this.seed, 6, token);
    if (number === undefined) return undefined;
    const market = Math.floor(number / 2);
    return { i: Math.floor(market / CHILDREN), child: market % CHILDREN, outcome: number % 2 };
  }

  stream(i: number, child: number): Stream {
    const createdMs = this.createdMs(i);
    const closesMs = this.closesMs(i);
    const market = i * CHILDREN + child;
    const rank =
      i < this.atStart ? this.#ranks.at(i) * (child + 1) : (word(this.seed ^ 7, market) >>> 0) % this.atStart;
    const { before, gapMs } = activityOf(this.#activity, rank, unit(this.seed ^ 8, market));
    const fresh = createdMs >= this.startMs;
    return {
      seed: word(this.seed ^ 9, market),
      createdMs,
      splitMs: fresh ? createdMs : Math.min(this.startMs, closesMs),
      before: fresh ? 0 : before,
      gapMs,
      endMs: closesMs,
      averageSize: 20 + 2 * Math.floor(unit(this.seed ^ 10, market) ** 3 * 10_000),
      basePrice: Math.floor(20_000 + 960_000 * unit(this.seed ^ 11, market)),
    };
  }
}
