import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Mapped, MapRecord, Seen } from '../../../src/datasets/venues/chain.js';
import { Fields } from '../../../src/datasets/venues/fields.js';
import * as kalshi from '../../../src/datasets/venues/kalshi/map.js';
import * as limitless from '../../../src/datasets/venues/limitless/map.js';
import { resultOf } from '../../../src/datasets/venues/opinion/envelope.js';
import * as opinion from '../../../src/datasets/venues/opinion/map.js';
import * as polymarket from '../../../src/datasets/venues/polymarket/map.js';
import { isObject, type Json, parseJson, type RawRecord } from '../../../src/sources/rest/json.js';

/** Answers that public projects recorded, one a line; they lie beside the repository and are not part of it. */
const FOLDER = new URL('../../../../shared/data/catalogues/', import.meta.url);
const there = existsSync(FOLDER);
if (!there) console.warn(`no recorded answers at ${FOLDER.pathname}: these tests are skipped`);

const seen: Seen = { receivedAt: '2026-11-24 12:00:00.000000', trueAt: '2026-11-24 11:56:21.000000' };

function records(file: string): RawRecord[] {
  const lines = readFileSync(new URL(file, FOLDER), 'utf8').split('\n').filter(Boolean);
  return lines.map((raw) => ({ raw, value: parseJson(raw, file) }));
}
const mapAll = (file: string, map: MapRecord): Mapped[] => records(file).map((record) => map(record, seen));
const field = (value: Json, key: string) => (isObject(value) ? value[key] : undefined);
const marketsOf = (all: readonly Mapped[]) => all.flatMap(({ rows }) => rows.markets ?? []);
const pricesOf = (all: readonly Mapped[]) => all.flatMap(({ rows }) => rows.prices ?? []);

