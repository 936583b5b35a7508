import { beforeAll, describe, expect, test } from 'vitest';
import type { Venues } from '../../../src/simulator/venues/server.js';
import { type Body, chain, gammaMarkets, get, post, START, venuesFor } from './ask.js';

let venues: Venues;
let open: Body[];
beforeAll(async () => {
  venues = await venuesFor();
  open = await gammaMarkets(venues);
});

const gamma = (path: string) => get(`${venues.urls.gamma}${path}`);
const ids = (rows: Body[]) => rows.map((row) => row.id);

describe('Gamma listings', () => {
  test('a limit above 100 markets or 500 events is clamped in silence', async () => {
    expect((await gamma('/markets/keyset?limit=500&closed=false')).markets).toHaveLength(100);
    expect(await gamma('/markets?limit=500&closed=false')).toHaveLength(100);
    expect((await gamma('/markets/keyset?closed=false')).markets).toHaveLength(20);
    const big = await venuesFor({ size: { polymarket: 1_250, kalshi: 50, limitless: 5, opinion: 5 } });
    expect((await get(`${big.urls.gamma}/events/keyset?limit=9999&closed=false`)).events).toHaveLength(500);
  });

  test('cursor= and next_cursor= are ignored: page 1 for ever', async () => {
    const first = await gamma('/markets/keyset?limit=100&closed=false');
    for (const name of ['cursor', 'next_cursor']) {
      const again = await gamma(`/markets/keyset?limit=100&closed=false&${name}=${first.next_cursor}`);
      expect(ids(again.markets)).toEqual(ids(first.markets));
    }
    const next = await gamma(`/markets/keyset?limit=100&closed=false&after_cursor=${first.next_cursor}`);
    expect(ids(next.markets)[0]).not.toBe(ids(first.markets)[0]);
  });

  test('ids ascend as numbers, each once; the other direction gives the same rows', async () => {
    const numbers = open.map((row) => Number(row.id));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).toBe(250);
    expect(ids(await gammaMarkets(venues, 'closed=false&order=id&ascending=false')).reverse()).toEqual(ids(open));
  });

  test('the end of markets has no next_cursor, the end of events null', async () => {
    const markets = await chain(
      `${venues.urls.gamma}/markets/keyset?limit=100&closed=false`,
      'after_cursor',
      (b) => b.next_cursor,
    );
    expect('next_cursor' in markets.at(-1)).toBe(false);
    const events = await chain(
      `${venues.urls.gamma}/events/keyset?limit=50&closed=false`,
      'after_cursor',
      (b) => b.next_cursor,
    );
    expect(events.length).toBeGreaterThan(1);
    expect(events.at(-1).next_cursor).toBeNull();
  });

  test('a full last page has a cursor, and an empty page behind it', async () => {
    const even = await venuesFor({ size: { polymarket: 200, kalshi: 50, limitless: 5, opinion: 5 } });
    const pages = await chain(
      `${even.urls.gamma}/markets/keyset?limit=100&closed=false`,
      'after_cursor',
      (b) => b.next_cursor,
    );
    expect(pages.map((page) => page.markets.length)).toEqual([100, 100, 0]);
  });

  test('a cursor belongs to its list and its order', async () => {
    const { next_cursor } = await gamma('/markets/keyset?limit=5&closed=false');
    const decoded = Buffer.from(next_cursor, 'base64url').subarray(32).toString();
    expect(JSON.parse(decoded)).toMatchObject({ v: 1, k: 'markets', keys: [{ t: 'string', v: open[4].id }] });
    for (const other of ['order=volumeNum&closed=false', 'ascending=false&closed=false']) {
      expect(await gamma(`/markets/keyset?after_cursor=${next_cursor}&${other}`)).toMatchObject({
        type: 'validation error',
      });
    }
  });

  test('an offset on keyset is 422; a deep one on the old list too, and that is deprecated', async () => {
    const asked = (path: string) => fetch(`${venues.urls.gamma}${path}`);
    const refused = await asked('/markets/keyset?offset=100');
    expect([refused.status, await refused.json()]).toEqual([
      422,
      { type: 'validation error', error: 'offset is not allowed on keyset endpoints' },
    ]);
    const deep = await asked('/markets?offset=10000');
    expect([deep.status, await deep.json()]).toEqual([
      422,
      { type: 'validation error', error: 'offset too large, use /markets/keyset for deeper pagination' },
    ]);
    const old = await asked('/markets?limit=100&offset=100&closed=false');
    expect(old.headers.get('deprecation')).toBe('true');
    expect(ids((await old.json()) as Body[])).toEqual(ids(open.slice(100, 200)));
  });

  test('order=volume sorts as text, volumeNum as a number, an unknown name not at all', async () => {
    const by = async (order: string) => gammaMarkets(venues, `closed=false&order=${order}&ascending=true`);
    const texts = (await by('volume')).map((row) => row.volume ?? '');
    expect(texts).toEqual(texts.toSorted());
    expect(texts.map(Number)).not.toEqual(texts.map(Number).toSorted((a, b) => a - b));
    const numbers = (await by('volumeNum')).map((row) => row.volumeNum ?? 0);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    for (const name of ['volume_num', 'nonsense']) expect(ids(await by(name))).toEqual(ids(open));
  });

  test('/events without closed gives closed ones only; /markets honours its default', async () => {
    const events = await gamma('/events?limit=500');
    expect(events.length).toBeGreaterThan(0);
    expect(events.every((event: Body) => event.closed)).toBe(true);
    expect((await gamma('/markets/keyset?limit=100')).markets.every((row: Body) => !row.closed)).toBe(true);
  });

  test('live markets hang under events that no list of events shows', async () => {
    const pages = await chain(
      `${venues.urls.gamma}/events/keyset?limit=500&closed=false`,
      'after_cursor',
      (b) => b.next_cursor,
    );
    const shown = new Set(
      pages.flatMap((page) => page.events).flatMap((event: Body) => event.markets.map((row: Body) => row.id)),
    );
    const missing = open.filter((row) => !shown.has(row.id));
    expect(missing.length).toBeGreaterThan(0);
    for (const row of missing) {
      const [event] = row.events;
      expect(!event.active || event.closed || event.archived).toBe(true);
      expect((await gamma(`/events?id=${event.id}`))[0].id).toBe(event.id);
    }
  });

  test('a range of dates or volumes holds no row whose field is null', async () => {
    const ranged = await gammaMarkets(venues, 'closed=false&start_date_min=2000-01-01T00:00:00Z');
    const bare = open.filter((row) => row.startDate === undefined);
    expect(bare.length).toBeGreaterThan(0);
    expect(ranged.length).toBe(open.length - bare.length);
    const top = await gammaMarkets(venues, 'closed=false&volume_num_min=1000');
    expect(top.every((row) => row.volumeNum >= 1_000)).toBe(true);
    expect(ids(top)).toEqual(ids(open.filter((row) => row.volumeNum >= 1_000)));
  });

  test('rows by condition, id, slug and token; at most 100 conditions; closed ones only when asked for', async () => {
    const row = open.find((one) => one.conditionId !== '');
    for (const query of [
      `condition_ids=${row.conditionId}`,
      `id=${row.id}`,
      `slug=${row.slug}`,
      `clob_token_ids=${JSON.parse(row.clobTokenIds)[1]}`,
    ]) {
      expect(ids(await gamma(`/markets?${query}`)), query).toEqual([row.id]);
    }
    const many = Array.from({ length: 101 }, () => `condition_ids=${row.conditionId}`).join('&');
    expect(await gamma(`/markets?${many}`)).toMatchObject({ type: 'validation error' });
    const [closed] = await gammaMarkets(venues, 'closed=true');
    expect(await gamma(`/markets?condition_ids=${closed.conditionId}`)).toEqual([]);
    expect(ids(await gamma(`/markets?closed=true&condition_ids=${closed.conditionId}`))).toEqual([closed.id]);
  });

  test('a listing comes from a cache and says how old it is', async () => {
    const old = await venuesFor();
    old.advance(3_600_000);
    const response = await fetch(`${old.urls.gamma}/markets/keyset?limit=5&closed=false`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(response.headers.get('cf-cache-status')).toBe('HIT');
    expect(Number(response.headers.get('age'))).toBeGreaterThan(0);
    const fresh = await venuesFor({ gammaCacheMs: 0 });
    fresh.advance(3_600_000);
    const other = await fetch(`${fresh.urls.gamma}/markets/keyset?limit=5&closed=false`);
    expect(other.headers.get('age')).toBeNull();
  });
});

