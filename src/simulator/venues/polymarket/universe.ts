/**
 * The markets of Polymarket. Market i has the i-th smallest id; closed ones lie between the open ones. From the start on one market
 * opens and one closes every `turnoverMs`.
 */
import { unit, word } from '../../hash.js';
import { Anomalies } from '../anomalies.js';
import { flagged } from '../flags.js';
import { hexId, indexOfHex, indexOfToken, Shuffle, tokenId } from '../ids.js';
import type { Settled } from '../options.js';
import { activityOf, type Stream } from '../stream.js';

const DAY = 86_400_000;
/** The oldest open market. */
const AGE_MS = 400 * DAY;
/** V2 began then: from then on markets have position ids. */
const V2_MS = Date.UTC(2026, 3, 28);

const NAMES = { condition: 1, question: 2, token: 3, negRisk: 4 };
export const TRAIT = {
  noCondition: 1,
  paused: 2,
  finished: 3,
  emptyBook: 4,
  noVolume: 5,
  negRisk: 6,
  teams: 7,
  hiddenEvent: 14,
  zeroZero: 9,
  threeOutcomes: 10,
  fineTick: 11,
  noFirstBid: 12,
};

/** Outcome numbers of a market's tokens: up to three. */
const OUTCOMES = 4;
const ID_FROM = 500_000;
const ID_STEP = 5;
/** Markets come in blocks of 8 that are cut into events. */
const BLOCK = 8;
const CUTS: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7],
  [0],
  [0, 2, 4],
  [0, 3],
  [0, 1],
  [0, 4],
  [0, 1, 2, 4],
];

export class PolymarketUniverse {
  readonly seed: number;
  readonly startMs: number;
  /** Open, and closed, at the start. */
  readonly open: number;
  readonly closed: number;
  readonly anomalies: Anomalies;
  readonly #turnoverMs: number;
  readonly #closing: Shuffle;
  readonly #ranks: Shuffle;
  readonly #activity: { readonly busiest: number; readonly gapMs: number };

  constructor(settled: Settled) {
    this.seed = word(settled.seed, 0x706f6c79);
    this.startMs = settled.startMs;
    this.open = settled.sizes.polymarket;
    this.closed = Math.max(40, Math.ceil(this.open / 10));
    this.#turnoverMs = settled.turnoverMs;
    this.#closing = new Shuffle(this.seed, this.open);
    this.#ranks = new Shuffle(this.seed ^ 1, this.open + this.closed);
    this.#activity = { busiest: settled.busiestTrades, gapMs: settled.busiestGapMs };
    this.anomalies = new Anomalies(this.seed, 'polymarket', settled.startMs, settled.anomalies);
  }

  get atStart(): number {
    return this.open + this.closed;
  }

