/** Markets and events as Gamma writes them: field by field what was recorded in July 2026, in its order. */
import { word } from '../../hash.js';
import { isoMicros } from '../clock.js';
import { plain } from '../decimals.js';
import { address } from '../ids.js';
import { rules, topic } from '../words.js';
import { gammaEvent, tags } from './event-json.js';
import type { PolymarketMarket } from './market.js';
import type { PolymarketUniverse } from './universe.js';

type Json = Record<string, unknown>;

const UPLOADS = 'https://polymarket-upload.s3.us-east-2.amazonaws.com/';
const iso = (ms: number) => isoMicros(ms * 1000, 0);
const number = (micros: number) => micros / 1e6;

/** Fields that are undefined are left out of the body. */
export function gammaMarket(universe: PolymarketUniverse, market: PolymarketMarket, withEvents = true): Json {
  if (market.legacy) return legacyMarket(universe, market);
  if (!universe.hasCondition(market.index)) return bareMarket(universe, market, withEvents);
  const { index: i, volume, volume24h, volumeWeek, volumeMonth, closed } = market;
  const image = `${UPLOADS}${market.slug.slice(0, 60)}-${universe.questionId(i).slice(2, 14)}.jpg`;
  const start = iso(Math.floor(market.createdMicros / 1000) + 240_000);
  const tokens = JSON.stringify(universe.tokens(i)).replaceAll(',', ', ');
  return {
    id: universe.id(i),
    question: market.question,
    conditionId: universe.conditionId(i),
    slug: market.slug,
    resolutionSource: '',
    endDate: iso(market.endMs),
    liquidity: closed ? undefined : String(market.liquidity.value),
    startDate: start,
    image,
    icon: image,
    description: rules(market.question),
    outcomes: JSON.stringify(market.outcomes).replaceAll('","', '", "'),
    outcomePrices: pricesText(market),
    volume: volume ? String(volume.value) : undefined,
    active: market.active,
    closed,
    marketMakerAddress: '',
    createdAt: isoMicros(market.createdMicros),
    updatedAt: isoMicros(market.updatedMicros),
    // Closed times have a blank for the T and an offset of two digits.
    closedTime: closed ? `${iso(market.closesMs).slice(0, 19).replace('T', ' ')}+00` : undefined,
    new: false,
    featured: false,
    submitted_by: address(universe.seed, 10, i % 50),
    archived: false,
    resolvedBy: address(universe.seed, 11, i % 3),
    restricted: true,
    groupItemTitle: market.event === i ? '' : `Option ${i - market.event}`,
    groupItemThreshold: String(i - market.event),
    questionID: universe.questionId(i),
    umaEndDate: closed ? iso(market.closesMs) : undefined,
    enableOrderBook: true,
    orderPriceMinTickSize: number(market.tick),
    orderMinSize: 5,
    umaResolutionStatus: closed ? 'resolved' : undefined,
    volumeNum: volume ? volume.value : undefined,
    liquidityNum: closed ? undefined : market.liquidity.value,
    endDateIso: iso(market.endMs).slice(0, 10),
    startDateIso: start.slice(0, 10),
    hasReviewedDates: true,
    volume24hr: volume24h ? volume24h.value : undefined,
    volume1wk: volumeWeek?.value,
    volume1mo: volumeMonth?.value,
    volume1yr: volume?.value,
    clobTokenIds: tokens,
    positionIds: universe.isV2(i) ? tokens : undefined,
    comboStatus: 'disabled',
    umaBond: '500',
    umaReward: '5',
    volume24hrClob: volume24h ? volume24h.value : undefined,
    volume1wkClob: volumeWeek?.value,
    volume1moClob: volumeMonth?.value,
    volume1yrClob: volume?.value,
    volumeClob: volume ? volume.value : undefined,
    liquidityClob: closed ? undefined : market.liquidity.value,
    makerBaseFee: 1000,
    takerBaseFee: 1000,
    customLiveness: 0,
    acceptingOrders: market.acceptingOrders,
    negRisk: market.negRisk,
    negRiskMarketID: market.negRisk ? universe.negRiskId(market.event) : undefined,
    negRiskRequestID: market.negRisk ? universe.negRiskId(i) : '',
    events: withEvents ? [gammaEvent(universe, market.event, market.atMs)] : undefined,
    ready: false,
    funded: false,
    acceptingOrdersTimestamp: start,
    tags: withEvents ? tags(universe, market.event) : undefined,
    cyom: false,
    competitive: closed ? undefined : competitive(market),
    pagerDutyNotificationEnabled: false,
    approved: true,
    rewardsMinSize: 0,
    rewardsMaxSpread: 0,
    spread: Math.round((number(market.ask ?? 1e6) - number(market.bid ?? 0)) * 1e4) / 1e4,
    automaticallyResolved: closed ? true : undefined,
    oneMonthPriceChange: -0.005,
    oneYearPriceChange: -0.165,
    // Never traded: left out, or 0. An empty side: the bid is left out, or 0; the ask shows 1.
    lastTradePrice: shown(market.last, 0, i),
    bestBid: shown(market.bid, 0, i),
    bestAsk: number(market.ask ?? 1_000_000),
    automaticallyActive: true,
    clearBookOnStart: true,
    seriesColor: '',
    showGmpSeries: false,
    showGmpOutcome: false,
    manualActivation: false,
    negRiskOther: false,
    umaResolutionStatuses: closed ? '["proposed"]' : '[]',
    pendingDeployment: false,
    deploying: false,
    deployingTimestamp: isoMicros(market.createdMicros + 143_000_000),
    rfqEnabled: false,
    holdingRewardsEnabled: false,
    feesEnabled: true,
    requiresTranslation: false,
    feeType: 'general_fees',
    feeSchedule: { exponent: 1, rate: 0.05, takerOnly: true, rebateRate: 0.25 },
  };
}

