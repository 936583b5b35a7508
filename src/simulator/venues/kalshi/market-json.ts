/** Markets, events and series as Kalshi writes them since the integer fields are gone (recorded in August 2026). */
import { word } from '../../hash.js';
import { isoMicros, isoTrimmed } from '../clock.js';
import { fixed } from '../decimals.js';
import { hexId, uuid } from '../ids.js';
import { question, rules, topic } from '../words.js';
import type { KalshiMarket, PriceStructure } from './market.js';
import { type KalshiUniverse, TRAIT } from './universe.js';

type Json = Record<string, unknown>;

const YEAR_ONE = '0001-01-01T00:00:00Z';
/** Of a market that is paused and has no date. */
const FAR_MS = Date.UTC(2099, 7, 1, 4, 59);

/** Whole seconds, as dates of markets are. */
const seconds = (ms: number) => isoMicros(Math.floor(Math.min(ms, FAR_MS) / 1000) * 1e6, 0);
export const dollars = (micros: number) => fixed(micros, 4);
export const contracts = (hundredths: number) => fixed(hundredths * 10_000, 2);

export function closeTimeMs(market: KalshiMarket): number {
  return Math.floor(Math.min(market.life.closesMs, FAR_MS) / 1000) * 1000;
}

const RANGES: Readonly<Record<PriceStructure, readonly Json[]>> = {
  linear_cent: [{ end: '1.0000', start: '0.0000', step: '0.0100' }],
  deci_cent: [{ end: '1.0000', start: '0.0000', step: '0.0010' }],
  tapered_deci_cent: [
    { end: '0.1000', start: '0.0000', step: '0.0010' },
    { end: '0.9000', start: '0.1000', step: '0.0100' },
    { end: '1.0000', start: '0.9000', step: '0.0010' },
  ],
};

export function kalshiMarketJson(universe: KalshiUniverse, market: KalshiMarket): Json {
  const { index: i, bid, ask, last, result, settlement, life } = market;
  const struck = i % 2 === 0;
  const side = `Above ${i - market.event}.5 — §${i % 7}`;
  const shownBid = bid ?? 0;
  const shownAsk = ask ?? 1_000_000;
  return {
    can_close_early: true,
    close_time: seconds(life.closesMs),
    created_time: isoTrimmed(market.createdMicros),
    early_close_condition: struck ? undefined : 'This market will close and expire early if the event occurs.',
    event_ticker: universe.eventTicker(market.event),
    exchange_index: 0,
    expected_expiration_time: seconds(life.closesMs + 10_800_000),
    expiration_time: seconds(life.closesMs + 86_400_000),
    expiration_value: result === '' ? '' : `H ${i % 3} - A ${i % 4}`,
    floor_strike: struck ? i - market.event + 0.5 : undefined,
    last_price_dollars: dollars(last ?? 0),
    latest_expiration_time: seconds(life.closesMs + 86_400_000),
    liquidity_dollars: '0.0000',
    market_type: 'binary',
    no_ask_dollars: dollars(1_000_000 - shownBid),
    no_bid_dollars: dollars(1_000_000 - shownAsk),
    no_sub_title: side,
    notional_value_dollars: '1.0000',
    occurrence_datetime: struck ? seconds(life.closesMs + 10_800_000) : undefined,
    open_interest_fp: contracts(market.openInterest),
    open_time: seconds(life.opensMs),
    previous_price_dollars: dollars(market.previous.last),
    previous_yes_ask_dollars: dollars(market.previous.ask),
    previous_yes_bid_dollars: dollars(market.previous.bid),
    price_level_structure: market.structure,
    price_ranges: RANGES[market.structure],
    result,
    rules_primary: rules(market.title).slice(0, 200),
    rules_secondary: i % 3 === 0 ? rules(market.title).slice(200) : '',
    settlement_timer_seconds: 1800,
    settlement_ts: market.status === 'finalized' ? isoTrimmed(life.finalizedMs * 1000 + 94_255) : undefined,
    settlement_value_dollars: settlement === null ? undefined : dollars(settlement),
    status: market.status,
    strike_type: struck ? 'greater_or_equal' : undefined,
    subtitle: i % 6 === 0 ? side : undefined,
    ticker: universe.ticker(i),
    title: market.title,
    updated_time: isoTrimmed(market.updatedMicros),
    volume_24h_fp: contracts(market.volume24h),
    volume_fp: contracts(market.volume),
    yes_ask_dollars: dollars(shownAsk),
    yes_ask_size_fp: contracts(market.askSize),
    yes_bid_dollars: dollars(shownBid),
    yes_bid_size_fp: contracts(market.bidSize),
    yes_sub_title: side,
    ...(universe.leakyCombo(i) ? legs(universe, i, i % 2 === 0) : {}),
  };
}

