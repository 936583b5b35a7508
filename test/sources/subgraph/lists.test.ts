import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { FailureError, failed } from '../../../src/core/failure.js';
import { readConditions } from '../../../src/datasets/conditions/conditions.js';
import { readCounts, readTokenCounts } from '../../../src/datasets/fills/subgraph/counts.js';
import { subgraphCountSource } from '../../../src/datasets/fills/subgraph/subgraph-count-source.js';
import { retrying } from '../../../src/net/retry.js';
import { DECIMAL_KEYS, HEX_KEYS, type KeySpace } from '../../../src/sources/subgraph/key-spaces.js';
import { smallerPage } from '../../../src/sources/subgraph/lists.js';
import { answerLists, type Entity, json, opener } from './wire.js';

const open = opener();
afterEach(() => open.close());

const hash = (n: number) => createHash('sha256').update(String(n)).digest('hex');
const token = (n: number) => BigInt(`0x${hash(n)}`).toString();
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

function book(id: string, n: number): Entity {
  return {
    id,
    buysQuantity: String(n % 3 === 0 ? 0 : n),
    sellsQuantity: String(n % 3 === 0 ? 0 : 2 * n),
    collateralBuyVolume: String(n * 1_000_000),
    collateralSellVolume: '12345678901234567890123',
  };
}

function universe(ids: readonly string[]) {
  return {
    orderbooks: ids.map((id, i) => book(id, i)),
    marketDatas: ids.map((id, i) => ({ id, condition: i % 5 === 4 ? '' : `0xAB${i >> 1}` })),
  };
}

describe('key spaces', () => {
  test.each([
    ['decimal', DECIMAL_KEYS, token],
    ['hex', HEX_KEYS, (n: number) => `0x${hash(n)}`],
  ] as [string, KeySpace, (n: number) => string][])('%s ids fall evenly between bounds', (_name, keys, id) => {
    const ids = range(20_000).map(id).sort();
    for (const share of [0.05, 0.2, 0.5, 0.8, 0.95]) {
      const bound = keys.bound(share) as string;
      expect(Math.abs(ids.findIndex((one) => one >= bound) / ids.length - share)).toBeLessThan(0.015);
      expect(Math.abs(keys.shareBefore(ids[Math.floor(share * ids.length)] as string) - share)).toBeLessThan(0.015);
    }
    expect(keys.bound(0)).toBeNull();
    expect(keys.bound(1)).toBeNull();
  });

  test('shares never decrease along the order of strings, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.string({ unit: 'grapheme-ascii' }), (a, b) => {
        const [low, high] = a <= b ? [a, b] : [b, a];
        for (const keys of [DECIMAL_KEYS, HEX_KEYS]) {
          expect(keys.shareBefore(low)).toBeLessThanOrEqual(keys.shareBefore(high));
        }
      }),
    );
  });
});

/** As the program does, without pauses. */
function retryNow() {
  return retrying({
    retryBaseMs: 0,
    giveUpAfterMs: 30_000,
    stop: new AbortController().signal,
    nowMs: () => performance.now(),
    sleep: async () => true,
    random: () => 0,
    onRetry: () => undefined,
  });
}