/** `["0.505", "0.495"]`: a JSON list inside a string. */
function pricesText({ mids }: PolymarketMarket): string {
  return `[${(mids ?? []).map((mid) => `"${plain(mid)}"`).join(', ')}]`;
}

/** What has no value is left out in every second market, and shown as `empty` in the others. */
function shown(micros: number | null, empty: number, index: number): number | undefined {
  if (micros !== null) return number(micros);
  return index % 2 === 0 ? undefined : empty;
}

function competitive({ mids }: PolymarketMarket): number {
  const away = ((mids?.[0] ?? 500_000) - 500_000) / 1e6;
  return 1 / (1 + away * away);
}

/** A market that was made and never deployed: no condition, no tokens, no prices. */
function bareMarket(universe: PolymarketUniverse, market: PolymarketMarket, withEvents: boolean): Json {
  const image = `${UPLOADS}${market.slug.slice(0, 60)}.jpg`;
  return {
    id: universe.id(market.index),
    question: market.question,
    conditionId: '',
    slug: market.slug,
    resolutionSource: '',
    endDate: iso(market.endMs),
    liquidity: '0',
    image,
    icon: image,
    description: rules(market.question),
    outcomes: '["Yes", "No"]',
    volume: '0',
    active: false,
    closed: market.closed,
    marketMakerAddress: '',
    createdAt: isoMicros(market.createdMicros),
    updatedAt: isoMicros(market.updatedMicros),
    new: false,
    featured: false,
    submitted_by: '',
    archived: false,
    restricted: true,
    groupItemTitle: 'June 30',
    groupItemThreshold: '2',
    enableOrderBook: true,
    orderPriceMinTickSize: 0.01,
    orderMinSize: 5,
    volumeNum: 0,
    liquidityNum: 0,
    endDateIso: iso(market.endMs).slice(0, 10),
    hasReviewedDates: true,
    ...Object.fromEntries(['volume24hr', 'volume1wk', 'volume1mo', 'volume1yr'].map((name) => [name, 0])),
    comboStatus: 'disabled',
    umaBond: '500',
    umaReward: '5',
    ...Object.fromEntries(['24hr', '1wk', '1mo', '1yr'].map((span) => [`volume${span}Amm`, 0])),
    ...Object.fromEntries(['24hr', '1wk', '1mo', '1yr'].map((span) => [`volume${span}Clob`, 0])),
    volumeAmm: 0,
    volumeClob: 0,
    liquidityAmm: 0,
    liquidityClob: 0,
    customLiveness: 0,
    negRisk: false,
    events: withEvents ? [gammaEvent(universe, market.event, market.atMs)] : undefined,
    ready: false,
    funded: false,
    cyom: false,
    competitive: 0,
    pagerDutyNotificationEnabled: false,
    approved: true,
    rewardsMinSize: 0,
    rewardsMaxSpread: 0,
    spread: 1,
    oneDayPriceChange: 0,
    oneHourPriceChange: 0,
    oneWeekPriceChange: 0,
    oneMonthPriceChange: 0,
    oneYearPriceChange: 0,
    lastTradePrice: 0,
    bestBid: 0,
    bestAsk: 1,
    clearBookOnStart: true,
    seriesColor: '',
    showGmpSeries: false,
    showGmpOutcome: false,
    manualActivation: false,
    negRiskOther: false,
    umaResolutionStatuses: '[]',
    pendingDeployment: false,
    deploying: false,
    rfqEnabled: false,
    holdingRewardsEnabled: false,
    feesEnabled: false,
    requiresTranslation: false,
    feeType: null,
  };
}

