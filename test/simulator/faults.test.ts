import { gunzipSync } from 'node:zlib';
import { request as undiciRequest } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultKind, FaultRule } from '../../src/simulator/fault-table.js';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { allFills } from '../../src/simulator/truth.js';
import type { Fill } from '../../src/simulator/universe.js';
import { ask, raw, refusal } from './ask.js';

const universe = createSyntheticUniverse({ seed: 4, markets: 20, fills: 2_000 });
const fills = allFills(universe);
const QUERY =
  '{ page: orderFilledEvents(first: 50) { id maker makerAssetId takerAssetId makerAmountFilled takerAmountFilled } }';
const PINNED = `{ orderbooks(first: 1, block: {number: ${universe.lastBlock}}) { id } }`;

const open: Simulator[] = [];
async function start(faults: readonly FaultRule[], more: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const source = await startSimulator({ universe, faults, ...more });
  open.push(source);
  return source;
}
afterEach(async () => {
  for (const source of open.splice(0)) await source.close();
});

async function page(source: Simulator): Promise<Fill[]> {
  return (await ask(source, QUERY)).data.page;
}

describe('a fault on demand', () => {
  it.each<[FaultKind, string]>([
    ['statement-timeout', 'Failed to get entities from store: canceling statement due to statement timeout, query = '],
    ['query-timeout', 'Query timed out'],
    ['overloaded', 'service is overloaded and can not run the query right now. Please try again in a few minutes'],
    ['database-down', 'Store error: database unavailable'],
    ['reorganized', 'the chain was reorganized while executing the query'],
    ['indexing-error', 'indexing_error'],
  ])('%s: 200 with the message and no data', async (kind, message) => {
    expect(await refusal(await start([{ kind, rate: 1 }]), QUERY)).toMatch(message);
  });

  it('throttled: 429 with Retry-After 10 and plain text, without either when told so', async () => {
    const usual = await raw((await start([{ kind: 'throttled', rate: 1 }])).url, { query: QUERY });
    expect([usual.status, usual.headers.get('retry-after')]).toEqual([429, '10']);
    expect(await usual.text()).toBe(
      "Sorry, you've surpassed your query allowance. Please try again - limits reset every 10 seconds.",
    );
    const bare = await raw(
      (await start([{ kind: 'throttled', rate: 1, retryAfterSeconds: null, body: 'empty' }])).url,
      { query: QUERY },
    );
    expect([bare.status, bare.headers.get('retry-after'), await bare.text()]).toEqual([429, null, '']);
  });

  it.each([500, 502, 503, 504] as const)('http-%i: HTML, or nothing', async (status) => {
    const kind: FaultKind = `http-${status}`;
    const html = await raw((await start([{ kind, rate: 1 }])).url, { query: QUERY });
    expect(html.status).toBe(status);
    expect(await html.text()).toContain('<html>');
    const empty = await raw((await start([{ kind, rate: 1, body: 'empty' }])).url, { query: QUERY });
    expect([empty.status, await empty.text()]).toEqual([status, '']);
  });

  it('reset-before: no answer', async () => {
    const { url } = await start([{ kind: 'reset-before', rate: 1 }]);
    await expect(undiciRequest(url, { method: 'POST', body: JSON.stringify({ query: QUERY }) })).rejects.toThrow();
  });

  it('reset-during: the body breaks off with an error', async () => {
    const { url } = await start([{ kind: 'reset-during', rate: 1 }]);
    const read = async () =>
      (await undiciRequest(url, { method: 'POST', body: JSON.stringify({ query: QUERY }) })).body.text();
    await expect(read()).rejects.toThrow();
  });

  it('reset-after: the whole body, then no connection', async () => {
    const source = await start([{ kind: 'reset-after', rate: 1 }]);
    for (let i = 0; i < 3; i++) expect(await page(source)).toHaveLength(50);
  });

  it('truncated: gzip that ends early, or JSON that does, as if it were whole', async () => {
    const { url } = await start([{ kind: 'truncated', rate: 1 }]);
    const plain = await raw(url, { query: QUERY }, { 'accept-encoding': 'identity' });
    const text = await plain.text();
    expect(plain.headers.get('content-length')).toBe(String(text.length));
    expect(() => JSON.parse(text)).toThrow();
    // Not through fetch: its decoder takes half a stream without a word.
    const { body, headers } = await undiciRequest(url, {
      method: 'POST',
      body: JSON.stringify({ query: QUERY }),
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(headers['content-encoding']).toBe('gzip');
    const zipped = Buffer.from(await body.arrayBuffer());
    expect(() => gunzipSync(zipped)).toThrow('unexpected end of file');
  });

  it('truncated-json: whole gzip around half a text', async () => {
    const response = await raw(
      (await start([{ kind: 'truncated-json', rate: 1 }])).url,
      { query: QUERY },
      { 'accept-encoding': 'gzip' },
    );
    expect(response.headers.get('content-encoding')).toBe('gzip');
    const text = await response.text();
    expect(text.startsWith('{"data":{"page":[')).toBe(true);
    expect(() => JSON.parse(text)).toThrow();
  });

  it('missing-key, data-null, partial-data: 200 without what was asked', async () => {
    const two = '{ a: orderFilledEvents(first: 1) { id } b: orderFilledEvents(first: 1) { id } }';
    expect(await ask(await start([{ kind: 'missing-key', rate: 1 }]), two)).toEqual({
      data: { b: [{ id: fills[0]?.id }] },
    });
    expect(await ask(await start([{ kind: 'data-null', rate: 1 }]), two)).toEqual({ data: null });
    expect(await ask(await start([{ kind: 'partial-data', rate: 1 }]), two)).toEqual({
      data: { b: [{ id: fills[0]?.id }] },
      errors: [{ message: 'Store error: database unavailable' }],
    });
  });

  it('dribble: a byte a second; silent: none at all', async () => {
    for (const [kind, most] of [
      ['dribble', 2],
      ['silent', 0],
    ] as const) {
      const { url } = await start([{ kind, rate: 1 }]);
      let bytes = 0;
      const read = async () => {
        const { body } = await undiciRequest(url, {
          method: 'POST',
          body: JSON.stringify({ query: QUERY }),
          signal: AbortSignal.timeout(1_300),
        });
        for await (const part of body) bytes += part.length;
      };
      await expect(read()).rejects.toThrow();
      expect(bytes).toBeLessThanOrEqual(most);
      expect(bytes > 0).toBe(most > 0);
    }
  });

  it('pages that break their own rules: a row outside, out of order, doubled, one more than asked', async () => {
    const ids = fills.slice(0, 51).map(({ id }) => id);
    const of = async (kind: FaultKind) => (await page(await start([{ kind, rate: 1 }]))).map(({ id }) => id);
    expect(await of('out-of-order')).toEqual(ids.slice(0, 50).reverse());
    expect(await of('extra-row')).toEqual(ids);
    const doubled = await of('doubled-row');
    expect(doubled).toHaveLength(50);
    expect(new Set(doubled).size).toBe(49);
    const outside = await of('row-outside');
    expect(ids).not.toContain(outside.at(-1));
  });

  it.each<[FaultKind, (row: Fill) => boolean]>([
    ['bad-hash', ({ id }) => !/^0x[0-9a-f]{64}_0x[0-9a-f]{64}$/i.test(id)],
    ['upper-hex', ({ id, maker }) => /[A-F]/.test(id) && id.startsWith('0x') && maker !== maker.toLowerCase()],
    ['negative-amount', ({ makerAmountFilled }) => makerAmountFilled.startsWith('-')],
    ['overflow-amount', ({ takerAmountFilled }) => BigInt(takerAmountFilled) >= 10n ** 18n],
    ['both-assets-zero', ({ makerAssetId, takerAssetId }) => makerAssetId === '0' && takerAssetId === '0'],
    ['neither-asset-zero', ({ makerAssetId, takerAssetId }) => makerAssetId !== '0' && takerAssetId !== '0'],
  ])('%s: some rows are malformed, and stay so when read again in another way', async (kind, isBad) => {
    const source = await start([{ kind, rate: 0.2 }]);
    const bad = (await page(source)).flatMap((row, i) => (isBad(row) ? [i] : []));
    expect(bad.length).toBeGreaterThan(2);
    expect(bad.length).toBeLessThan(25);
    const again = await ask(source, QUERY.replace('first: 50', 'first: 80, where: {id_gt: "0x"}'));
    expect(again.data.page.flatMap((row: Fill, i: number) => (isBad(row) && i < 50 ? [i] : []))).toEqual(bad);
    expect(source.stats().faults[kind]).toBeGreaterThan(0);
  });

  it('stale-head and behind: _meta goes back, and a pin at the head is not there yet', async () => {
    const source = await start([{ kind: 'stale-head', rate: 1, blocks: 30 }]);
    expect((await ask(source, '{ _meta { block { number } } }')).data._meta.block.number).toBe(universe.lastBlock - 30);
    expect(await refusal(source, PINNED)).toContain(`has only indexed up to block number ${universe.lastBlock - 30}`);
    expect(await refusal(await start([{ kind: 'behind', rate: 1 }]), PINNED)).toContain(
      'has only indexed up to block number',
    );
  });

  it('pin-refused: from a request on, history is pruned; what is not pinned is served', async () => {
    const source = await start([{ kind: 'pin-refused', rate: 1, fromRequest: 2 }]);
    expect((await ask(source, PINNED)).data.orderbooks).toHaveLength(1);
    expect((await ask(source, PINNED)).data.orderbooks).toHaveLength(1);
    expect(await refusal(source, PINNED)).toMatch(
      new RegExp(
        `only has data starting at block number \\d+ and data for block number ${universe.lastBlock} is therefore not`,
      ),
    );
    expect(await page(source)).toHaveLength(50);
    expect(
      await refusal(source, 'query ($b: Int!) { orderbooks(block: {number: $b}) { id } }', { b: universe.lastBlock }),
    ).toMatch('only has data');
  });

  it('counters-exceed: some tokens count more than is served', async () => {
    const query = '{ orderbooks(first: 1000) { id buysQuantity tradesQuantity sellsQuantity } }';
    const right = (await ask(await start([]), query)).data.orderbooks;
    const wrong = (await ask(await start([{ kind: 'counters-exceed', rate: 0.3, excess: 2 }]), query)).data.orderbooks;
    const excess = right.map(
      (row: Record<string, string>, i: number) => Number(wrong[i].buysQuantity) - Number(row.buysQuantity),
    );
    expect(new Set(excess)).toEqual(new Set([0, 2]));
  });

  it('down: connections are refused for a time, or answered 503, and then all is well', async () => {
    for (const how of ['refuse', '503', 'reset'] as const) {
      const source = await start([{ kind: 'down', rate: 1, fromRequest: 1, forMs: 250, how }]);
      expect(await page(source)).toHaveLength(50);
      const during = await raw(source.url, { query: QUERY }).then(
        (response) => response.status,
        () => 'refused',
      );
      expect(during).toBe(how === '503' ? 503 : 'refused');
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(await page(source)).toHaveLength(50);
    }
  });

  it('refuses a rule of an unknown kind', async () => {
    await expect(start([{ kind: 'sunspots' as FaultKind, rate: 1 }])).rejects.toThrow('unknown fault "sunspots"');
  });
});

describe('the draw', () => {
  const outcomes = async (source: Simulator, bodies: readonly string[]): Promise<number[]> =>
    Promise.all(bodies.map(async (query) => (await raw(source.url, { query })).status));
  const queries = Array.from({ length: 60 }, (_, i) => `{ orderFilledEvents(first: ${i + 1}) { id } }`);
  const rules: FaultRule[] = [
    { kind: 'http-502', rate: 0.3 },
    { kind: 'throttled', rate: 0.2 },
  ];

  it('replays from a seed whatever the order and the time, and differs under another', async () => {
    const one = await outcomes(await start(rules, { faultSeed: 9 }), queries);
    const two = (await outcomes(await start(rules, { faultSeed: 9 }), [...queries].reverse())).reverse();
    expect(two).toEqual(one);
    expect(one.filter((status) => status === 502).length).toBeGreaterThan(8);
    expect(one.filter((status) => status === 429).length).toBeGreaterThan(3);
    expect(await outcomes(await start(rules, { faultSeed: 10 }), queries)).not.toEqual(one);
  });

  it('draws anew for each attempt, so that a retry may succeed', async () => {
    const source = await start([{ kind: 'http-500', rate: 0.5 }]);
    const attempts = await outcomes(source, Array(30).fill(QUERY));
    expect(new Set(attempts)).toEqual(new Set([200, 500]));
    const once = await start([{ kind: 'http-500', rate: 1, maxPerBody: 2 }]);
    expect([
      ...(await outcomes(once, [QUERY])),
      ...(await outcomes(once, [QUERY])),
      ...(await outcomes(once, [QUERY])),
    ]).toEqual([500, 500, 200]);
  });

  it('strikes only what matches, and can be switched while running', async () => {
    const source = await start([{ kind: 'http-500', rate: 1, matching: 'orderbooks' }]);
    expect(await page(source)).toHaveLength(50);
    expect((await raw(source.url, { query: PINNED })).status).toBe(500);
    source.setFaults([]);
    expect((await raw(source.url, { query: PINNED })).status).toBe(200);
  });
});