describe('counts', () => {
  test('a small universe takes one request', async () => {
    const ids = range(40).map(token);
    const wire = await open.wire(answerLists(universe(ids)));
    const counts = await readCounts(open.client({ url: wire.url }), { block: 7 });
    expect(counts.requests).toBe(1);
    expect(wire.asked[0]?.variables).toEqual({ first: 1000, block: 7 });
    expect(counts.tokens).toHaveLength(26);
    expect(counts.emptyTokens).toHaveLength(14);
    expect([...counts.tokens].map((count) => count.token)).toEqual(
      [...counts.tokens].map((count) => count.token).sort(),
    );
    expect(counts.conditions.get(ids[2] as string)).toBe('0xab1');
    expect(counts.conditions.has(ids[4] as string)).toBe(false);
    expect(counts.tokens.find((count) => count.token === ids[5])).toEqual({
      token: ids[5],
      buys: 5,
      sells: 10,
      buyMicros: '5000000',
      sellMicros: '12345678901234567890123',
    });
  });

  test('a large one is read in parallel over ranges, with few requests more than full pages need', async () => {
    const ids = range(12_000).map(token);
    const wire = await open.wire(answerLists(universe(ids)));
    let rows = 0;
    const counts = await readCounts(open.client({ url: wire.url }), {
      block: 7,
      pageRows: 100,
      onPage: (n) => {
        rows += n;
      },
    });
    expect(counts.tokens.length + counts.emptyTokens.length).toBe(12_000);
    expect(new Set([...counts.tokens.map((count) => count.token), ...counts.emptyTokens]).size).toBe(12_000);
    expect(rows).toBe(24_000);
    // 120 full pages; sixteen ranges of each list end in a page that is half full.
    console.log(`counts: ${counts.requests} requests for 2 × 120 pages`);
    expect(counts.requests).toBeLessThan(140);
  });

  test.each([
    ['short numbers', range(950).map(String)],
    ['one prefix', range(700).map((n) => `1000000000000000000000${n}`)],
    ['no numbers at all', range(700).map((n) => `${['', ' ', '!', '0x', 'zz', 'Ä', ':', '~'][n % 8]}id ${n}`)],
    ['hashes and numbers mixed', range(800).map((n) => (n % 2 ? `0x${hash(n)}` : token(n)))],
  ])('%s are all found', async (_name, ids) => {
    const wire = await open.wire(answerLists(universe(ids)));
    const counts = await readCounts(open.client({ url: wire.url }), { block: null, pageRows: 10 });
    const found = [...counts.tokens.map((count) => count.token), ...counts.emptyTokens];
    expect(found.sort()).toEqual([...ids].sort());
  });

  test('an id that is exactly the bound of two ranges is found once', async () => {
    const ids = range(3000).map(token);
    const ask = async (all: readonly string[]) => {
      const wire = await open.wire(answerLists(universe(all)));
      const counts = await readCounts(open.client({ url: wire.url }), { block: 1, pageRows: 20 });
      const bounds = wire.asked.flatMap(({ variables }) => [variables.from0, variables.from1]);
      const found = [...counts.tokens.map((count) => count.token), ...counts.emptyTokens];
      return { found, bounds: [...new Set(bounds.filter((bound) => typeof bound === 'string'))] };
    };
    const { bounds } = await ask(ids);
    expect(bounds.length).toBeGreaterThan(5);
    // They sort behind the first page, from which the bounds follow: the same ones are used again.
    const again = await ask([...ids, ...bounds]);
    expect(again.bounds.sort()).toEqual(bounds.sort());
    expect(again.found.sort()).toEqual([...ids, ...bounds].sort());
  });

  test.each([
    ['negative', { buysQuantity: '-1' }],
    ['no integer', { buysQuantity: '1.5' }],
    ['a JSON number', { sellsQuantity: 7 }],
    ['beyond 2^53', { sellsQuantity: '9007199254740993' }],
    ['no volume', { collateralBuyVolume: null }],
    ['a volume with a sign', { collateralSellVolume: '-5' }],
  ])(
    'a count that is %s: asked for again, then its token is uncounted; of no token, the source is wrong',
    async (_name, change) => {
      const odd = { ...book('77', 1), ...change };
      const wire = await open.wire(answerLists({ orderbooks: [book('76', 1), odd, book('78', 0)], marketDatas: [] }));
      const client = open.client({ url: wire.url });
      const counts = await readCounts(client, { block: 1, retry: retryNow() });
      expect(wire.asked).toHaveLength(3);
      expect(counts).toMatchObject({ uncounted: ['77'], tokens: [{ token: '76' }], emptyTokens: ['78'] });
      const again = await readTokenCounts(client, ['76', '77', '79'], { block: 1, retry: retryNow() });
      expect([...again.keys()].sort()).toEqual(['76', '79']);
      expect((await readTokenCounts(client, ['77'], { block: 1, retry: retryNow() })).size).toBe(0);

      const all = await open.wire(answerLists({ orderbooks: [odd], marketDatas: [] }));
      await expect(readCounts(open.client({ url: all.url }), { block: 1, retry: retryNow() })).rejects.toThrow(
        /1 of 1 orderbooks cannot be decoded, as orderbook 77, \w+:/,
      );
    },
  );

  test('a bad answer is asked for again through the hook; what fails for good fails the whole', async () => {
    const answer = answerLists(universe(range(300).map(token)));
    let n = 0;
    const wire = await open.wire((request, response) => {
      if (++n % 3 === 0) json(response, { errors: [{ message: 'Query timed out' }] });
      else answer(request, response);
    });
    const client = open.client({ url: wire.url });
    const retry = async <T>(_what: string, attempt: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await attempt();
        } catch (error) {
          if (!(error instanceof FailureError) || error.failure.kind === 'terminal') throw error;
        }
      }
    };
    const counts = await readCounts(client, { block: 1, pageRows: 10, retry });
    expect(counts.tokens.length + counts.emptyTokens.length).toBe(300);
    expect(counts.requests).toBe(wire.asked.length);
    const giveUp = async () => {
      throw failed('transient', 'query_timeout', 'given up');
    };
    await expect(readCounts(client, { block: 1, pageRows: 10, retry: giveUp })).rejects.toThrow('given up');
  });

  test('some tokens again: absent ones have zeros', async () => {
    const ids = range(450).map(token);
    const wire = await open.wire(answerLists(universe(ids)));
    const counts = await readTokenCounts(open.client({ url: wire.url }), [...ids, '5'], { block: 3 });
    expect(wire.asked).toHaveLength(3);
    expect(counts.size).toBe(451);
    expect(counts.get(ids[7] as string)?.buys).toBe(7);
    expect(counts.get('5')).toEqual({ token: '5', buys: 0, sells: 0, buyMicros: '0', sellMicros: '0' });
  });

  test('fills that the source serves, as against counts', async () => {
    const events = range(3210).map((n) => ({
      id: `0x${hash(n)}_0x1`,
      makerAssetId: n % 4 ? '0' : '9',
      takerAssetId: n % 4 ? '9' : '0',
      makerAmountFilled: '1',
      takerAmountFilled: '1',
    }));
    const wire = await open.wire(answerLists({ orderFilledEvents: events }));
    const client = open.client({ url: wire.url });
    const aside = new Set([hash(4), hash(5), hash(99_999)].map((h) => `0x${h}_0x1`));
    const packs = [
      { side: 'buy', tokens: ['9', '7'] },
      { side: 'sell', tokens: ['9'] },
    ] as const;
    const served = await subgraphCountSource(client, { block: 1, pageRows: 50 }).countDistinct(packs, aside);
    expect(served.get('9 buy')).toEqual({ rows: 2407, micros: 2407n, aside: { rows: 1, micros: 1n, unreadable: 0 } });
    expect(served.get('9 sell')).toEqual({ rows: 803, micros: 803n, aside: { rows: 1, micros: 1n, unreadable: 0 } });
    expect(served.get('7 buy')?.rows).toBe(0);
    const none = [{ side: 'sell', tokens: ['8'] }] as const;
    const atHead = await subgraphCountSource(client, { block: null }).countDistinct(none, new Set());
    expect(atHead.get('8 sell')?.rows).toBe(0);
  });
});

