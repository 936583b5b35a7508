/** One market of Limitless as it stands, and as the API writes it (recorded in June 2026). */
import { unit, word } from '../../hash.js';
import { isoMicros } from '../clock.js';
import { fixed } from '../decimals.js';
import { address, hexId } from '../ids.js';
import { countUntil, cumulative, priceAfter } from '../stream.js';
import { question, slugOf, topic } from '../words.js';
import { type LimitlessUniverse, TRAIT } from './universe.js';

type Json = Record<string, unknown>;

const TICK = 1_000;
const USDC = { address: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913', decimals: 6, symbol: 'USDC' };

export interface LimitlessMarket {
  readonly i: number;
  readonly child: number;
  readonly atMs: number;
  readonly title: string;
  readonly slug: string;
  readonly active: boolean;
  readonly amm: boolean;
  /** Micro-units of yes and no. */
  readonly mids: readonly [number, number];
  /** Micro-units; null: never traded. */
  readonly last: number | null;
  /** Micro-USDC. */
  readonly volume: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly closesMs: number;
  readonly winner: 0 | 1 | null;
  readonly openInterest: number | null;
}

export function limitlessMarket(
  universe: LimitlessUniverse,
  i: number,
  child: number,
  askedMs: number,
): LimitlessMarket {
  const { seed, anomalies } = universe;
  const atMs = anomalies.shown(askedMs);
  const stream = universe.stream(i, child);
  const trades = countUntil(stream, atMs);
  const key = universe.id(i, child);
  const title = question(word(seed ^ 20, key));
  const createdMs = universe.createdMs(i);
  const closesMs = universe.closesMs(i);
  const active = closesMs > atMs;
  const price = priceAfter(stream, trades, TICK) + anomalies.jump(key, stream.basePrice, atMs);
  const yes = Math.min(1_000_000 - TICK, Math.max(TICK, price));
  const winner = active ? null : unit(seed ^ 21, key) * 1e6 < stream.basePrice ? 0 : 1;
  const amm = universe.isAmm(i);
  const sum = anomalies.has('sum', key, atMs) ? 150_000 : 0;
  return {
    i,
    child,
    atMs,
    title,
    slug: `${slugOf(title)}-${createdMs}${universe.id(i, child)}`,
    active,
    amm,
    mids: [yes, 1_000_000 - yes + sum],
    last: trades > 0 ? priceAfter(stream, trades, TICK) : null,
    volume: Math.floor((cumulative(stream, trades) * stream.basePrice) / 100),
    createdMs,
    updatedMs: active ? Math.max(createdMs, Math.min(atMs, createdMs + trades * 1_000)) : closesMs,
    closesMs,
    winner,
    openInterest: amm ? Math.floor(cumulative(stream, trades) * 5_000) : null,
  };
}

/** The place that a slug ends with. */
export function placeOfSlug(universe: LimitlessUniverse, slug: string, atMs: number) {
  const digits = /-(\d{18,})$/.exec(slug)?.[1];
  const place = digits === undefined ? undefined : universe.place(Number(digits.slice(13)), atMs);
  return place && limitlessMarket(universe, place.i, place.child, atMs).slug === slug ? place : undefined;
}

/** A row of the listing: a market, or a group with its children. */
export function limitlessRow(universe: LimitlessUniverse, i: number, atMs: number): Json {
  const children = universe.childCount(i);
  if (children === 0) return marketJson(universe, limitlessMarket(universe, i, 0, atMs));
  const group = limitlessMarket(universe, i, 0, atMs);
  const markets = Array.from({ length: children }, (_, k) => limitlessMarket(universe, i, k + 1, atMs));
  const volume = markets.reduce((sum, market) => sum + market.volume, 0);
  return {
    ...shared(universe, group),
    volume: String(volume),
    volumeFormatted: fixed(volume, 6),
    outcomeTokens: [],
    ogImageURI: null,
    isRewardable: true,
    slug: group.slug,
    tradeType: 'clob',
    marketType: 'group',
    priorityIndex: 0,
    negRiskMarketId: `0x${hexId(universe.seed, 7, i, 64)}`,
    metadata: { fee: true, isBannered: false },
    markets: markets.map((market) => ({ ...marketJson(universe, market), groupId: universe.id(i, 0) })),
  };
}

function shared(universe: LimitlessUniverse, market: LimitlessMarket): Json {
  const { i, child, closesMs } = market;
  return {
    id: universe.id(i, child),
    automationType: 'manual',
    conditionId: universe.conditionId(i, child),
    negRiskRequestId: null,
    groupId: null,
    collateralToken: USDC,
    title: market.title,
    proxyTitle: null,
    expirationDate: new Date(closesMs).toUTCString().slice(5, 16),
    expirationTimestamp: closesMs,
    createdAt: isoMicros(market.createdMs * 1000, 3),
    startAt: null,
    updatedAt: isoMicros(market.updatedMs * 1000, 3),
    categories: [topic(word(universe.seed, i))],
    status: market.active ? 'FUNDED' : 'RESOLVED',
    expired: universe.flag(TRAIT.expired, i, 0.01) || !market.active,
    hidden: false,
    creator: {
      name: 'Limitless',
      imageURI: 'https://limitless.exchange/assets/images/logo.svg',
      link: 'https://x.com/trylimitless',
      address: address(universe.seed, 8, i % 20),
    },
    tags: ['Limitless'],
  };
}

export function isPercent(universe: LimitlessUniverse, market: LimitlessMarket): boolean {
  return market.amm && universe.flag(TRAIT.percent, market.i, 0.5);
}

export function marketJson(universe: LimitlessUniverse, market: LimitlessMarket): Json {
  const { i, child, volume } = market;
  // AMM prices were percent once, and in some rows still are.
  const unit100 = isPercent(universe, market) ? 1e4 : 1e6;
  const [yes, no] = market.mids.map((mid) => mid / unit100) as [number, number];
  const near = (price: number, by: number) => Math.round((price + by) * 1000) / 1000;
  const limits = { buy: [near(yes, 0.01), near(no, 0.01)], sell: [near(yes, -0.01), near(no, -0.01)] };
  const tokens = universe.tokens(i, child);
  const positions = universe.flag(TRAIT.positionIds, i, 0.05);
  return {
    ...shared(universe, market),
    volume: String(volume),
    volumeFormatted: fixed(volume, 6),
    ...(market.amm
      ? { openInterest: String(market.openInterest), openInterestFormatted: fixed(market.openInterest ?? 0, 6) }
      : {}),
    ...(market.amm ? { liquidity: String(volume * 2), liquidityFormatted: fixed(volume * 2, 6) } : {}),
    ...(positions ? { positionIds: [tokens.yes, tokens.no] } : { tokens }),
    prices: [yes, no],
    tradePrices: { buy: { market: limits.buy, limit: limits.sell }, sell: { market: limits.sell, limit: limits.buy } },
    isOther: false,
    isRewardable: true,
    slug: market.slug,
    tradeType: market.amm ? 'amm' : 'clob',
    venue: { exchange: '0x05c748E2f4DcDe0ec9Fa8DDc40DE6b867f923fa5', adapter: null },
    marketType: 'single',
    priorityIndex: 0,
    winningOutcomeIndex: market.winner,
    metadata: { fee: true },
    settings: {
      minSize: '100000000',
      maxSpread: 0.035,
      dailyReward: '1',
      rewardsEpoch: 0.0006944444444444445,
      c: 3,
      rebateRate: 0,
      takerDelayMs: 250,
      creatorFeePct: 0,
    },
  };
}