describe.skipIf(!there)('recorded answers', () => {
  it('Gamma: floats by their digits, lists inside strings, no winner off a price', () => {
    const all = mapAll('gamma_markets_full.ndjson', polymarket.mapMarket);
    const byId = new Map(marketsOf(all).map((row) => [row.market_id, row]));
    const rihanna = byId.get('0x1fad72fae204143ff1c3035e99e7c0f65ea8d5cd9bd1070987bd1a3316f772be');
    expect(rihanna).toMatchObject({
      event_id: '23784',
      question: 'New Rihanna Album before GTA VI?',
      status: 'open',
      outcomes: ['Yes', 'No'],
      volume: '858688.426815',
      volume_24h: '524.927432',
      volume_unit: 'usd',
      close_time: '2026-07-31 12:00:00.000000',
      created_time: '2025-05-02 15:04:43.762151',
      winner: null,
    });
    expect(pricesOf(all).filter(({ market_id }) => market_id === rihanna?.market_id)).toMatchObject([
      { outcome_id: rihanna?.tokens[0], bid: '0.5', ask: '0.51', mid: '0.505', last: '0.5', at: seen.trueAt },
      { outcome_id: rihanna?.tokens[1], bid: null, ask: null, mid: '0.495', last: null },
    ]);
    const desantis = byId.get('0x12a0cb60174abc437bf1178367c72d11f069e1a3add20b148fb0ab4279b772b2');
    expect(desantis?.winner).toBe(desantis?.tokens[1]);
    // ["0","0"] of the first years is no price, an empty side and a market that never traded neither.
    const biden = byId.get('0xe3b423dfad8c22ff75c9899c4e8176f628cf4ad4caa00481764d320e7415f7a9');
    expect(biden).toMatchObject({ winner: null });
    const nulls = pricesOf(all).filter(({ market_id }) => market_id === biden?.market_id);
    expect(nulls.every(({ bid, ask, mid, last }) => [bid, ask, mid, last].every((price) => price === null))).toBe(true);
    expect(
      marketsOf(all).every(({ outcomes, tokens }) => tokens.length === 0 || tokens.length === outcomes.length),
    ).toBe(true);
  });

  it('Gamma: of 500 markets of the same shape all are read, and winners follow the oracle', () => {
    const lines = readFileSync(new URL('../gamma_markets.ndjson', FOLDER), 'utf8').split('\n').filter(Boolean);
    const rows = lines.flatMap(
      (raw) => polymarket.mapMarket({ raw, value: parseJson(raw, 'x') }, seen).rows.markets ?? [],
    );
    expect(rows).toHaveLength(500);
    const resolved = new Set(
      lines.map((raw) => JSON.parse(raw)).flatMap((m) => (m.umaResolutionStatus === 'resolved' ? [m.conditionId] : [])),
    );
    expect(rows.filter(({ winner, market_id }) => winner !== null && !resolved.has(market_id))).toEqual([]);
  });

  it('Gamma: events and the events inside of markets have one id', () => {
    const events = mapAll('gamma_events.ndjson', polymarket.mapEvent).flatMap(({ rows }) => rows.events ?? []);
    expect(events.map(({ event_id, listed }) => [event_id, listed])).toEqual([
      ['30829', true],
      ['16183', true],
    ]);
    const kraken = events[1];
    // The market that has closed is no longer one of the open ones.
    expect(kraken?.markets).not.toContain('0x5b70123b2c37355840b38bc60752919dae7ca5fe11d5e5184aa69be01b9db458');
  });

  it('CLOB: the best level is the last, and depth is the sum of all', () => {
    const [first] = mapAll('clob_books.ndjson', polymarket.mapBook).flatMap(({ rows }) => rows.books ?? []);
    expect(first).toMatchObject({
      bid: '0.005',
      bid_size: '1000',
      ask: '0.995',
      ask_size: '222222',
      bid_depth: '3351663.51',
      bid_levels: 5,
      at: '2026-06-12 18:35:37.944000',
      hash: '3082b8da1567a4510e93544031cb9144524f2de7',
    });
  });

  it('Polymarket trades: the token names the outcome, equal rows of one transaction get ordinals', () => {
    const [row] = records('data_trades.ndjson').filter(({ value }) => field(value, 'transaction_hash') !== undefined);
    const ordinals = {};
    const trades = [row, row].flatMap((record) => polymarket.mapTrade(record as RawRecord, ordinals).rows.trades ?? []);
    expect(trades.map(({ trade_id }) => trade_id.split(':')[2])).toEqual(['0', '1']);
    expect(trades[0]).toMatchObject({ price: '0.62', size: '78.55', side: 'BUY', at: '2026-09-08 17:03:34.000000' });
  });

  it('Kalshi: no is 1 − yes, an empty side and a market never traded have no price, contracts stay contracts', () => {
    const all = mapAll('kalshi_markets.ndjson', kalshi.mapMarket).filter(({ dropped }) => !dropped);
    const rows = new Map(marketsOf(all).map((row) => [row.market_id, row]));
    expect(rows.get('KXCOLONIZEMARS-50')).toMatchObject({
      volume: '21043.39',
      volume_unit: 'contracts',
      status: 'open',
    });
    const won = rows.get('KXDFBPOKALTEAMTOTAL-26AUG24SCVHSV-HSV1');
    expect(won).toMatchObject({ status: 'resolved', winner: 'KXDFBPOKALTEAMTOTAL-26AUG24SCVHSV-HSV1:0' });
    expect(rows.get('KXDFBPOKALTEAMTOTAL-26AUG24SCVHSV-HSV2')).toMatchObject({ status: 'determined' });
    const of = (ticker: string) => pricesOf(all).filter(({ market_id }) => market_id === ticker);
    expect(of('KXDFBPOKALTEAMTOTAL-26AUG24SCVHSV-HSV3')).toMatchObject([
      { bid: '0.99', ask: null, mid: null, last: '0.99' },
      { bid: null, ask: '0.01', mid: null, last: null },
    ]);
    expect(of('KXCOLONIZEMARS-50')).toMatchObject([
      { bid: '0.163', ask: '0.195', mid: '0.179', last: '0.195' },
      { bid: '0.805', ask: '0.837', mid: '0.821', last: null },
    ]);
    // As the venue itself says of no, in every recorded row.
    for (const record of records('kalshi_markets.ndjson')) {
      const no = kalshi.mapMarket(record, seen).rows.prices?.[1];
      if (no?.bid != null) expect(Number(no.bid)).toBe(Number(field(record.value, 'no_bid_dollars')));
    }
  });

  it('Kalshi: combos are left out, the integer era is read without prices in cents', () => {
    const old = mapAll('kalshi_markets_2024_demo.ndjson', kalshi.mapMarket);
    expect(marketsOf(old).every(({ volume }) => volume === null)).toBe(true);
    expect(pricesOf(old).every(({ bid, ask, last }) => bid === null && ask === null && last === null)).toBe(true);
    const combos = mapAll('kalshi_markets.ndjson', kalshi.mapMarket).filter(({ dropped }) => dropped);
    expect(combos.every(({ id }) => id.startsWith('KXMVE'))).toBe(true);
    expect(combos.length).toBeGreaterThan(0);
  });

  it('Kalshi: year 1 is no time', () => {
    const events = mapAll('kalshi_events.ndjson', kalshi.mapEvent).flatMap(({ rows }) => rows.events ?? []);
    expect(events.find(({ event_id }) => event_id.startsWith('KXDFB'))).toMatchObject({
      updated_time: null,
      category: 'Sports',
      title: 'Verl vs Hamburg: Regulation Time Team Total',
    });
  });

  it("Kalshi: a trade has its outcome's price; a book has bids of both sides", () => {
    const [trade] = mapAll('kalshi_trades.ndjson', kalshi.mapTrade).flatMap(({ rows }) => rows.trades ?? []);
    expect(trade).toMatchObject({
      outcome_id: 'KXELONMARS-99:1',
      price: '0.94',
      size: '1',
      at: '2026-01-12 15:00:20.897212',
    });
    const [record] = records('kalshi_orderbooks.ndjson');
    const book = kalshi.mapBook(record as RawRecord, 'KXELONMARS-99', seen).rows.books;
    expect(book).toMatchObject([
      { bid: '0.08', bid_size: '444.32', ask: '0.12', ask_size: '1967.33' },
      { bid: '0.88', bid_size: '1967.33', ask: '0.92', ask_size: '444.32' },
    ]);
  });

  it('Kalshi: candles end at midnight in New York', () => {
    const rows = records('kalshi_candles.ndjson').flatMap(({ value }) =>
      kalshi.candleRows('KXELONMARS-99', new Fields(value as never)),
    );
    expect(rows[0]).toMatchObject({ at: '2025-10-15 04:00:00.000000', bid: '0.08', ask: '0.11', last: null });
    expect(rows.at(-1)?.at.slice(11, 13)).toMatch(/0[45]/);
  });

  it('Limitless: micro-USDC are dollars, milliseconds are times', () => {
    const all = mapAll('limitless_markets.ndjson', limitless.mapRow);
    expect(marketsOf(all)[1]).toMatchObject({
      market_id: 'trump-out-as-president-before-2027-1768933068297',
      volume: '290.091252',
      volume_24h: null,
      close_time: '2027-01-01 04:59:00.000000',
      status: 'open',
    });
    expect(pricesOf(all).map(({ mid }) => mid)).toEqual(['0.476', '0.524', '0.164', '0.836', '0.155', '0.845']);
    const [record] = records('limitless_orderbooks.ndjson');
    const ref = {
      marketId: 'm',
      eventId: 'm',
      tokens: ['1', '2'],
      mechanism: 'clob',
      createdS: 0,
      tradesToS: null,
    } as const;
    expect(limitless.mapBook(record as RawRecord, ref, seen).rows.books).toMatchObject([
      { bid: '0.466', bid_size: '2000', ask: '0.486', ask_size: '2000' },
    ]);
  });

  it('Opinion: a categorical parent is an event, its children are the markets', () => {
    const all = mapAll('opinion_markets.ndjson', opinion.mapTop);
    const events = all.flatMap(({ rows }) => rows.events ?? []);
    expect(events[0]).toMatchObject({ event_id: 'categorical:1277', title: 'What price will Bitcoin hit in August?' });
    expect(marketsOf(all).map(({ market_id }) => market_id)).not.toContain('1277');
    expect(marketsOf(all)[0]).toMatchObject({
      market_id: '26356',
      event_id: 'categorical:1277',
      question: 'What price will Bitcoin hit in August?: ↑ 100,000',
      volume: '34.27',
      status: 'open',
      winner: null,
    });
    expect(marketsOf(all).at(-1)).toMatchObject({
      market_id: '37077',
      event_id: '37077',
      outcomes: ['Fire Flux Esports', 'Noir Verse'],
    });
  });

  it('Opinion: an error with HTTP 200 is an error', () => {
    const bodies = records('opinion_responses.ndjson').map(({ raw }) => JSON.stringify(JSON.parse(raw).body));
    const judged = bodies.map((body) => {
      try {
        return typeof resultOf(body, '/x').raw;
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(judged).toEqual(['string', '/x answered error 10000: token_id is required', 'string', 'string', 'string']);
  });
});