test('rows out of order, doubled or too many are refused', async () => {
  const row = (id: string) => book(id, 1);
  for (const rows of [
    [row('2'), row('1')],
    [row('1'), row('1')],
    range(1001).map((n) => row(`x${String(n).padStart(5, '0')}`)),
    [{}],
    'x',
  ]) {
    const wire = await open.wire((_, response) => json(response, { data: { lane0: rows, lane1: [] } }));
    await expect(readCounts(open.client({ url: wire.url }), { block: 1 })).rejects.toThrow(FailureError);
  }
});

test('conditions: all of them, in outcome order, unresolved ones without payouts', async () => {
  const conditions = range(900).map((n) => ({
    id: `0x${hash(n)}`,
    positionIds: [token(2 * n), token(2 * n + 1)],
    payoutNumerators: n % 3 === 0 ? [] : n % 3 === 1 ? ['1', '0'] : null,
    payoutDenominator: n % 3 === 1 ? '1' : null,
  }));
  const wire = await open.wire(answerLists({ conditions }));
  const { conditions: read, malformed } = await readConditions(open.client({ url: wire.url }), {
    block: null,
    pageRows: 25,
  });
  expect(malformed).toEqual([]);
  expect(read.map(({ id }) => id)).toEqual(conditions.map(({ id }) => id).sort());
  const one = read.find(({ id }) => id === `0x${hash(1)}`);
  expect(one).toEqual({ ...conditions[1], id: `0x${hash(1)}` });
  expect(read.find(({ id }) => id === `0x${hash(2)}`)).toMatchObject({ payoutNumerators: [], payoutDenominator: '0' });
});

