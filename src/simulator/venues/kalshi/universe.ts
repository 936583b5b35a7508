/**
 * The markets of Kalshi, oldest first: market i was created before market i + 1, or together with it as part of one event. Combos made
 * by users are a list of their own, all of them made in the last half hour before the start.
 */
import { unit, word } from '../../hash.js';
import { Anomalies } from '../anomalies.js';
import { flagged } from '../flags.js';
import { hexId, Shuffle } from '../ids.js';
import type { Settled } from '../options.js';
import { activityOf, type Stream } from '../stream.js';

const DAY = 86_400_000;
const MINUTE = 60_000;
const AGE_MS = 520 * DAY;
/** Settled markets and old trades move to the historical tier after about two months. */
const LIVE_DAYS = 60;
const BLOCK = 10;
const CUTS: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [0],
  [0, 5],
  [0, 2, 4, 6, 8],
  [0, 1, 3],
  [0, 7],
];

export const TRAIT = {
  leakyCombo: 1,
  closedInOpen: 2,
  hiddenEvent: 3,
  emptyBid: 4,
  emptyAsk: 5,
  yearOne: 6,
  scalar: 7,
};

export type KalshiStatus =
  | 'initialized'
  | 'active'
  | 'inactive'
  | 'closed'
  | 'determined'
  | 'disputed'
  | 'amended'
  | 'finalized';

/** What a market is at the start; its rank among its like says when that changes. */
type Kind = 'open' | 'unopened' | 'paused' | 'closed' | 'settled';

export interface Life {
  readonly kind: Kind | 'new';
  readonly opensMs: number;
  readonly closesMs: number;
  readonly determinedMs: number;
  readonly finalizedMs: number;
}

export class KalshiUniverse {
  readonly seed: number;
  readonly startMs: number;
  readonly anomalies: Anomalies;
  readonly counts: Readonly<Record<Kind, number>>;
  /** Markets at the start. */
  readonly atStart: number;
  readonly combos: number;
  readonly seriesCount: number;
  /** Before: the historical tier. */
  readonly cutoffMs: number;
  readonly #turnoverMs: number;
  readonly #places: Shuffle;
  readonly #ranks: Shuffle;
  readonly #activity: { readonly busiest: number; readonly gapMs: number };

  constructor(settled: Settled) {
    const size = settled.sizes.kalshi;
    this.seed = word(settled.seed, 0x6b616c73);
    this.startMs = settled.startMs;
    const open = Math.round(size * 0.6116);
    const unopened = Math.round(size * 0.379);
    const closed = Math.ceil(size * 0.072);
    const rest = size + closed + Math.max(60, Math.ceil(size * 0.1));
    this.atStart = Math.ceil(rest / BLOCK) * BLOCK;
    this.counts = { open, unopened, paused: size - open - unopened, closed, settled: this.atStart - size - closed };
    this.combos = Math.ceil(size * 0.3);
    this.seriesCount = Math.max(12, Math.ceil(size / 14));
    this.cutoffMs = Math.floor((settled.startMs - LIVE_DAYS * DAY) / DAY) * DAY;
    this.#turnoverMs = settled.turnoverMs;
    this.#places = new Shuffle(this.seed, this.atStart);
    this.#ranks = new Shuffle(this.seed ^ 1, this.atStart);
    this.#activity = { busiest: settled.busiestTrades, gapMs: settled.busiestGapMs };
    this.anomalies = new Anomalies(this.seed, 'kalshi', settled.startMs, settled.anomalies);
  }

  flag(trait: number, i: number, rate: number): boolean {
    return flagged(this.seed, trait, i, rate);
  }

  /** The first market of the event that market i belongs to; it names the event. */
  eventOf(i: number): number {
    const block = Math.floor(i / BLOCK);
    const cuts = CUTS[(word(this.seed ^ 2, block) >>> 0) % CUTS.length] as readonly number[];
    return block * BLOCK + Math.max(...cuts.filter((cut) => cut <= i - block * BLOCK));
  }

