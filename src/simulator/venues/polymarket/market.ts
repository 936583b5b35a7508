/** One market of Polymarket as it stands at a moment: what both the bodies and the truth are written from. */
import { unit, word } from '../../hash.js';
import { type NoisyFloat, noisyFloat } from '../decimals.js';
import { countUntil, cumulative, priceAfter, type Stream, timeOf } from '../stream.js';
import { question, slugOf, team } from '../words.js';
import { type PolymarketUniverse, TRAIT } from './universe.js';

const DAY = 86_400_000;

export interface PolymarketMarket {
  readonly index: number;
  readonly atMs: number;
  readonly event: number;
  readonly question: string;
  readonly slug: string;
  readonly outcomes: readonly string[];
  readonly active: boolean;
  readonly closed: boolean;
  readonly acceptingOrders: boolean;
  readonly legacy: boolean;
  readonly negRisk: boolean;
  readonly createdMicros: number;
  readonly updatedMicros: number;
  /** The date it is to end, which may have passed. */
  readonly endMs: number;
  readonly closesMs: number;
  /** The outcome that won, once closed. */
  readonly winner: number | null;
  readonly tick: number;
  /** Micro-units of the first outcome; null: that side of the book is empty. */
  readonly bid: number | null;
  readonly ask: number | null;
  /** null: never traded. */
  readonly last: number | null;
  /** `outcomePrices`, micro-units; null: the field is absent. */
  readonly mids: readonly number[] | null;
  /** null: the fields are absent. */
  readonly volume: NoisyFloat | null;
  readonly volume24h: NoisyFloat | null;
  readonly volumeWeek: NoisyFloat | null;
  readonly volumeMonth: NoisyFloat | null;
  readonly liquidity: NoisyFloat;
  readonly trades: number;
  readonly stream: Stream;
}

/** Dollars of the first `count` trades: sizes at the price the market goes around (the venue's own figure is no sum of trades either). */
function dollars(stream: Stream, count: number): number {
  return Math.floor((cumulative(stream, count) * stream.basePrice) / 100);
}

export function polymarketMarket(universe: PolymarketUniverse, i: number, askedMs: number): PolymarketMarket {
  const { seed, anomalies } = universe;
  const atMs = anomalies.shown(askedMs);
  const stream = universe.stream(i);
  const trades = countUntil(stream, atMs);
  const closesMs = stream.endMs;
  const closed = closesMs <= atMs;
  const hasCondition = universe.hasCondition(i);
  const legacy = universe.isLegacy(i);
  const paused = universe.flag(TRAIT.paused, i, 0.02);
  const createdMicros = stream.createdMs * 1000 + ((word(seed ^ 20, i) >>> 0) % 1000);
  const tick = universe.flag(TRAIT.fineTick, i, 0.3) ? 1_000 : 10_000;
  const winner = closed ? (unit(seed ^ 21, i) * 1e6 < stream.basePrice ? 0 : 1) : null;
  const traded = trades > 0;
  const noVolume = !traded && universe.flag(TRAIT.noVolume, i, 0.1);
  const sum = (since: number, salt: number): NoisyFloat =>
    noisyFloat(dollars(stream, trades) - dollars(stream, countUntil(stream, since)), word(seed ^ salt, i), trades);
  const fullVolume = noisyFloat(dollars(stream, trades), word(seed ^ 22, i), trades);
  const text = question(word(seed ^ 23, i));
  const lastTradeMs = traded ? timeOf(stream, trades - 1) : stream.createdMs;
  const updatedMs = Math.max(lastTradeMs, closed ? closesMs : 0);
  return {
    index: i,
    atMs,
    event: universe.eventOf(i),
    question: text,
    slug: `${slugOf(text)}-${universe.id(i)}`,
    outcomes: outcomesOf(universe, i),
    active: hasCondition,
    closed,
    acceptingOrders: hasCondition && !closed && !paused,
    legacy,
    negRisk: universe.flag(TRAIT.negRisk, universe.eventOf(i), 0.4) && universe.eventOf(i) % 8 === 0,
    createdMicros,
    updatedMicros: updatedMs * 1000 + ((word(seed ^ 24, i ^ trades) >>> 0) % 1000),
    endMs: endDate(universe, i, closesMs),
    closesMs,
    winner,
    tick,
    ...quotes(universe, i, stream, trades, tick, { atMs, closed, hasCondition, legacy, winner }),
    volume: noVolume ? null : fullVolume,
    volume24h: closed || noVolume ? null : sum(atMs - DAY, 25),
    volumeWeek: noVolume ? null : sum(atMs - 7 * DAY, 26),
    volumeMonth: noVolume ? null : sum(atMs - 30 * DAY, 27),
    liquidity: closed ? { value: 0, micros: 0 } : noisyFloat(liquidityOf(stream, seed, i), word(seed ^ 28, i), 0),
    trades,
    stream,
  };
}