describe('malformed conditions', () => {
  const condition = (n: number, change: object = {}): Entity => ({
    id: `0x${hash(n)}`,
    positionIds: [token(2 * n), token(2 * n + 1)],
    payoutNumerators: ['1', '0'],
    payoutDenominator: '1',
    ...change,
  });
  test.each([
    ['a token that is no number', { positionIds: ['1', 'abc'] }, 'positionIds.1', 'no whole number'],
    ['a token with a leading zero', { positionIds: ['07'] }, 'positionIds.0', 'no whole number'],
    ['a token beyond 2^256', { positionIds: ['9'.repeat(78)] }, 'positionIds.0', 'beyond 2^256'],
    ['no list of tokens', { positionIds: null }, 'positionIds', 'expected array'],
    ['more tokens than places', { positionIds: range(257).map(String) }, 'positionIds', 'Too big'],
    ['a payout that is no number', { payoutNumerators: ['x', '0'] }, 'payoutNumerators.0', 'no whole number'],
    ['a payout as a JSON number', { payoutNumerators: [1, 0] }, 'payoutNumerators.0', 'expected string'],
    ['a negative denominator', { payoutDenominator: '-1' }, 'payoutDenominator', 'no whole number'],
    ['an id that is no hash', { id: `0xzz\u001b[31m\n${'y'.repeat(200)}` }, 'id', 'not 0x and 64 hex digits'],
  ])('%s: asked for again, then set aside and named; the rest is read', async (_name, change, field, reason) => {
    const conditions = [...range(40).map((n) => condition(n)), condition(40, change)];
    const wire = await open.wire(answerLists({ conditions }));
    const read = await readConditions(open.client({ url: wire.url }), { block: 1, retry: retryNow() });
    expect(wire.asked).toHaveLength(3);
    expect(read.conditions.map(({ id }) => id)).toEqual(
      range(40)
        .map((n) => `0x${hash(n)}`)
        .sort(),
    );
    expect(read.malformed).toEqual([
      { id: expect.stringMatching(/^0x[ -~]{1,130}…?[ -~]*$/), field, reason: expect.stringContaining(reason) },
    ]);
    if (field !== 'id') expect(read.malformed[0]?.id).toBe(`0x${hash(40)}`);
  });

  test('several on several pages are asked for no more often than one', async () => {
    const conditions = range(300).map((n) => condition(n, n % 50 === 0 ? { positionIds: ['abc'] } : {}));
    const wire = await open.wire(answerLists({ conditions }));
    const read = await readConditions(open.client({ url: wire.url }), { block: 1, pageRows: 20, retry: retryNow() });
    expect(read.conditions).toHaveLength(294);
    expect(read.malformed.map(({ id }) => id)).toEqual(
      range(6)
        .map((n) => `0x${hash(50 * n)}`)
        .sort(),
    );
  });

  test('one that is malformed twice and then well is read, not set aside', async () => {
    let asked = 0;
    const bad = answerLists({ conditions: [condition(1), condition(2, { positionIds: ['abc'] })] });
    const good = answerLists({ conditions: [condition(1), condition(2)] });
    const wire = await open.wire((request, response) => (++asked <= 2 ? bad : good)(request, response));
    const read = await readConditions(open.client({ url: wire.url }), { block: 1, retry: retryNow() });
    expect(read.malformed).toEqual([]);
    expect(read.conditions).toHaveLength(2);
  });

  test('a source that garbles other rows each time is given up: nothing is set aside for it', async () => {
    let asked = 0;
    const wire = await open.wire((request, response) => {
      asked++;
      const conditions = range(8).map((n) => condition(n, asked % 8 === n ? { payoutDenominator: 'x' } : {}));
      answerLists({ conditions })(request, response);
    });
    const reading = readConditions(open.client({ url: wire.url }), { block: 1, retry: retryNow() });
    await expect(reading).rejects.toThrow(/^condition 0x.*payoutDenominator: no whole number$/);
    expect(asked).toBe(8);
  });

  test('more than a hundred and one in a hundred are no stray rows: the source is refused as a whole', async () => {
    const wire = await open.wire(
      answerLists({ conditions: range(600).map((n) => condition(n, n < 101 ? { positionIds: 'none' } : {})) }),
    );
    const reading = readConditions(open.client({ url: wire.url }), { block: 1, retry: retryNow() });
    await expect(reading).rejects.toThrow(/^101 of 600 conditions cannot be decoded, as condition 0x/);
  });
});

test('pages shrink by halves from 1,000 to 50 and no further', () => {
  const sizes = [1000];
  for (let i = 0; i < 6; i++) sizes.push(smallerPage(sizes.at(-1) as number));
  expect(sizes).toEqual([1000, 500, 250, 125, 62, 50, 50]);
  expect(smallerPage(30)).toBe(30);
});
