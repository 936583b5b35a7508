import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Venues } from '../../../src/simulator/venues/server.js';
import {
  type Body,
  gammaMarkets,
  get,
  kalshiMarkets,
  limitlessRows,
  opinionRows,
  post,
  START,
  venuesFor,
} from './ask.js';

/** Real answers, recorded; they lie beside the repository where they are at hand. */
const DATA = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
const present = existsSync(`${DATA}catalogues/README.md`);

function recorded(file: string): Body[] {
  const lines = readFileSync(`${DATA}${file}`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const row = JSON.parse(line);
    return Object.fromEntries(
      Object.entries(row).filter(([key]) => !key.startsWith('_') || key === '_api' || key === '_era'),
    );
  });
}

const keys = (row: Body, ...but: string[]) =>
  Object.keys(row)
    .filter((key) => !key.startsWith('_') && !but.includes(key))
    .sort();

/** JSON types, so that a number is not served where a string was recorded. */
function shape(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
}

function sameTypes(ours: Body, theirs: Body, ...but: string[]): void {
  for (const key of keys(theirs)) {
    if (but.includes(key) || !(key in ours) || theirs[key] === null || ours[key] === null) continue;
    expect(`${key}: ${shape(ours[key])}`).toBe(`${key}: ${shape(theirs[key])}`);
  }
}

if (!present) console.log(`recorded answers are not there (${DATA}): their shapes are not compared`);