  /** How many markets exist: indexes below are taken. */
  total(atMs: number): number {
    return this.atStart + Math.max(0, Math.floor((atMs - this.startMs) / this.#turnoverMs));
  }

  flag(trait: number, i: number, rate: number): boolean {
    return flagged(this.seed, trait, i, rate);
  }

  closedAtStart(i: number): boolean {
    return i < this.atStart && this.#closedBelow(i + 1) > this.#closedBelow(i);
  }

  /** Closed ones are spread evenly; so many of the first i. */
  #closedBelow(i: number): number {
    return Math.floor((i * this.closed) / this.atStart);
  }

  createdMs(i: number): number {
    if (i >= this.atStart) return this.startMs + (i - this.atStart + 1) * this.#turnoverMs;
    const share = (i + unit(this.seed ^ 2, i)) / this.atStart;
    return this.startMs - 3_600_000 - Math.floor(AGE_MS * (1 - share));
  }

  closesMs(i: number): number {
    if (i >= this.atStart) return this.createdMs(i) + this.open * this.#turnoverMs;
    if (this.closedAtStart(i)) {
      const created = this.createdMs(i);
      return created + Math.floor((this.startMs - 60_000 - created) * (0.1 + 0.9 * unit(this.seed ^ 3, i)));
    }
    return this.startMs + (1 + this.#closing.at(i - this.#closedBelow(i))) * this.#turnoverMs;
  }

  isClosed(i: number, atMs: number): boolean {
    return this.closesMs(i) <= atMs;
  }

  /** Closed before order books: two zeros for prices, or more outcomes than two. */
  isLegacy(i: number): boolean {
    return this.closedAtStart(i) && i % 3 === 0;
  }

  hasCondition(i: number): boolean {
    return this.closedAtStart(i) || !this.flag(TRAIT.noCondition, i, 0.002);
  }

  isV2(i: number): boolean {
    return this.createdMs(i) >= V2_MS;
  }

  outcomeCount(i: number): number {
    return this.isLegacy(i) && this.flag(TRAIT.threeOutcomes, Math.floor(i / 3), 0.2) ? 3 : 2;
  }

  id(i: number): string {
    return String(ID_FROM + i * ID_STEP + ((word(this.seed ^ 4, i) >>> 0) % ID_STEP));
  }

  indexOfId(id: string, atMs: number): number | undefined {
    return this.#taken(Math.floor((Number(id) - ID_FROM) / ID_STEP), atMs, (i) => this.id(i) === id);
  }

  /** The first index whose id is greater. */
  indexAfterId(id: string): number {
    const i = Math.max(0, Math.floor((Number(id) - ID_FROM) / ID_STEP));
    return Number(this.id(i)) <= Number(id) ? i + 1 : i;
  }

  conditionId(i: number): string {
    return this.hasCondition(i) ? `0x${hexId(this.seed, NAMES.condition, i, 64)}` : '';
  }

  indexOfCondition(id: string, atMs: number): number | undefined {
    const i = indexOfHex(this.seed, NAMES.condition, id.replace(/^0x/, ''));
    return this.#taken(i, atMs, (index) => this.hasCondition(index));
  }

  questionId(i: number): string {
    return `0x${hexId(this.seed, NAMES.question, i, 64)}`;
  }

  negRiskId(event: number): string {
    return `0x${hexId(this.seed, NAMES.negRisk, event, 62)}00`;
  }

  tokens(i: number): string[] {
    if (!this.hasCondition(i)) return [];
    return Array.from({ length: this.outcomeCount(i) }, (_, k) => tokenId(this.seed, NAMES.token, i * OUTCOMES + k));
  }

  /** The market and outcome of a token. */
  indexOfToken(token: string, atMs: number): { readonly index: number; readonly outcome: number } | undefined {
    const number = indexOfToken(this.seed, NAMES.token, token);
    if (number === undefined) return undefined;
    const outcome = number % OUTCOMES;
    const index = this.#taken(Math.floor(number / OUTCOMES), atMs, (i) => outcome < this.outcomeCount(i));
    return index === undefined ? undefined : { index, outcome };
  }

  #taken(i: number | undefined, atMs: number, fits: (i: number) => boolean): number | undefined {
    return i !== undefined && Number.isInteger(i) && i >= 0 && i < this.total(atMs) && fits(i) ? i : undefined;
  }

  /** The first market of the event that market i belongs to; it names the event. */
  eventOf(i: number): number {
    const block = Math.floor(i / BLOCK);
    const cuts = CUTS[(word(this.seed ^ 5, block) >>> 0) % CUTS.length] as readonly number[];
    return block * BLOCK + Math.max(...cuts.filter((cut) => cut <= i - block * BLOCK));
  }

  /** The markets of an event that exist. */
  membersOf(event: number, atMs: number): number[] {
    const members: number[] = [];
    const end = Math.min(this.total(atMs), (Math.floor(event / BLOCK) + 1) * BLOCK);
    for (let i = event; i < end && this.eventOf(i) === event; i++) members.push(i);
    return members;
  }

  eventId(event: number): string {
    return String(20_000 + event);
  }

  indexOfEvent(id: string, atMs: number): number | undefined {
    return this.#taken(Number(id) - 20_000, atMs, (i) => this.eventOf(i) === i);
  }

  /** Archived, inactive or closed while its markets live: no list of events shows it. */
  hiddenEvent(event: number): 'archived' | 'inactive' | 'closed' | undefined {
    if (!this.flag(TRAIT.hiddenEvent, Math.floor(event / BLOCK), 0.003)) return undefined;
    return (['archived', 'inactive', 'closed'] as const)[(word(this.seed ^ 6, event) >>> 0) % 3];
  }

  stream(i: number): Stream {
    const createdMs = this.createdMs(i);
    const closesMs = this.closesMs(i);
    const rank = i < this.atStart ? this.#ranks.at(i) : (word(this.seed ^ 7, i) >>> 0) % this.atStart;
    const { before, gapMs } = activityOf(this.#activity, rank, unit(this.seed ^ 8, i));
    const fresh = createdMs >= this.startMs;
    return {
      seed: word(this.seed ^ 9, i),
      createdMs,
      splitMs: fresh ? createdMs : Math.min(this.startMs, closesMs),
      before: fresh || !this.hasCondition(i) ? 0 : before,
      gapMs: this.hasCondition(i) ? gapMs : Number.POSITIVE_INFINITY,
      endMs: closesMs,
      // At least ten shares: even at the lowest price a trade is worth more than the cent below which lists leave it out.
      averageSize: 5_000 + 2 * Math.floor(unit(this.seed ^ 10, i) ** 3 * 40_000),
      basePrice: Math.floor(20_000 + 960_000 * unit(this.seed ^ 11, i)),
    };
  }
}
