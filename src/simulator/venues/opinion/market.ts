/** One market of Opinion as it stands, and as the API writes it (recorded from December 2025 to September 2026). */
import { unit, word } from '../../hash.js';
import { wei } from '../decimals.js';
import { countUntil, cumulative, priceAfter } from '../stream.js';
import { question, rules, slugOf, team, topic } from '../words.js';
import { type OpinionUniverse, TRAIT } from './universe.js';

type Json = Record<string, unknown>;

const DAY = 86_400_000;
export const TICK = 1_000;

export interface OpinionMarket {
  readonly t: number;
  readonly child: number;
  readonly atMs: number;
  readonly id: number;
  readonly title: string;
  readonly labels: readonly [yes: string, no: string];
  /** 2 Activated, 3 Resolving, 4 Resolved. */
  readonly status: 2 | 3 | 4;
  readonly createdMs: number;
  readonly closesMs: number;
  /** Seconds; 0: none. */
  readonly cutoffAt: number;
  readonly winner: 0 | 1 | null;
  /** Micro-dollars of yes. */
  readonly price: number;
  readonly trades: number;
  /** 18 decimals, and what that is rounded half up at the sixth. */
  readonly volume: { readonly text: string; readonly micros: number };
  readonly volumeMicros: number;
  readonly volume24hMicros: number;
  readonly volume7dMicros: number;
}

const STATUS = { 1: 'Created', 2: 'Activated', 3: 'Resolving', 4: 'Resolved' } as const;

export function opinionMarket(universe: OpinionUniverse, t: number, child: number, askedMs: number): OpinionMarket {
  const { seed, anomalies } = universe;
  const atMs = anomalies.shown(askedMs);
  const stream = universe.stream(t, child);
  const id = universe.marketId(t, child);
  const trades = countUntil(stream, atMs);
  const closesMs = universe.childClosesMs(t, child);
  const resolvedMs = closesMs + 600_000;
  const status = atMs >= resolvedMs ? 4 : atMs >= closesMs ? 3 : 2;
  const dollars = (count: number) => Math.floor((cumulative(stream, count) * stream.basePrice) / 100);
  const volumeMicros = dollars(trades);
  const teams = child === 0 && universe.flag(TRAIT.shortToken, t, 0.3);
  const price = priceAfter(stream, trades, TICK) + anomalies.jump(id, stream.basePrice, atMs);
  return {
    t,
    child,
    atMs,
    id,
    title: child === 0 ? question(word(seed ^ 20, t)) : `↑ ${(child * 2_500 + 70_000).toLocaleString('en-US')}`,
    labels: teams ? [team(word(seed, t), 1), team(word(seed, t), 2)] : ['YES', 'NO'],
    status,
    createdMs: universe.createdMs(t) + child * 1_000,
    closesMs,
    cutoffAt: universe.flag(TRAIT.noCutoff, t, 0.2) ? 0 : Math.floor(universe.closesMs(t) / 1000),
    winner: status === 4 ? (unit(seed ^ 21, id) * 1e6 < stream.basePrice ? 0 : 1) : null,
    price: Math.min(1_000_000 - TICK, Math.max(TICK, price)),
    trades,
    volume: universe.flag(TRAIT.oldChain, t, 0.4) ? wei(volumeMicros, seed ^ 22, id * 8) : short(volumeMicros),
    volumeMicros,
    volume24hMicros: volumeMicros - dollars(countUntil(stream, atMs - DAY)),
    volume7dMicros: volumeMicros - dollars(countUntil(stream, atMs - 7 * DAY)),
  };
}

/** Two decimals, or none. */
function short(micros: number): { text: string; micros: number } {
  const cents = Math.round(micros / 10_000);
  return { text: String(cents / 100), micros: cents * 10_000 };
}

export function childrenOf(universe: OpinionUniverse, t: number, atMs: number): OpinionMarket[] {
  return Array.from({ length: universe.childCount(t) }, (_, k) => opinionMarket(universe, t, k + 1, atMs));
}

export function topTitle(universe: OpinionUniverse, t: number): string {
  return question(word(universe.seed ^ 20, t));
}

function common(universe: OpinionUniverse, market: OpinionMarket): Json {
  const { t, child, winner } = market;
  const old = universe.flag(TRAIT.oldChain, t, 0.4);
  return {
    chainId: old ? '8453' : '56',
    conditionId: universe.conditionId(t, child),
    createdAt: Math.floor(market.createdMs / 1000),
    cutoffAt: market.cutoffAt,
    isResolvableByAI: false,
    marketId: market.id,
    marketTitle: market.title,
    noLabel: market.labels[1],
    noTokenId: universe.token(t, child, 1),
    questionId: universe.questionId(t, child),
    quoteToken: old ? '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913' : '0x55d398326f99059fF775485246999027B3197955',
    rebate: { maker: 0.5 },
    resolvedAt: market.status === 4 ? Math.floor(market.closesMs / 1000) + 600 : 0,
    resultTokenId: winner === null ? '' : universe.token(t, child, winner),
    rules: child === 0 ? rules(market.title) : '',
    slug: `${slugOf(topTitle(universe, t))}-${child === 0 ? market.id : `${market.id}-${child}`}`,
    status: market.status,
    statusEnum: STATUS[market.status],
    volume: market.volume.text,
    yesLabel: market.labels[0],
    yesTokenId: universe.token(t, child, 0),
  };
}

/** A row of the list. A parent stays Created, has no tokens, and its volume is the sum of its children's. */
export function topJson(universe: OpinionUniverse, t: number, atMs: number): Json {
  const children = childrenOf(universe, t, atMs);
  const label = topic(word(universe.seed, t));
  const labels = { labelIds: [3], labels: [label] };
  const single = opinionMarket(universe, t, 0, atMs);
  const cover = { coverUrl: '', thumbnailUrl: '', incentiveFactor: '' };
  if (children.length === 0) {
    const volumes = { volume24h: short(single.volume24hMicros).text, volume7d: short(single.volume7dMicros).text };
    return { ...common(universe, single), ...cover, ...labels, marketType: 0, ...volumes };
  }
  const sum = (read: (market: OpinionMarket) => number) =>
    short(children.reduce((all, one) => all + read(one), 0)).text;
  return {
    ...common(universe, single),
    childMarkets: children.map((child) => common(universe, child)),
    conditionId: '',
    ...cover,
    ...labels,
    marketId: universe.topId(t),
    marketType: 1,
    noLabel: '',
    noTokenId: '',
    resolvedAt: 0,
    resultTokenId: '',
    slug: `${slugOf(single.title)}-${universe.topId(t)}`,
    status: 1,
    statusEnum: STATUS[1],
    volume: sum((child) => child.volume.micros),
    volume24h: sum((child) => child.volume24hMicros),
    volume7d: sum((child) => child.volume7dMicros),
    yesLabel: '',
    yesTokenId: '',
  };
}

/** A child, or a binary market, asked for alone: no volumes of a day or a week for children. */
export function marketJson(universe: OpinionUniverse, t: number, child: number, atMs: number): Json {
  return child === 0 ? topJson(universe, t, atMs) : common(universe, opinionMarket(universe, t, child, atMs));
}