function liquidityOf(stream: Stream, seed: number, i: number): number {
  return Math.floor(stream.averageSize * 100 * (0.5 + unit(seed ^ 29, i)) * 10_000);
}

function outcomesOf(universe: PolymarketUniverse, i: number): readonly string[] {
  if (universe.outcomeCount(i) === 3) return ['Home', 'Draw', 'Away'];
  if (universe.isLegacy(i) && i % 2 === 1) return ['Long', 'Short'];
  if (universe.flag(TRAIT.teams, i, 0.15)) {
    return [team(word(universe.seed ^ 30, i), 1), team(word(universe.seed ^ 30, i), 2)];
  }
  return ['Yes', 'No'];
}

/** Most end near the day they close; some ended long ago and stay open; whole hours. */
function endDate(universe: PolymarketUniverse, i: number, closesMs: number): number {
  const finished = universe.flag(TRAIT.finished, i, 0.05);
  const end = finished ? universe.startMs - Math.floor(unit(universe.seed ^ 31, i) * 5 * DAY) : closesMs;
  return Math.floor(end / 3_600_000) * 3_600_000;
}

interface Standing {
  readonly atMs: number;
  readonly closed: boolean;
  readonly hasCondition: boolean;
  readonly legacy: boolean;
  readonly winner: number | null;
}

type Quotes = Pick<PolymarketMarket, 'bid' | 'ask' | 'last' | 'mids'>;

function quotes(
  universe: PolymarketUniverse,
  i: number,
  stream: Stream,
  trades: number,
  tick: number,
  { atMs, closed, hasCondition, legacy, winner }: Standing,
): Quotes {
  if (!hasCondition) return { bid: null, ask: null, last: null, mids: null };
  const count = universe.outcomeCount(i);
  const last = trades > 0 ? priceAfter(stream, trades, tick) : null;
  if (closed) {
    const zero = legacy && (i % 2 === 0 || universe.flag(TRAIT.zeroZero, i, 0.3));
    const mids = Array.from({ length: count }, (_, k) => (!zero && k === winner ? 1_000_000 : 0));
    return { bid: null, ask: null, last: legacy ? null : last, mids };
  }
  const center = priceAfter(stream, trades, tick) + universe.anomalies.jump(i, stream.basePrice, atMs);
  const price = Math.min(1_000_000 - tick, Math.max(tick, center));
  const below = 1 + ((word(universe.seed ^ 32, i ^ trades) >>> 0) % 3);
  let bid: number | null = Math.max(0, price - below * tick) || null;
  let ask: number | null = price + tick >= 1_000_000 ? null : price + tick;
  if (universe.flag(TRAIT.emptyBook, i, 0.03)) [bid, ask] = [null, null];
  if (universe.anomalies.has('crossed', i, atMs) && bid !== null && ask !== null) [bid, ask] = [ask, bid];
  const mid = ((bid ?? 0) + (ask ?? 1_000_000)) / 2;
  const second = 1_000_000 - mid + (universe.anomalies.has('sum', i, atMs) ? 150_000 : 0);
  return { bid, ask, last, mids: [mid, second] };
}
