/** One market of Kalshi as it stands at a moment. */
import { unit, word } from '../../hash.js';
import { countUntil, cumulative, priceAfter, type Stream } from '../stream.js';
import { question } from '../words.js';
import { type KalshiStatus, type KalshiUniverse, type Life, TRAIT } from './universe.js';

const DAY = 86_400_000;

export type PriceStructure = 'linear_cent' | 'deci_cent' | 'tapered_deci_cent';

export interface KalshiMarket {
  readonly index: number;
  readonly atMs: number;
  readonly event: number;
  readonly title: string;
  readonly status: KalshiStatus;
  readonly life: Life;
  readonly createdMicros: number;
  /** Moves with the state and never with trades. */
  readonly updatedMicros: number;
  readonly structure: PriceStructure;
  readonly tick: number;
  /** Micro-dollars of yes; null: that side of the book is empty. */
  readonly bid: number | null;
  readonly ask: number | null;
  /** Hundredths of contracts. */
  readonly bidSize: number;
  readonly askSize: number;
  /** null: never traded. */
  readonly last: number | null;
  /** A day ago. */
  readonly previous: { readonly bid: number; readonly ask: number; readonly last: number };
  readonly volume: number;
  readonly volume24h: number;
  readonly openInterest: number;
  readonly result: 'yes' | 'no' | 'scalar' | '';
  /** Micro-dollars that a yes contract pays; null while undecided. */
  readonly settlement: number | null;
  readonly stream: Stream;
  readonly trades: number;
}

const STRUCTURES: readonly PriceStructure[] = ['linear_cent', 'linear_cent', 'deci_cent', 'tapered_deci_cent'];

export function structureOf(universe: KalshiUniverse, i: number): PriceStructure {
  return STRUCTURES[(word(universe.seed ^ 20, universe.eventOf(i)) >>> 0) % STRUCTURES.length] as PriceStructure;
}

/** Prices lie on it in every part of the range (a tapered market's are cents everywhere). */
export function tickOf(structure: PriceStructure): number {
  return structure === 'deci_cent' ? 1_000 : 10_000;
}

export function kalshiMarket(universe: KalshiUniverse, i: number, askedMs: number): KalshiMarket {
  const { seed, anomalies } = universe;
  const atMs = anomalies.shown(askedMs);
  const stream = universe.stream(i);
  const status = universe.status(i, atMs);
  const life = universe.life(i);
  const trades = countUntil(stream, atMs);
  const structure = structureOf(universe, i);
  const tick = tickOf(structure);
  const dayAgo = countUntil(stream, atMs - DAY);
  const volume = cumulative(stream, trades);
  const decided = ['determined', 'disputed', 'amended', 'finalized'].includes(status);
  const createdMicros = universe.createdMicros(i);
  return {
    index: i,
    atMs,
    event: universe.eventOf(i),
    title: question(word(seed ^ 21, i)),
    status,
    life,
    createdMicros,
    updatedMicros: updatedAt(universe, i, life, atMs, createdMicros),
    structure,
    tick,
    ...book(universe, i, stream, trades, tick, status, atMs),
    last: trades > 0 ? priceAfter(stream, trades, tick) : null,
    previous: before(stream, dayAgo, tick),
    volume,
    volume24h: volume - cumulative(stream, dayAgo),
    openInterest: Math.floor(volume * (0.2 + 0.5 * unit(seed ^ 22, i))),
    ...decision(universe, i, stream, decided),
    stream,
    trades,
  };
}

function updatedAt(universe: KalshiUniverse, i: number, life: Life, atMs: number, createdMicros: number): number {
  const changes = [life.finalizedMs, life.determinedMs, life.closesMs, life.opensMs];
  const last = changes.find((ms) => ms <= atMs);
  const micros = (word(universe.seed ^ 23, i) >>> 0) % 1e6;
  return last === undefined ? createdMicros : last * 1000 + micros;
}

function before(stream: Stream, trades: number, tick: number): KalshiMarket['previous'] {
  if (trades === 0) return { bid: 0, ask: 0, last: 0 };
  const last = priceAfter(stream, trades, tick);
  return { bid: Math.max(0, last - tick), ask: Math.min(1e6, last + tick), last };
}

function decision(
  universe: KalshiUniverse,
  i: number,
  stream: Stream,
  decided: boolean,
): Pick<KalshiMarket, 'result' | 'settlement'> {
  if (!decided) return { result: '', settlement: null };
  if (universe.flag(TRAIT.scalar, i, 0.02)) return { result: 'scalar', settlement: 437_500 };
  const yes = unit(universe.seed ^ 24, i) * 1e6 < stream.basePrice;
  return { result: yes ? 'yes' : 'no', settlement: yes ? 1_000_000 : 0 };
}

type Book = Pick<KalshiMarket, 'bid' | 'ask' | 'bidSize' | 'askSize'>;

function book(
  universe: KalshiUniverse,
  i: number,
  stream: Stream,
  trades: number,
  tick: number,
  status: KalshiStatus,
  atMs: number,
): Book {
  const empty: Book = { bid: null, ask: null, bidSize: 0, askSize: 0 };
  if (status !== 'active' && status !== 'inactive') return empty;
  const center = priceAfter(stream, trades, tick) + universe.anomalies.jump(i, stream.basePrice, atMs);
  const price = Math.min(1_000_000 - tick, Math.max(tick, center));
  const spread = tick * (1 + ((word(universe.seed ^ 25, i ^ trades) >>> 0) % 3));
  const size = (salt: number) => 100 + ((word(universe.seed ^ salt, i ^ trades) >>> 0) % 1_000_000);
  const rate = trades === 0 ? 0.25 : 0.02;
  let bid = universe.flag(TRAIT.emptyBid, i, rate) ? null : Math.max(0, price - spread) || null;
  let ask = universe.flag(TRAIT.emptyAsk, i, rate) || price + tick >= 1_000_000 ? null : price + tick;
  if (universe.anomalies.has('crossed', i, atMs) && bid !== null && ask !== null) [bid, ask] = [ask, bid];
  return { bid, ask, bidSize: bid === null ? 0 : size(26), askSize: ask === null ? 0 : size(27) };
}