describe('Gamma rows', () => {
  test('lists are JSON inside strings; volumes are text and numbers, some floats with noise', () => {
    const row = open.find((one) => one.conditionId !== '');
    for (const field of ['outcomes', 'outcomePrices', 'clobTokenIds']) expect(JSON.parse(row[field])).toHaveLength(2);
    expect(open.some((one) => /\.\d{7,}$/.test(one.volume ?? ''))).toBe(true);
    expect(open.every((one) => one.volume === undefined || Number(one.volume) === one.volumeNum)).toBe(true);
    expect(typeof open[0].events[0].volume).toBe('number');
  });

  test('rows without a condition, without a volume, without a bid, paused, and long past their end date', () => {
    expect(
      open.filter((row) => row.conditionId === '').every((row) => row.clobTokenIds === undefined && !row.active),
    ).toBe(true);
    const counts = {
      bare: open.filter((row) => row.conditionId === '').length,
      noVolume: open.filter((row) => row.volume === undefined).length,
      noBid: open.filter((row) => row.bestBid === undefined || row.bestBid === 0).length,
      paused: open.filter((row) => row.active && !row.acceptingOrders).length,
      past: open.filter((row) => Date.parse(row.endDate) < START - 3_600_000).length,
      teams: open.filter((row) => !row.outcomes.includes('Yes')).length,
      positions: open.filter((row) => row.positionIds !== undefined).length,
    };
    for (const [trait, count] of Object.entries(counts)) expect(count, trait).toBeGreaterThan(0);
  });

  test('closed legacy markets: two zeros, three outcomes, volumeNum in cents; the others have 0 and 1', async () => {
    const closed = await gammaMarkets(venues, 'closed=true');
    expect(closed.some((row) => row.outcomePrices === '["0", "0"]')).toBe(true);
    expect(closed.some((row) => JSON.parse(row.outcomes).length === 3)).toBe(true);
    const legacy = closed.filter((row) => row.fpmmLive);
    expect(
      legacy.every((row) => row.events === undefined && Math.round(row.volumeNum * 100) / 100 === row.volumeNum),
    ).toBe(true);
    expect(
      closed
        .filter((row) => row.umaResolutionStatus)
        .every((row) => JSON.parse(row.outcomePrices).sort().join() === '0,1'),
    ).toBe(true);
  });
});

