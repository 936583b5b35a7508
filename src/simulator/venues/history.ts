/** Price points at steps of time, in the resolution that the venue still keeps for their age. */
import { countUntil, priceAfter, type Stream } from './stream.js';

const DAY = 86_400_000;
/** Polymarket: a minute for 7 days, 5 minutes for 60, half an hour for 90, 3 hours for ever. */
const KEPT: readonly (readonly [ageMs: number, stepMs: number])[] = [
  [7 * DAY, 60_000],
  [60 * DAY, 300_000],
  [90 * DAY, 1_800_000],
  [Number.POSITIVE_INFINITY, 10_800_000],
];

export interface PricePoint {
  readonly atMs: number;
  readonly price: number;
  readonly stepMs: number;
}

/** Points in [fromMs, toMs), on multiples of their step, none before the market was made. */
export function pricePoints(
  stream: Stream,
  span: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
  nowMs: number,
  tick: number,
): PricePoint[] {
  const points: PricePoint[] = [];
  const end = Math.min(span.toMs, nowMs + 1);
  let at = Math.max(span.fromMs, stream.createdMs);
  while (true) {
    const kept = KEPT.find(([age]) => nowMs - at < age) as readonly [number, number];
    const stepMs = Math.max(span.stepMs, kept[1]);
    at = Math.ceil(at / stepMs) * stepMs;
    if (at >= end) return points;
    points.push({ atMs: at, price: priceAfter(stream, countUntil(stream, at), tick), stepMs });
    at += 1;
  }
}