  #eventEnd(event: number): number {
    const end = (Math.floor(event / BLOCK) + 1) * BLOCK;
    let i = event + 1;
    while (i < end && this.eventOf(i) === event) i++;
    return i;
  }

  /** How many markets exist: whole events. */
  total(atMs: number): number {
    const fresh = Math.max(0, Math.floor((atMs - this.startMs) / this.#turnoverMs));
    return fresh === 0 ? this.atStart : this.#eventEnd(this.eventOf(this.atStart + fresh - 1));
  }

  membersOf(event: number): number[] {
    return Array.from({ length: this.#eventEnd(event) - event }, (_, k) => event + k);
  }

  /** One for all markets of an event, strictly rising from event to event. */
  createdMicros(i: number): number {
    const event = this.eventOf(i);
    if (event >= this.atStart) return (this.startMs + (event - this.atStart + 1) * this.#turnoverMs) * 1000;
    // Most of what is listed was made in the last days.
    const share = (event + 0.9 * unit(this.seed ^ 3, event)) / this.atStart;
    return (this.startMs - 2 * MINUTE) * 1000 - Math.floor(AGE_MS * 1000 * (1 - share) ** 5);
  }

  /** The first index that was created after, or at, a time. */
  indexFrom(micros: number, atMs: number): number {
    let [low, high] = [0, this.total(atMs)];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.createdMicros(middle) < micros) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  life(i: number): Life {
    const created = Math.floor(this.createdMicros(i) / 1000);
    const turn = this.#turnoverMs;
    if (i >= this.atStart) return this.#closing('new', created, created + (this.counts.open + 1) * turn);
    let place = this.#places.at(i);
    const { counts, startMs } = this;
    const opened = Math.min(created + 30 * MINUTE, startMs - MINUTE);
    if (place < counts.open) return this.#closing('open', opened, startMs + (1 + place) * turn);
    place -= counts.open;
    if (place < counts.unopened) {
      const opens = startMs + (1 + place) * turn;
      return this.#closing('unopened', opens, opens + DAY);
    }
    place -= counts.unopened;
    if (place < counts.paused) return this.#closing('paused', opened, Number.MAX_SAFE_INTEGER);
    place -= counts.paused;
    const share = unit(this.seed ^ 4, i);
    if (place < counts.closed) {
      const closed = startMs - Math.floor(share * Math.min(DAY, startMs - opened - 1));
      const finalized = startMs + (1 + place) * turn;
      const determined = share < 0.5 ? closed + Math.floor((startMs - closed) / 2) : finalized - Math.floor(turn / 2);
      return { kind: 'closed', opensMs: opened, closesMs: closed, determinedMs: determined, finalizedMs: finalized };
    }
    // Settled: half of them within a day of the start (as in life), the rest back to the creation.
    const span = Math.max(1, startMs - 30 * MINUTE - opened);
    const closed = opened + Math.floor(span * (share < 0.5 ? 1 - share * 0.02 : 1.5 - share));
    const later = Math.min(20 * MINUTE, Math.floor((startMs - closed) / 3));
    return {
      kind: 'settled',
      opensMs: opened,
      closesMs: closed,
      determinedMs: closed + later,
      finalizedMs: closed + 2 * later,
    };
  }

  #closing(kind: Life['kind'], opensMs: number, closesMs: number): Life {
    return { kind, opensMs, closesMs, determinedMs: closesMs + 5 * MINUTE, finalizedMs: closesMs + 10 * MINUTE };
  }

  status(i: number, atMs: number): KalshiStatus {
    const life = this.life(i);
    if (life.finalizedMs <= atMs) return 'finalized';
    if (life.determinedMs <= atMs) {
      const draw = unit(this.seed ^ 5, i);
      return draw < 0.03 ? 'disputed' : draw < 0.06 ? 'amended' : 'determined';
    }
    if (life.closesMs <= atMs) return 'closed';
    if (life.opensMs > atMs) return 'initialized';
    return life.kind === 'paused' ? 'inactive' : 'active';
  }

  /** Closed for a while and still in the chain of the open ones. */
  closedInOpen(i: number, atMs: number): boolean {
    return this.status(i, atMs) === 'closed' && (i % 40 === 1 || atMs - this.life(i).closesMs < 2 * MINUTE);
  }

  /** A combo that `mve_filter=exclude` does not exclude. */
  leakyCombo(i: number): boolean {
    return this.flag(TRAIT.leakyCombo, i, 0.001);
  }

  seriesOf(event: number): number {
    return (word(this.seed ^ 6, event) >>> 0) % this.seriesCount;
  }

  seriesTicker(series: number): string {
    return `KX${letters(series)}`;
  }

  /** The event's number stands in the ticker, so that no table is needed to find it again. */
  eventTicker(event: number): string {
    const day = new Date(this.life(event).closesMs > 8e15 ? this.startMs : this.life(event).closesMs);
    const month = day.toISOString().slice(5, 7);
    const name = MONTHS[Number(month) - 1] as string;
    const date = `${String(day.getUTCFullYear()).slice(2)}${name}${String(day.getUTCDate()).padStart(2, '0')}`;
    return `${this.seriesTicker(this.seriesOf(event))}-${date}${event.toString(36).toUpperCase().padStart(5, '0')}`;
  }

  ticker(i: number): string {
    const event = this.eventOf(i);
    return `${this.eventTicker(event)}-T${String(i - event).padStart(2, '0')}`;
  }

  indexOfEventTicker(ticker: string, atMs: number): number | undefined {
    const code = /^KX[A-Z]+-\d\d[A-Z]{3}\d\d([0-9A-Z]{5,})$/.exec(ticker)?.[1];
    const event = code === undefined ? Number.NaN : Number.parseInt(code, 36);
    return event < this.total(atMs) && this.eventOf(event) === event && this.eventTicker(event) === ticker
      ? event
      : undefined;
  }

  indexOfTicker(ticker: string, atMs: number): number | undefined {
    const [, eventTicker, suffix] = /^(.*)-T(\d\d)$/.exec(ticker) ?? [];
    const event = eventTicker === undefined ? undefined : this.indexOfEventTicker(eventTicker, atMs);
    const i = event === undefined ? Number.NaN : event + Number(suffix);
    return i < this.total(atMs) && this.eventOf(i) === event ? i : undefined;
  }

  hiddenEvent(event: number): boolean {
    return this.flag(TRAIT.hiddenEvent, event, 0.004);
  }

  comboCreatedMicros(c: number): number {
    const share = (c + unit(this.seed ^ 7, c)) / this.combos;
    return this.startMs * 1000 - Math.floor(30 * MINUTE * 1000 * (1 - share)) - 1;
  }

  comboTicker(c: number): string {
    const hex = hexId(this.seed, 7, c, 24).toUpperCase();
    return `KXMVESPORTSMULTIGAMEEXTENDED-S2025${hex.slice(0, 11)}-${hex.slice(11, 22)}`;
  }

  stream(i: number): Stream {
    const { opensMs, closesMs, kind } = this.life(i);
    const rank = i < this.atStart ? this.#ranks.at(i) : (word(this.seed ^ 8, i) >>> 0) % this.atStart;
    const { before, gapMs } = activityOf(this.#activity, rank, unit(this.seed ^ 9, i));
    const fresh = opensMs >= this.startMs;
    const splitMs = fresh ? opensMs : Math.min(this.startMs, closesMs);
    return {
      seed: word(this.seed ^ 10, i),
      createdMs: opensMs,
      splitMs,
      // No more trades than milliseconds to have them in.
      before: fresh || splitMs - opensMs < before ? 0 : before,
      gapMs: kind === 'paused' ? Number.POSITIVE_INFINITY : gapMs,
      endMs: closesMs,
      averageSize: 20 + 2 * Math.floor(unit(this.seed ^ 11, i) ** 3 * 20_000),
      basePrice: Math.floor(20_000 + 960_000 * unit(this.seed ^ 12, i)),
    };
  }
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** A number in letters: 0 → A, 25 → Z, 26 → BA. */
function letters(value: number): string {
  let text = '';
  for (let rest = value; rest > 0 || text === ''; rest = Math.floor(rest / 26)) {
    text = String.fromCharCode(65 + (rest % 26)) + text;
  }
  return `SIM${text}`;
}