/** What tells a combo: its collection, its legs, or both. */
function legs(universe: KalshiUniverse, i: number, withCollection = true): Json {
  const leg = (k: number) => ({
    event_ticker: universe.eventTicker(universe.eventOf(k)),
    market_ticker: universe.ticker(k),
    side: k % 2 === 0 ? 'yes' : 'no',
  });
  const first = i % Math.max(1, universe.atStart - 12);
  return {
    mve_collection_ticker: withCollection ? `KXMVESPORTS-R${hexId(universe.seed, 8, i, 8).toUpperCase()}` : undefined,
    mve_selected_legs: [leg(first), leg(first + 11)],
  };
}

/** A combo: never traded, an empty book, made a moment ago. */
export function comboJson(universe: KalshiUniverse, c: number): Json {
  const ticker = universe.comboTicker(c);
  const eventTicker = ticker.slice(0, ticker.lastIndexOf('-'));
  const created = universe.comboCreatedMicros(c);
  const closes = universe.startMs + 14 * 86_400_000;
  const price = (micros: number) => dollars(micros);
  return {
    can_close_early: true,
    close_time: seconds(closes),
    created_time: isoTrimmed(created),
    custom_strike: {
      'Associated Events': eventTicker,
      'Associated Market Sides': 'yes,no',
      'Associated Markets': ticker,
    },
    event_ticker: eventTicker,
    exchange_index: 0,
    expected_expiration_time: seconds(closes),
    expiration_time: seconds(closes),
    expiration_value: '',
    last_price_dollars: price(0),
    latest_expiration_time: seconds(closes),
    liquidity_dollars: '0.0000',
    market_type: 'binary',
    ...legs(universe, c),
    no_ask_dollars: price(1_000_000),
    no_bid_dollars: price(0),
    no_sub_title: 'yes Real Madrid,no Over 2.5',
    notional_value_dollars: '1.0000',
    open_interest_fp: '0.00',
    open_time: seconds(Math.floor(created / 1000)),
    previous_price_dollars: price(0),
    previous_yes_ask_dollars: price(0),
    previous_yes_bid_dollars: price(0),
    price_level_structure: 'linear_cent',
    price_ranges: RANGES.linear_cent,
    result: '',
    rules_primary: 'If every leg comes true, then the market resolves to Yes.',
    rules_secondary: '',
    settlement_timer_seconds: 300,
    status: 'active',
    strike_type: 'custom',
    ticker,
    title: 'yes Real Madrid,no Over 2.5',
    updated_time: isoTrimmed(created),
    volume_24h_fp: '0.00',
    volume_fp: '0.00',
    yes_ask_dollars: price(1_000_000),
    yes_ask_size_fp: '0.00',
    yes_bid_dollars: price(0),
    yes_bid_size_fp: '0.00',
    yes_sub_title: 'yes Real Madrid,no Over 2.5',
  };
}

export function kalshiEventTitle(universe: KalshiUniverse, event: number): string {
  return question(word(universe.seed ^ 30, event));
}

export function kalshiEventJson(universe: KalshiUniverse, event: number): Json {
  const created = universe.createdMicros(event);
  return {
    available_on_brokers: true,
    category: topic(word(universe.seed, universe.seriesOf(event))),
    collateral_return_type: '',
    event_ticker: universe.eventTicker(event),
    exchange_index: 0,
    last_updated_ts: universe.flag(TRAIT.yearOne, event, 0.5) ? YEAR_ONE : isoTrimmed(created + 60e6),
    mutually_exclusive: event % 2 === 0,
    product_metadata: { competition: 'Simulated', competition_scope: 'Game' },
    series_ticker: universe.seriesTicker(universe.seriesOf(event)),
    settlement_sources: [{ name: 'ESPN', url: 'https://www.espn.com' }],
    strike_period: '',
    sub_title: `No. ${event}`,
    title: kalshiEventTitle(universe, event),
  };
}

export function seriesJson(universe: KalshiUniverse, series: number): Json {
  const ticker = universe.seriesTicker(series);
  return {
    additional_prohibitions: null,
    category: topic(word(universe.seed, series)),
    contract_terms_url: `https://kalshi-public-docs.s3.amazonaws.com/contract_terms/${ticker}.pdf`,
    contract_url: `https://kalshi-public-docs.s3.us-east-1.amazonaws.com/regulatory/product-certifications/${ticker}.pdf`,
    fee_multiplier: 1,
    fee_type: 'quadratic',
    frequency: 'custom',
    settlement_sources: [{ name: 'National Weather Service', url: 'https://www.weather.gov/wrh/climate?wfo=lix' }],
    tags: series % 5 === 0 ? null : [topic(word(universe.seed, series))],
    ticker,
    title: question(word(universe.seed ^ 31, series)),
  };
}

export function tradeId(universe: KalshiUniverse, i: number, k: number): string {
  return uuid(word(universe.seed, i), 9, k);
}
