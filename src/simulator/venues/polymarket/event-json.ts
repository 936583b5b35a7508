/** Events as Gamma writes them, alone (inside a market) or with their markets (in the list of events). */
import { unit, word } from '../../hash.js';
import { isoMicros } from '../clock.js';
import { noisyFloat } from '../decimals.js';
import { countUntil, cumulative } from '../stream.js';
import { question, rules, slugOf } from '../words.js';
import type { PolymarketUniverse } from './universe.js';

type Json = Record<string, unknown>;

export function eventTitle(universe: PolymarketUniverse, event: number): string {
  return question(word(universe.seed ^ 40, event)).replace(/\?$/, ': which one?');
}

const DAY = 86_400_000;

/** Closed when all of its markets are, or when it is one of the hidden ones. */
export function eventClosed(universe: PolymarketUniverse, event: number, atMs: number): boolean {
  if (universe.hiddenEvent(event) === 'closed') return true;
  return universe.membersOf(event, atMs).every((i) => universe.isClosed(i, atMs));
}

/** Dollars that the event's markets traded until a moment, micro-units. */
function volumeUntil(universe: PolymarketUniverse, members: readonly number[], atMs: number): number {
  let sum = 0;
  for (const i of members) {
    const stream = universe.stream(i);
    sum += Math.floor((cumulative(stream, countUntil(stream, atMs)) * stream.basePrice) / 100);
  }
  return sum;
}

/** @param atMs the moment shown; the markets are put in by the caller, between `liquidityClob` and `tags`. */
export function gammaEvent(universe: PolymarketUniverse, event: number, atMs: number, markets?: readonly Json[]): Json {
  const members = universe.membersOf(event, atMs);
  const title = eventTitle(universe, event);
  const slug = `${slugOf(title)}-${universe.eventId(event)}`;
  const createdMicros = universe.createdMs(event) * 1000 + ((word(universe.seed ^ 41, event) >>> 0) % 1000);
  const hidden = universe.hiddenEvent(event);
  const total = volumeUntil(universe, members, atMs);
  const since = (days: number) => total - volumeUntil(universe, members, atMs - days * DAY);
  const noisy = (micros: number, salt: number) => noisyFloat(micros, word(universe.seed ^ salt, event), micros).value;
  const image = `https://polymarket-upload.s3.us-east-2.amazonaws.com/${slug.slice(0, 50)}.jpg`;
  const endMs = Math.max(...members.map((i) => universe.closesMs(i)));
  const liquidity = noisy(Math.floor(1e9 * unit(universe.seed ^ 42, event)), 43);
  const negRisk = event % 8 === 0 && universe.flag(6, event, 0.4);
  return {
    id: universe.eventId(event),
    ticker: slug,
    slug,
    title,
    description: rules(title),
    resolutionSource: '',
    startDate: isoMicros(createdMicros + 240_000_000),
    creationDate: isoMicros(createdMicros + 239_999_998),
    endDate: isoMicros(Math.floor(endMs / 3_600_000) * 3_600_000_000, 0),
    image,
    icon: image,
    active: hidden !== 'inactive',
    closed: eventClosed(universe, event, atMs),
    archived: hidden === 'archived',
    new: false,
    featured: false,
    restricted: true,
    liquidity,
    volume: noisy(total, 44),
    openInterest: noisy(Math.floor(total / 7), 45),
    sortBy: markets ? undefined : 'price',
    createdAt: isoMicros(createdMicros),
    updatedAt: isoMicros(Math.floor(atMs / 60_000) * 60_000_000 + ((word(universe.seed ^ 46, event) >>> 0) % 1e6)),
    competitive: 0.9366804046459348,
    volume24hr: noisy(since(1), 47),
    volume1wk: noisy(since(7), 48),
    volume1mo: noisy(since(30), 49),
    volume1yr: noisy(total, 44),
    enableOrderBook: true,
    liquidityClob: liquidity,
    negRisk,
    negRiskMarketID: negRisk ? universe.negRiskId(event) : undefined,
    commentCount: (word(universe.seed ^ 50, event) >>> 0) % 900,
    markets,
    tags: markets ? tags(universe, event) : undefined,
    cyom: false,
    showAllOutcomes: true,
    showMarketImages: false,
    enableNegRisk: negRisk,
    automaticallyActive: true,
    gmpChartMode: 'default',
    negRiskAugmented: false,
    estimateValue: markets ? false : undefined,
    cumulativeMarkets: false,
    pendingDeployment: false,
    deploying: false,
    requiresTranslation: false,
    eventMetadata: { context_requires_regen: true },
  };
}

const TAGS = [
  ['2', 'Politics', 'politics'],
  ['21', 'Crypto', 'crypto'],
  ['1', 'Sports', 'sports'],
  ['596', 'Culture', 'pop-culture'],
  ['120', 'Finance', 'finance'],
  ['107', 'Business', 'business'],
] as const;

export function tagOf(universe: PolymarketUniverse, event: number): (typeof TAGS)[number] {
  return TAGS[(word(universe.seed ^ 51, event) >>> 0) % TAGS.length] as (typeof TAGS)[number];
}

export function tags(universe: PolymarketUniverse, event: number): Json[] {
  return [tagOf(universe, event), ['100215', 'All', 'all'] as const].map(([id, label, slug]) => ({
    id,
    label,
    slug,
    forceShow: false,
    publishedAt: '2023-11-02 21:22:21.615+00',
    createdAt: '2023-11-02T21:22:21.62Z',
    updatedAt: '2026-04-17T20:17:43.066649Z',
    isCarousel: false,
    requiresTranslation: false,
  }));
}