describe('CLOB', () => {
  test('books in bulk: unknown tokens are left out, order is another, the best level is the last', async () => {
    const traded = open.filter((row) => row.acceptingOrders && row.bestBid && row.bestAsk < 1).slice(0, 40);
    const tokens = traded.map((row) => JSON.parse(row.clobTokenIds)[0]);
    const books = await post(
      `${venues.urls.clob}/books`,
      [...tokens, '12345', '1'.repeat(77)].map((token_id) => ({ token_id })),
    );
    expect(books).toHaveLength(tokens.length);
    expect(books.map((book: Body) => book.asset_id)).not.toEqual(tokens);
    for (const book of books) {
      const row = traded[tokens.indexOf(book.asset_id)];
      expect(book.market).toBe(row.conditionId);
      expect(Number(book.bids.at(-1).price)).toBe(row.bestBid);
      expect(Number(book.asks.at(-1).price)).toBe(row.bestAsk);
      const bids = book.bids.map((level: Body) => Number(level.price));
      expect(bids).toEqual(bids.toSorted((a: number, b: number) => a - b));
      expect(book.timestamp).toMatch(/^\d{13}$/);
    }
  });

  test('equal hash of a book means that it is unchanged', async () => {
    const live = await venuesFor();
    const read = async () => {
      const tokens = open
        .filter((row) => row.acceptingOrders)
        .map((row) => ({ token_id: JSON.parse(row.clobTokenIds)[0] }));
      const books = await post(`${live.urls.clob}/books`, tokens);
      return new Map<string, Body>(books.map((book: Body) => [book.asset_id, book]));
    };
    const before = await read();
    live.advance(600_000);
    const after = [...(await read()).values()];
    const changed = after.filter((book) => before.get(book.asset_id)?.hash !== book.hash);
    expect(changed.length).toBeGreaterThan(0);
    for (const book of after) {
      const same = before.get(book.asset_id);
      if (same?.hash === book.hash) expect([book.bids, book.asks]).toEqual([same?.bids, same?.asks]);
    }
  });

  test('midpoints, spreads, prices and last trades agree with the book; more than 500 items are refused', async () => {
    const row = open.find((one) => one.acceptingOrders && one.bestBid && one.bestAsk < 1 && one.lastTradePrice);
    const [token_id, other] = JSON.parse(row.clobTokenIds);
    const bulk = (path: string, items: unknown = [{ token_id }]) => post(`${venues.urls.clob}${path}`, items);
    expect(await bulk('/midpoints')).toEqual({ [token_id]: JSON.parse(row.outcomePrices)[0] });
    expect(Number((await bulk('/spreads'))[token_id])).toBeCloseTo(row.bestAsk - row.bestBid, 6);
    const sides = [
      { token_id, side: 'BUY' },
      { token_id, side: 'SELL' },
      { token_id: other, side: 'BUY' },
    ];
    const prices = await bulk('/prices', sides);
    expect(prices[token_id]).toEqual({ BUY: String(row.bestBid), SELL: String(row.bestAsk) });
    expect(Number(prices[other].BUY)).toBeCloseTo(1 - row.bestAsk, 6);
    expect(Number((await bulk('/last-trades-prices'))[0].price)).toBe(row.lastTradePrice);
    expect(
      await bulk(
        '/books',
        Array.from({ length: 501 }, () => ({ token_id })),
      ),
    ).toMatchObject({ error: expect.any(String) });
  });

  test('history: a window over 15 days is refused, old history is coarse, batches take 20 and leave out the unknown', async () => {
    const row = open.find((one) => Date.parse(one.createdAt) < START - 200 * 86_400_000 && one.acceptingOrders);
    const [token] = JSON.parse(row.clobTokenIds);
    const now = START / 1000;
    const history = (query: string) => get(`${venues.urls.clob}/prices-history?market=${token}&${query}`);
    expect(await history(`startTs=${now - 16 * 86_400}&endTs=${now}`)).toMatchObject({
      error: expect.stringContaining('too long'),
    });
    const step = async (query: string) => {
      const times = (await history(query)).history.map((point: Body) => Math.floor(point.t / 60));
      return times[1] - times[0];
    };
    expect(await step('interval=1h&fidelity=1')).toBe(1);
    expect(await step(`startTs=${now - 30 * 86_400}&endTs=${now - 29 * 86_400}&fidelity=1`)).toBe(5);
    expect(await step(`startTs=${now - 150 * 86_400}&endTs=${now - 140 * 86_400}&fidelity=1`)).toBe(180);
    const batch = await post(`${venues.urls.clob}/batch-prices-history`, {
      markets: [token, '99'],
      interval: '1d',
      fidelity: 60,
    });
    expect(Object.keys(batch.history)).toEqual([token]);
    const tooMany = { markets: Array.from({ length: 21 }, () => token), interval: '1d' };
    expect(await post(`${venues.urls.clob}/batch-prices-history`, tooMany)).toMatchObject({
      error: expect.any(String),
    });
  });
});

