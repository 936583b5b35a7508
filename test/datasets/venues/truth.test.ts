import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from '../../../src/clickhouse/target.js';
import { decimalText } from '../../../src/core/micros.js';
import { DETAILS } from '../../../src/datasets/venues/details.js';
import { VENUES } from '../../../src/datasets/venues/model.js';
import { collapseVenueTables, ensureVenueTables } from '../../../src/datasets/venues/tables.js';
import { startVenues, type Venues } from '../../../src/simulator/venues/server.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';
import { failedChecks, ingest } from './harness.js';

const TIMEOUT_MS = 240_000;
const SIZES = { polymarket: 110, kalshi: 60, limitless: 26, opinion: 6 };
let clickhouse: TestClickHouse;
let venues: Venues;
let target: Target;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  venues = await startVenues({ seed: 11, size: SIZES, limitScale: 0, busiestTrades: 300 });
  target = await clickhouse.database();
  await ensureVenueTables(target);
}, TIMEOUT_MS);
afterAll(async () => {
  await venues.close();
  await clickhouse.stop();
});

const text = (micros: bigint | null) => (micros === null ? null : decimalText(micros));
const micros = (value: string | null) => (value === null ? null : String(value));

describe.each(VENUES)('%s', (venue) => {
  it('what is stored is what the universe holds', { timeout: TIMEOUT_MS }, async () => {
    const report = await ingest(target, venues, venue, { options: { details: DETAILS } });
    expect([report.failure, failedChecks(report)]).toEqual([null, []]);
    await collapseVenueTables(target);
    const truth = venues.truth[venue];
    const expected = [...truth.markets()];
    const rows = await target.query<Record<string, unknown>>(
      `SELECT *, toUnixTimestamp64Micro(close_time) AS closes, toUnixTimestamp64Micro(created_time) AS created,
         toUnixTimestamp64Micro(updated_time) AS updated FROM silver_markets WHERE venue = {venue:String}`,
      { params: { venue } },
    );
    const byId = new Map(rows.map((row) => [row.market_id, row]));
    const differing = expected.flatMap((market) => {
      const row = byId.get(market.marketId);
      const is = row && {
        event: row.event_id,
        status: row.status,
        outcomes: row.outcomes,
        tokens: row.tokens,
        volume: row.volume,
        volume24h: row.volume_24h,
        unit: row.volume_unit,
        interest: row.open_interest,
        closes: micros(row.closes as string),
        created: micros(row.created as string),
        updated: micros(row.updated as string),
        winner: row.winner,
        asks: String(row.question).includes(market.question),
      };
      const shall = {
        event: market.eventId,
        status: market.status,
        outcomes: market.outcomes,
        tokens: market.tokens,
        volume: text(market.volume),
        volume24h: text(market.volume24h),
        unit: market.volumeUnit,
        interest: text(market.openInterest),
        closes: market.closeTime === null ? null : String(market.closeTime),
        created: market.createdTime === null ? null : String(market.createdTime),
        updated: market.updatedTime === null ? null : String(market.updatedTime),
        winner: market.winner,
        asks: true,
      };
      return JSON.stringify(is) === JSON.stringify(shall)
        ? []
        : [{ id: market.marketId, is, shall, question: [row?.question, market.question] }];
    });
    expect(differing.slice(0, 2)).toEqual([]);

    const prices = await target.query<Record<string, string | null>>(
      "SELECT outcome_id, bid, ask, mid, last FROM silver_prices WHERE venue = {venue:String} AND origin = 'listing' ORDER BY at",
      { params: { venue } },
    );
    const priceOf = new Map(prices.map(({ outcome_id, ...price }) => [outcome_id, price]));
    const mispriced = expected.flatMap((market) =>
      market.prices.flatMap(({ outcomeId, bid, ask, mid, last }) => {
        // The venue gives the last trade for yes only.
        const ofNo = venue === 'kalshi' && outcomeId.endsWith(':1');
        const shall = { bid: text(bid), ask: text(ask), mid: text(mid), last: ofNo ? null : text(last) };
        const is = priceOf.get(outcomeId);
        return JSON.stringify(is) === JSON.stringify(shall) || Object.values(shall).every((p) => p === null)
          ? []
          : [{ outcomeId, is, shall }];
      }),
    );
    expect(mispriced.slice(0, 3)).toEqual([]);

    const open = expected.filter(({ status }) => status === 'open');
    const trades = await target.query<{ market_id: string; n: string; size: string }>(
      'SELECT market_id, count() AS n, sum(size) AS size FROM silver_trades WHERE venue = {venue:String} GROUP BY market_id',
      { params: { venue } },
    );
    const tradesOf = new Map(trades.map(({ market_id, n, size }) => [market_id, `${n} of ${size}`]));
    const mistraded = open.flatMap(({ marketId }) => {
      const all = [...truth.trades(marketId)];
      const shall =
        all.length === 0 ? undefined : `${all.length} of ${text(all.reduce((sum, { size }) => sum + size, 0n))}`;
      return tradesOf.get(marketId) === shall ? [] : [{ marketId, is: tradesOf.get(marketId), shall }];
    });
    expect(mistraded.slice(0, 3)).toEqual([]);

    const books = await target.query<Record<string, string | null>>(
      'SELECT outcome_id, bid, ask, bid_size, ask_size FROM silver_books WHERE venue = {venue:String}',
      { params: { venue } },
    );
    const bookOf = new Map(books.map(({ outcome_id, ...book }) => [outcome_id, book]));
    const misbooked = open.flatMap(({ marketId }) =>
      truth.books(marketId).flatMap(({ outcomeId, bids, asks }) => {
        const level = (side: typeof bids) => ({
          price: text(side[0]?.price ?? null),
          size: text(side[0]?.size ?? null),
        });
        const [bid, ask] = [level(bids), level(asks)];
        const shall = { bid: bid.price, ask: ask.price, bid_size: bid.size, ask_size: ask.size };
        return JSON.stringify(bookOf.get(outcomeId)) === JSON.stringify(shall)
          ? []
          : [{ outcomeId, is: bookOf.get(outcomeId), shall }];
      }),
    );
    expect(misbooked.slice(0, 3)).toEqual([]);
    const [history] = await target.query<{ n: string }>(
      "SELECT uniqExact(market_id) AS n FROM silver_prices WHERE venue = {venue:String} AND origin = 'history'",
      { params: { venue } },
    );
    expect(Number(history?.n)).toBeGreaterThan(0);
    const orphans = await target.query(
      `SELECT event_id FROM silver_markets WHERE venue = {venue:String}
       AND event_id NOT IN (SELECT event_id FROM silver_events WHERE venue = {venue:String})`,
      { params: { venue } },
    );
    expect(orphans).toEqual([]);
  });
});