describe.skipIf(!present)('shapes as recorded', () => {
  let venues: Venues;
  let gamma: Body[];
  let kalshi: Body[];
  beforeAll(async () => {
    venues = await venuesFor();
    gamma = await gammaMarkets(venues);
    kalshi = await kalshiMarkets(venues, 'status=open&mve_filter=exclude');
  });

  test('Gamma: an open market, its event, the body of a page', async () => {
    const [events, markets] = recorded('catalogues/gamma_keyset_responses.ndjson');
    const theirs = markets.markets[0];
    const ours = gamma.find(
      (row) => row.conditionId && !row.positionIds && !row.negRisk && row.volume && row.bestBid && row.lastTradePrice,
    );
    expect(keys(ours)).toEqual(keys(theirs));
    sameTypes(ours, theirs);
    expect(keys(ours.events[0])).toEqual(keys(theirs.events[0]));
    sameTypes(ours.events[0], theirs.events[0]);
    expect(keys(ours.tags[0])).toEqual(expect.arrayContaining(['id', 'label', 'slug', 'updatedAt']));
    const page = await get(`${venues.urls.gamma}/events/keyset?limit=5&closed=false`);
    expect(keys(page)).toEqual(keys(events));
    const event = page.events.find((one: Body) => !one.negRisk);
    expect(keys(event)).toEqual(keys(events.events[0]));
    sameTypes(event, events.events[0]);
    expect(keys(await get(`${venues.urls.gamma}/markets/keyset?limit=5`))).toEqual(keys(markets));
  });

  test('Gamma: a market that was never deployed, a closed one, a legacy one with two zeros', async () => {
    const [events] = recorded('catalogues/gamma_keyset_responses.ndjson');
    const bare = events.events[0].markets.find((row: Body) => row.conditionId === '');
    expect(
      keys(
        gamma.find((row) => row.conditionId === ''),
        'events',
      ),
    ).toEqual(keys(bare));
    const closed = await gammaMarkets(venues, 'closed=true');
    const theirs = events.events[0].markets.find((row: Body) => row.closed && row.deployingTimestamp);
    const ours = closed.find((row) => row.umaResolutionStatus && row.bestAsk !== undefined);
    const extra = keys(ours, 'events', 'tags').filter((key) => !keys(theirs).includes(key));
    expect(extra.filter((key) => !/^(volume1|positionIds|negRiskMarketID|bestBid|one|startDate)/.test(key))).toEqual(
      [],
    );
    const zero = recorded('catalogues/gamma_markets_full.ndjson').find((row) => row.outcomePrices === '["0", "0"]');
    expect(keys(closed.find((row) => row.outcomePrices === '["0", "0"]'))).toEqual(keys(zero));
  });

  test('CLOB books and history', async () => {
    const row = gamma.find((one) => one.acceptingOrders && one.bestBid);
    const [token_id] = JSON.parse(row.clobTokenIds);
    const [book] = await post(`${venues.urls.clob}/books`, [{ token_id }]);
    const theirs = recorded('catalogues/clob_books.ndjson')[1];
    expect(keys(book)).toEqual(keys(theirs));
    sameTypes(book, theirs);
    expect(book.hash).toMatch(/^[0-9a-f]{40}$/);
    expect(keys(book.bids[0])).toEqual(keys(theirs.bids[0]));
    const { history } = await get(`${venues.urls.clob}/prices-history?market=${token_id}&interval=1d`);
    sameTypes(history[0], recorded('catalogues/clob_prices_history.ndjson')[0]);
  });

  test('data API: trades of both versions, points of version 2', async () => {
    const { markets } = await get(
      `${venues.urls.gamma}/markets/keyset?limit=1&closed=false&order=volumeNum&ascending=false`,
    );
    const rows = recorded('catalogues/data_trades.ndjson');
    const [v1] = await get(`${venues.urls.dataApi}/trades?market=${markets[0].conditionId}`);
    const theirsV1 = rows.find((row) => row._api.includes('v1'));
    expect(keys(v1)).toEqual(keys(theirsV1));
    sameTypes(v1, theirsV1);
    const v2 = (await get(`${venues.urls.dataApi}/v2/trades?condition=${markets[0].conditionId}`)).data[0];
    const theirsV2 = rows.find((row) => row._api.includes('v2'));
    expect(keys(v2)).toEqual(keys(theirsV2));
    sameTypes(v2, theirsV2);
    const [token] = JSON.parse(markets[0].clobTokenIds);
    const now = START / 1000;
    const url = `${venues.urls.dataApi}/v2/prices-history?token=${token}&start=${now - 600}&end=${now}`;
    expect(keys((await get(url)).data[0])).toEqual(keys(recorded('catalogues/data_v2_prices_history.ndjson')[0]));
  });

  test('Kalshi: markets since the integer fields are gone, events, series', async () => {
    const all = recorded('catalogues/kalshi_markets.ndjson').filter((row) => row._era === 'fixed-point only');
    const theirs = all.filter((row) => 'exchange_index' in row);
    const every = (rows: Body[]) => [...new Set(rows.flatMap((row) => keys(row)))].sort();
    const always = (rows: Body[]) => every(rows).filter((key) => rows.every((row) => key in row));
    const settled = await kalshiMarkets(venues, 'status=settled&mve_filter=exclude');
    const ours = [...kalshi, ...settled].filter((row) => !row.mve_selected_legs);
    expect(every(ours)).toEqual(every(theirs).filter((key) => key !== 'custom_strike'));
    expect(always(ours)).toEqual(always(theirs));
    for (const row of ours.slice(0, 50)) sameTypes(row, theirs[0]);
    const { events } = await get(`${venues.urls.kalshi}/events?limit=1`);
    expect(keys(events[0])).toEqual(keys(recorded('catalogues/kalshi_events.ndjson').at(-1)));
    const { series } = await get(`${venues.urls.kalshi}/series`);
    expect(keys(series[0])).toEqual(keys(recorded('catalogues/kalshi_series.ndjson')[0]));
  });

  test('Kalshi: cursors, books and trades', async () => {
    const walk = recorded('catalogues/kalshi_cursors.ndjson');
    const { cursor } = await get(`${venues.urls.kalshi}/markets?limit=3&status=open&mve_filter=exclude`);
    const frame = (text: string) => {
      const bytes = Buffer.from(text, 'base64url');
      return [bytes[0], bytes[2], bytes.indexOf(0x10) > 0, text.includes('=')];
    };
    expect(frame(cursor)).toEqual(frame(walk[1].cursor_sent));
    const next = await get(`${venues.urls.kalshi}/markets?limit=1&mve_filter=exclude&cursor=${walk[1].cursor_sent}`);
    expect(Date.parse(next.markets[0].created_time)).toBeLessThanOrEqual(Date.parse('2026-08-24T16:21:19.919Z'));
    const [busy] = kalshi.toSorted((a, b) => b.volume_fp - a.volume_fp);
    const { orderbook_fp } = await get(`${venues.urls.kalshi}/markets/${busy.ticker}/orderbook`);
    expect(keys(orderbook_fp)).toEqual(keys(recorded('catalogues/kalshi_orderbooks.ndjson')[0].orderbook_fp));
    const { trades } = await get(`${venues.urls.kalshi}/markets/trades?ticker=${busy.ticker}`);
    const old = keys(
      recorded('catalogues/kalshi_trades.ndjson')[0],
      'count',
      'no_price',
      'yes_price',
      'price',
      'taker_side',
    );
    expect(keys(trades[0], 'count_fp', 'taker_book_side', 'taker_outcome_side')).toEqual(old);
  });

  test('Limitless: rows and a book', async () => {
    const [theirs] = recorded('catalogues/limitless_markets.ndjson');
    const rows = await limitlessRows(venues);
    const ours = rows.find((row) => row.tradeType === 'clob' && row.marketType === 'single' && row.tokens);
    expect(keys(ours)).toEqual(keys(theirs));
    sameTypes(ours, theirs, 'id', 'expirationTimestamp', 'priorityIndex');
    expect(keys(ours.settings)).toEqual(keys(theirs.settings));
    const book = await get(`${venues.urls.limitless}/markets/${ours.slug}/orderbook`);
    expect(keys(book)).toEqual(keys(recorded('catalogues/limitless_orderbooks.ndjson')[0]));
  });

  test('Opinion: parents, children, a binary market, envelopes', async () => {
    const theirs = recorded('catalogues/opinion_markets.ndjson');
    const rows = await opinionRows(venues);
    const parent = rows.find((row) => row.marketType === 1);
    expect(keys(parent, 'rules', 'thumbnailUrl', 'incentiveFactor')).toEqual(keys(theirs[0]));
    sameTypes(parent, theirs[0]);
    expect(keys(parent.childMarkets[0])).toEqual(keys(theirs[0].childMarkets[0]));
    sameTypes(parent.childMarkets[0], theirs[0].childMarkets[0]);
    const binary = rows.find((row) => row.marketType === 0);
    expect(keys(theirs.at(-1)).filter((key) => !(key in binary))).toEqual([]);
    const envelope = await get(`${venues.urls.opinion}/market?page=99`);
    expect(envelope).toMatchObject({ errmsg: '', errno: 0, result: { list: [] } });
    const book = await get(`${venues.urls.opinion}/token/orderbook?token_id=${binary.yesTokenId}`);
    const recordedBook = recorded('catalogues/opinion_responses.ndjson').find(({ body }) => body.result?.asks);
    expect(keys(book.result)).toEqual(keys(recordedBook.body.result));
  });

  test('bars: range, previous day, grouped, open and close', async () => {
    const bodies = recorded('bars/polygon_responses.ndjson').map(({ body }) => body);
    const massive = (path: string) => get(`${venues.urls.massive}${path}`);
    const ours = [
      await massive('/v2/aggs/ticker/AAPL/range/1/day/2026-11-16/2026-11-17'),
      await massive('/v2/aggs/ticker/AAPL/prev'),
      await massive('/v2/aggs/grouped/locale/us/market/stocks/2026-11-17'),
      await massive('/v1/open-close/AAPL/2026-11-17'),
    ];
    for (const [n, theirs] of [bodies[0], bodies[2], bodies[3], bodies[4]].entries()) {
      expect(keys(ours[n])).toEqual(keys(theirs));
      sameTypes(ours[n], theirs);
      if (theirs.results) expect(keys(theirs.results[0])).toEqual(expect.arrayContaining(keys(ours[n].results[0])));
    }
  });
});