describe('data API', () => {
  const busiest = async () => {
    const { markets } = await gamma('/markets/keyset?limit=40&closed=false&order=volumeNum&ascending=false');
    const counts = markets.map((row: Body) => [...venues.truth.polymarket.trades(row.conditionId)].length);
    return markets[counts.indexOf(Math.max(...counts))];
  };

  test('v1: an offset beyond 3,000 is refused, so the busiest market is never read to its end', async () => {
    const { conditionId } = await busiest();
    const asked = (offset: number) =>
      fetch(`${venues.urls.dataApi}/trades?market=${conditionId}&limit=500&offset=${offset}`);
    expect(await (await asked(3_000)).json()).toHaveLength(500);
    expect((await asked(3_500)).status).toBe(400);
    expect([...venues.truth.polymarket.trades(conditionId)].length).toBeGreaterThan(3_500);
  });

  test('v2: short and empty pages in mid-chain, the end is a null cursor; offset and more than 20 conditions are refused', async () => {
    const { conditionId } = await busiest();
    const pages = await chain(
      `${venues.urls.dataApi}/v2/trades?condition=${conditionId}&limit=100`,
      'cursor',
      (b) => b.pagination.next_cursor,
    );
    const lengths = pages.slice(0, -1).map((page) => page.data.length);
    expect(lengths).toContain(100);
    expect(lengths).toContain(50);
    expect(lengths).toContain(0);
    expect(pages.flatMap((page) => page.data)).toHaveLength([...venues.truth.polymarket.trades(conditionId)].length);
    expect(await get(`${venues.urls.dataApi}/v2/trades?offset=10`)).toMatchObject({ error: expect.any(String) });
    const many = Array.from({ length: 21 }, (_, n) => `condition=0x${n}`).join('&');
    expect(await get(`${venues.urls.dataApi}/v2/trades?${many}`)).toMatchObject({ error: expect.any(String) });
  });

  test('v2: no id of a trade, rows that are equal twice, outcome_index 999, event_slug empty', async () => {
    const { conditionId } = await busiest();
    const pages = await chain(
      `${venues.urls.dataApi}/v2/trades?condition=${conditionId}&limit=500`,
      'cursor',
      (b) => b.pagination.next_cursor,
    );
    const rows = pages.flatMap((page) => page.data);
    const texts = rows.map((row) => JSON.stringify(row));
    expect(new Set(texts).size).toBeLessThan(texts.length);
    expect(rows.some((row) => row.outcome_index === 999)).toBe(true);
    expect(rows.some((row) => row.event_slug === '')).toBe(true);
    expect(rows.some((row) => row.event_slug !== '')).toBe(true);
    expect(
      Object.keys(rows[0]).some((key) => /(^|_)id$/.test(key) && !['token_id', 'condition_id'].includes(key)),
    ).toBe(false);
    const both = await get(`${venues.urls.dataApi}/v2/trades?condition=${conditionId}&limit=10&taker_only=false`);
    expect(both.data[0].transaction_hash).toBe(both.data[1].transaction_hash);
    expect(both.data[0].side).not.toBe(both.data[1].side);
  });

  test('v2: a chain over several conditions merges their trades, newest first', async () => {
    const traded = open.filter((row) => row.volumeNum > 500).slice(0, 20);
    const query = traded.map((row) => `condition=${row.conditionId}`).join('&');
    const pages = await chain(
      `${venues.urls.dataApi}/v2/trades?${query}&limit=500`,
      'cursor',
      (b) => b.pagination.next_cursor,
    );
    const rows = pages.flatMap((page) => page.data);
    const times = rows.map((row) => row.timestamp);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    const expected = traded.map((row) => [...venues.truth.polymarket.trades(row.conditionId)].length);
    expect(rows).toHaveLength(expected.reduce((sum, count) => sum + count, 0));
  });

  test('v2 prices: the end is exclusive, stamps lie on buckets, and the kept resolution is told', async () => {
    const row = open.find((one) => Date.parse(one.createdAt) < START - 100 * 86_400_000 && one.acceptingOrders);
    const [token] = JSON.parse(row.clobTokenIds);
    const now = START / 1000;
    const { data } = await get(
      `${venues.urls.dataApi}/v2/prices-history?token=${token}&start=${now - 3_600}&end=${now}&bucket_seconds=60`,
    );
    expect(data).toHaveLength(60);
    expect(data.at(-1)).toMatchObject({ timestamp: now - 60, resolution_seconds: 60 });
    const old = await get(
      `${venues.urls.dataApi}/v2/prices-history?token=${token}&start=${now - 95 * 86_400}&end=${now - 94 * 86_400}`,
    );
    expect(old.data[0].resolution_seconds).toBe(10_800);
  });
});
