/**
 * The trades of one market, by arithmetic. Trade k has a time, a price and a size that follow from (seed, k) alone, and the sizes
 * are differences of a sequence that is known in closed form: how many trades there were until a moment, and what they
 * sum to, costs the same for ten trades as for ten million.
 */
import { unit, word } from '../hash.js';

export interface Stream {
  readonly seed: number;
  readonly createdMs: number;
  /** Until here `before` trades are spread evenly from the creation on. */
  readonly splitMs: number;
  readonly before: number;
  /** From there on one trade falls into each stretch of this length; Infinity: none. */
  readonly gapMs: number;
  /** No trade at or after this time; Infinity: open end. */
  readonly endMs: number;
  /** Hundredths of a share or contract, even, at least 20. */
  readonly averageSize: number;
  /** The price that the walk goes around, micro-units. */
  readonly basePrice: number;
}

export interface StreamTrade {
  readonly k: number;
  readonly atMs: number;
  /** Hundredths. */
  readonly size: number;
  /** 1: taken at the first outcome's side (BUY of outcome 0). */
  readonly buys: boolean;
  /** The first of the two rows that are equal in everything. */
  readonly twinOf: number;
}

const TIME = 0x74696d65;
const SIZE = 0x73697a65;
const TWIN = 0x7477696e;
const SIDE = 0x73696465;
const WALK = 0x77616c6b;
const TWIN_SHARE = 0.03;

/** Pairs (k even, k + 1) of which both rows are equal: one transaction that fills two equal orders of one wallet. */
function twinned(stream: Stream, even: number): boolean {
  return unit(stream.seed ^ TWIN, even) < TWIN_SHARE;
}

/** The trade whose time, price and wallet trade k has. */
export function twinOf(stream: Stream, k: number): number {
  return k % 2 === 1 && twinned(stream, k - 1) ? k - 1 : k;
}

function slotTime(stream: Stream, k: number): number {
  const jitter = unit(stream.seed ^ TIME, k);
  const { createdMs, splitMs, before, gapMs } = stream;
  if (k < before) return createdMs + Math.floor(((k + jitter) * (splitMs - createdMs)) / before);
  return splitMs + Math.floor((k - before + jitter) * gapMs);
}

export function timeOf(stream: Stream, k: number): number {
  return slotTime(stream, twinOf(stream, k));
}

/** How many trades happened at or before a moment. */
export function countUntil(stream: Stream, atMs: number): number {
  const at = Math.min(atMs, stream.endMs - 1);
  const { createdMs, splitMs, before, gapMs } = stream;
  if (at < createdMs) return 0;
  if (at < splitMs ? before === 0 : !Number.isFinite(gapMs)) return before;
  const slot =
    at < splitMs
      ? Math.floor(((at - createdMs) * before) / (splitMs - createdMs))
      : before + Math.floor((at - splitMs) / gapMs);
  // Rounding may put the slot one off; two steps settle it.
  let count = Math.max(0, slot - 1);
  while (timeOf(stream, count) <= at) count++;
  return count;
}

/** Σ sizes of the first `count` trades, hundredths. */
export function cumulative(stream: Stream, count: number): number {
  if (count === 0) return 0;
  if (count % 2 === 1 && twinned(stream, count - 1)) {
    return (cumulative(stream, count - 1) + cumulative(stream, count + 1)) / 2;
  }
  const { averageSize, seed } = stream;
  return count * averageSize + 2 * Math.floor(unit(seed ^ SIZE, count) * 0.4 * averageSize);
}

export function tradeAt(stream: Stream, k: number): StreamTrade {
  const twin = twinOf(stream, k);
  return {
    k,
    atMs: slotTime(stream, twin),
    size: cumulative(stream, k + 1) - cumulative(stream, k),
    buys: unit(stream.seed ^ SIDE, twin) < 0.5,
    twinOf: twin,
  };
}

/** Value noise: random at whole numbers, straight between them, in [-1, 1]. */
function noise(seed: number, x: number): number {
  const left = Math.floor(x);
  const a = unit(seed, left) * 2 - 1;
  const b = unit(seed, left + 1) * 2 - 1;
  return a + (b - a) * (x - left);
}

/** The price after `count` trades, micro-units, on the tick and strictly between 0 and 1. */
export function priceAfter(stream: Stream, count: number, tick: number): number {
  const k = count === 0 ? 0 : twinOf(stream, count - 1) + 1;
  const seed = word(stream.seed, WALK);
  const walk = 0.12 * noise(seed, k / 97) + 0.03 * noise(seed ^ 1, k / 9) + 0.012 * noise(seed ^ 2, k / 1.7);
  const room = Math.min(stream.basePrice, 1e6 - stream.basePrice) / 500_000;
  const price = Math.round((stream.basePrice + walk * 1e6 * room) / tick) * tick;
  return Math.min(1e6 - tick, Math.max(tick, price));
}

export interface Activity {
  /** Trades of the busiest market until the start. */
  readonly busiest: number;
  /** Mean time between trades of the busiest market after the start, ms. */
  readonly gapMs: number;
}

/** Always traded: the busiest. */
const BUSY_RANKS = 10;

/** Trades follow a power law over the ranks; two fifths of the markets never trade. */
export function activityOf(
  { busiest, gapMs }: Activity,
  rank: number,
  draw: number,
): { before: number; gapMs: number } {
  if (rank >= BUSY_RANKS && draw < 0.4) return { before: 0, gapMs: Number.POSITIVE_INFINITY };
  const trades = Math.max(Math.floor(busiest / (1 + rank) ** 0.9), 1 + Math.floor(draw * 12));
  // An even number: a pair of twins lies on one side of the start.
  return { before: 2 * Math.ceil(trades / 2), gapMs: Math.ceil(gapMs * (1 + rank) ** 0.7) };
}