/** Closed in the days of the market maker: no event, no order book, `volumeNum` in cents beside an exact `volume`. */
function legacyMarket(universe: PolymarketUniverse, market: PolymarketMarket): Json {
  const { index: i } = market;
  const exact = market.volume?.micros ?? 0;
  const image = `${UPLOADS}${market.slug.slice(0, 60)}.png`;
  return {
    id: universe.id(i),
    question: market.question,
    conditionId: universe.conditionId(i),
    slug: market.slug,
    twitterCardImage: 'https://polymarket-static.s3.us-east-2.amazonaws.com/polymarket-twitter-card.png',
    endDate: iso(market.endMs),
    category: topic(word(universe.seed, i)),
    liquidity: '0',
    image,
    icon: image,
    description: rules(market.question),
    outcomes: JSON.stringify(market.outcomes).replaceAll('","', '", "'),
    outcomePrices: pricesText(market),
    volume: plain(exact),
    active: true,
    marketType: 'normal',
    closed: true,
    marketMakerAddress: address(universe.seed, 12, i),
    updatedBy: 9,
    createdAt: isoMicros(market.createdMicros, 3),
    updatedAt: isoMicros(market.updatedMicros),
    closedTime: `${iso(market.closesMs).slice(0, 19).replace('T', ' ')}+00`,
    mailchimpTag: '3917403',
    archived: false,
    restricted: false,
    volumeNum: Math.round(exact / 1e4) / 100,
    liquidityNum: 0,
    endDateIso: iso(market.endMs).slice(0, 10),
    hasReviewedDates: true,
    readyForCron: true,
    ...Object.fromEntries(['volume24hr', 'volume1wk', 'volume1mo', 'volume1yr'].map((name) => [name, 0])),
    clobTokenIds: JSON.stringify(universe.tokens(i)).replaceAll(',', ', '),
    fpmmLive: true,
    ...Object.fromEntries(
      ['1wkAmm', '1moAmm', '1yrAmm', '1wkClob', '1moClob', '1yrClob'].map((n) => [`volume${n}`, 0]),
    ),
    creator: '',
    ready: false,
    funded: false,
    cyom: false,
    competitive: 0,
    pagerDutyNotificationEnabled: false,
    approved: true,
    rewardsMinSize: 0,
    rewardsMaxSpread: 0,
    spread: 1,
    oneDayPriceChange: 0,
    oneHourPriceChange: 0,
    oneWeekPriceChange: 0,
    oneMonthPriceChange: 0,
    oneYearPriceChange: 0,
    lastTradePrice: 0,
    bestBid: 0,
    bestAsk: 1,
    clearBookOnStart: true,
    manualActivation: false,
    negRiskOther: false,
    umaResolutionStatuses: '[]',
    pendingDeployment: false,
    deploying: false,
    rfqEnabled: false,
    holdingRewardsEnabled: false,
    feesEnabled: false,
    requiresTranslation: false,
    feeType: null,
  };
}
