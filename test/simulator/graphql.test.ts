import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { allFills, isBuy, tokenOf } from '../../src/simulator/truth.js';
import { compareText, type Fill } from '../../src/simulator/universe.js';
import { ask, raw, refusal } from './ask.js';

const universe = createSyntheticUniverse({ seed: 11, markets: 60, fills: 4_000 });
const fills = allFills(universe);
const ids = fills.map(({ id }) => id);
let source: Simulator;

beforeAll(async () => {
  source = await startSimulator({ universe });
});
afterAll(() => source.close());

const ROWS = 'id timestamp maker taker makerAssetId takerAssetId makerAmountFilled takerAmountFilled fee';
const busiest = (() => {
  const counts = new Map<string, number>();
  for (const fill of fills) counts.set(tokenOf(fill), (counts.get(tokenOf(fill)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] as string;
})();

describe('query rules', () => {
  it('serves 100 rows by id when nothing is said', async () => {
    const { data } = await ask(source, '{ orderFilledEvents { id } }');
    expect(data.orderFilledEvents.map((row: Fill) => row.id)).toEqual(ids.slice(0, 100));
  });

  it('serves every column as a string, in the order asked for', async () => {
    const { data } = await ask(
      source,
      '{ orderFilledEvents(first: 3) { fee id transactionHash orderHash timestamp maker } }',
    );
    for (const [i, row] of data.orderFilledEvents.entries()) {
      const { fee, id, transactionHash, orderHash, timestamp, maker } = fills[i] as Fill;
      expect(JSON.stringify(row)).toBe(JSON.stringify({ fee, id, transactionHash, orderHash, timestamp, maker }));
      expect(id).toMatch(/^0x[0-9a-f]{64}_0x[0-9a-f]{64}$/);
      expect(id).toBe(`${transactionHash}_${orderHash}`);
    }
  });

  it.each([0, -1, 1001])('refuses first: %i', async (first) => {
    expect(await refusal(source, `{ orderFilledEvents(first: ${first}) { id } }`)).toMatch(
      `The value of the \`first\` argument must be between 1 and 1000, but is ${first}`,
    );
  });

  it('refuses a skip beyond 5,000 and serves a small one', async () => {
    expect(await refusal(source, '{ orderFilledEvents(skip: 5001) { id } }')).toMatch('between 0 and 5000');
    const { data } = await ask(source, '{ orderFilledEvents(first: 4, skip: 7) { id } }');
    expect(data.orderFilledEvents.map((row: Fill) => row.id)).toEqual(ids.slice(7, 11));
  });

  it('loses nothing when paged by id_gt', async () => {
    const seen: string[] = [];
    for (let last = ''; ; last = seen.at(-1) as string) {
      const { data } = await ask(
        source,
        'query ($last: ID!) { orderFilledEvents(first: 777, orderBy: id, where: {id_gt: $last}) { id } }',
        {
          last,
        },
      );
      seen.push(...data.orderFilledEvents.map((row: Fill) => row.id));
      if (data.orderFilledEvents.length < 777) break;
    }
    expect(seen).toEqual(ids);
  });

  it('answers several root fields with aliases, each its own page', async () => {
    const { data } = await ask(
      source,
      `query ($tokens: [String!]!) {
        buys: orderFilledEvents(first: 1000, where: {takerAssetId_in: $tokens, makerAssetId: "0"}) { ${ROWS} }
        sells: orderFilledEvents(first: 1000, where: {makerAssetId_in: $tokens}) { ${ROWS} }
      }`,
      { tokens: [busiest] },
    );
    const mine = fills.filter((fill) => tokenOf(fill) === busiest);
    expect(data.buys.map((row: Fill) => row.id)).toEqual(
      mine
        .filter(isBuy)
        .map(({ id }) => id)
        .slice(0, 1000),
    );
    expect(data.sells.map((row: Fill) => row.id)).toEqual(
      mine
        .filter((fill) => !isBuy(fill))
        .map(({ id }) => id)
        .slice(0, 1000),
    );
  });

  it('orders by time with ties by id, both ways', async () => {
    const byTime = [...fills]
      .sort((a, b) => Number(a.timestamp) - Number(b.timestamp) || compareText(a.id, b.id))
      .map(({ id }) => id);
    for (const [direction, expected] of [
      ['asc', byTime],
      ['desc', [...byTime].reverse()],
    ] as const) {
      const { data } = await ask(
        source,
        `{ orderFilledEvents(first: 1000, orderBy: timestamp, orderDirection: ${direction}) { id } }`,
      );
      expect(data.orderFilledEvents.map((row: Fill) => row.id)).toEqual(expected.slice(0, 1000));
    }
  });

  it('pages by the pair (time, id) without losing rows of one second', async () => {
    const seen: string[] = [];
    let time = '0';
    let last = '';
    for (;;) {
      const { data } = await ask(
        source,
        `query ($time: BigInt!, $last: ID!) {
          rest: orderFilledEvents(first: 300, orderBy: id, where: {timestamp: $time, id_gt: $last}) { id timestamp }
          next: orderFilledEvents(first: 300, orderBy: timestamp, where: {timestamp_gt: $time}) { id timestamp }
        }`,
        { time, last },
      );
      const page: Fill[] = data.rest.length === 300 ? data.rest : [...data.rest, ...data.next];
      const end = page.at(-1);
      if (!end) break;
      seen.push(...page.map(({ id }) => id));
      time = end.timestamp;
      last = end.id;
    }
    expect(seen.length).toBe(fills.length);
    expect(new Set(seen).size).toBe(fills.length);
  });

  const middle = fills[2_000] as Fill;
  const large = String(5_000_000_000);
  it.each<[string, (fill: Fill) => boolean]>([
    [`id: "${middle.id}"`, (f) => f.id === middle.id],
    [`id_not: "${middle.id}"`, (f) => f.id !== middle.id],
    [`id_gt: "${middle.id}"`, (f) => f.id > middle.id],
    [`id_gte: "${middle.id}"`, (f) => f.id >= middle.id],
    [`id_lt: "${middle.id}"`, (f) => f.id < middle.id],
    [`id_lte: "${middle.id}"`, (f) => f.id <= middle.id],
    [`id_in: ["${middle.id}", "${ids[7]}"]`, (f) => f.id === middle.id || f.id === ids[7]],
    [`id_not_in: ["${ids[0]}", "${ids[2]}"]`, (f) => f.id !== ids[0] && f.id !== ids[2]],
    ['id_gte: "0x8", id_lt: "0xa"', (f) => f.id >= '0x8' && f.id < '0xa'],
    [`maker: "${middle.maker}"`, (f) => f.maker === middle.maker],
    [`taker_not: "${middle.taker}"`, (f) => f.taker !== middle.taker],
    [
      `transactionHash: "${middle.transactionHash.toUpperCase().replace('0X', '0x')}"`,
      (f) => f.transactionHash === middle.transactionHash,
    ],
    [`timestamp_lte: "${middle.timestamp}"`, (f) => Number(f.timestamp) <= Number(middle.timestamp)],
    [`timestamp: ${middle.timestamp}`, (f) => f.timestamp === middle.timestamp],
    [`makerAmountFilled_gt: "${large}"`, (f) => BigInt(f.makerAmountFilled) > BigInt(large)],
    ['fee_gt: 0', (f) => f.fee !== '0'],
    [`takerAssetId: "${busiest}"`, (f) => f.takerAssetId === busiest],
    [`makerAssetId_not: "0"`, (f) => f.makerAssetId !== '0'],
    [`and: [{makerAssetId: "0"}, {takerAssetId: "${busiest}"}]`, (f) => isBuy(f) && f.takerAssetId === busiest],
    [`or: [{makerAssetId: "${busiest}"}, {takerAssetId: "${busiest}"}]`, (f) => tokenOf(f) === busiest],
    [
      `or: [{maker: "${middle.maker}"}, {taker: "${middle.maker}"}]`,
      (f) => f.maker === middle.maker || f.taker === middle.maker,
    ],
  ])('filters: %s', async (where, keep) => {
    const { data } = await ask(source, `{ orderFilledEvents(first: 1000, where: {${where}}) { id } }`);
    expect(data.orderFilledEvents.map((row: Fill) => row.id)).toEqual(
      fills
        .filter(keep)
        .map(({ id }) => id)
        .slice(0, 1000),
    );
  });

  it('refuses or beside a column at the same level, in the whole and in a part', async () => {
    const mixed = 'or: [{maker: "a"}], taker: "b"';
    expect(await refusal(source, `{ orderFilledEvents(where: {${mixed}}) { id } }`)).toMatch(
      "Cannot mix column filters with 'or'",
    );
    expect(await refusal(source, `{ orderFilledEvents(where: {and: [{${mixed}}]}) { id } }`)).toMatch(
      "Cannot mix column filters with 'or'",
    );
  });

  it('orders tokens as text', async () => {
    const { data } = await ask(source, '{ orderbooks(first: 1000) { id } }');
    const tokens = data.orderbooks.map((row: { id: string }) => row.id);
    expect(tokens).toEqual([...tokens].sort(compareText));
    expect(tokens).toEqual([...new Set(fills.map(tokenOf))].sort(compareText));
  });

  it('pages tokens by id ranges', async () => {
    const { data: all } = await ask(source, '{ orderbooks(first: 1000) { id } }');
    const { data } = await ask(source, '{ orderbooks(first: 1000, where: {id_gte: "3", id_lt: "6"}) { id } }');
    expect(data.orderbooks).toEqual(all.orderbooks.filter(({ id }: { id: string }) => id >= '3' && id < '6'));
  });

  it('orders counters by a number column', async () => {
    const { data } = await ask(
      source,
      '{ orderbooks(first: 10, orderBy: tradesQuantity, orderDirection: desc) { tradesQuantity } }',
    );
    const counts = data.orderbooks.map((row: { tradesQuantity: string }) => Number(row.tradesQuantity));
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });

  it('honours @include, @skip, fragments, __typename and default variables', async () => {
    const { data } = await ask(
      source,
      `query ($with: Boolean = false, $n: Int = 2) {
        __typename
        orderFilledEvents(first: $n) { ...Who ... on OrderFilledEvent { fee @skip(if: true) } __typename timestamp @include(if: $with) }
        orderbooks(first: 1) @include(if: $with) { id }
      }
      fragment Who on OrderFilledEvent { who: maker }`,
    );
    expect(data).toEqual({
      __typename: 'Query',
      orderFilledEvents: fills.slice(0, 2).map(({ maker }) => ({ who: maker, __typename: 'OrderFilledEvent' })),
    });
  });

  it('serves one entity by id, or null', async () => {
    const { data } = await ask(
      source,
      `{ there: orderFilledEvent(id: "${ids[9]}") { id maker } gone: orderFilledEvent(id: "0x00") { id } book: orderbook(id: "${busiest}") { id } }`,
    );
    expect(data).toEqual({ there: { id: ids[9], maker: (fills[9] as Fill).maker }, gone: null, book: { id: busiest } });
  });

  it('tells its schema when asked', async () => {
    const { data } = await ask(source, '{ __type(name: "Orderbook") { name fields { name } } }');
    expect(data.__type.fields.map((field: { name: string }) => field.name)).toContain('collateralBuyVolume');
  });
});

describe('_meta and the block pin', () => {
  it('shows the head with hash and time, and neither under a pin', async () => {
    const fields = '{ block { number hash timestamp } deployment hasIndexingErrors }';
    const { data } = await ask(
      source,
      `{ head: _meta ${fields} pinned: _meta(block: {number: ${universe.lastBlock - 5}}) ${fields} }`,
    );
    expect(data.head).toEqual({
      block: {
        number: universe.lastBlock,
        hash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
        timestamp: expect.any(Number),
      },
      deployment: universe.deployment,
      hasIndexingErrors: false,
    });
    expect(data.pinned.block).toEqual({ number: universe.lastBlock - 5, hash: null, timestamp: null });
  });

  it('refuses a block beyond the head', async () => {
    expect(
      await refusal(source, 'query ($n: Int!) { orderbooks(block: {number: $n}) { id } }', {
        n: universe.lastBlock + 1,
      }),
    ).toMatch(
      `has only indexed up to block number ${universe.lastBlock} and data for block number ${universe.lastBlock + 1} is therefore not yet available`,
    );
  });

  it('serves the whole pnl endpoint at a block as well', async () => {
    const { data } = await ask(
      source,
      `{ _meta { block { number } } conditions(first: 1000, block: {number: ${universe.lastBlock}}) { id } }`,
      {},
      'pnlUrl',
    );
    expect(data._meta.block.number).toBe(universe.lastBlock);
    expect(data.conditions.length).toBeGreaterThan(40);
  });
});

describe('errors', () => {
  it.each([
    ['a field that is not there', '{ orderFilledEvents { price } }', 'Cannot query field "price"'],
    ['an entity of the other subgraph', '{ conditions { id } }', 'Cannot query field "conditions"'],
    ['a filter that is not there', '{ orderFilledEvents(where: {price: 1}) { id } }', 'price'],
    ['a syntax error', '{ orderFilledEvents { id }', 'Syntax Error'],
    ['a mutation', 'mutation { x }', 'mutation'],
  ])('answers 200 with errors and no data: %s', async (_, query, message) => {
    expect(await refusal(source, query)).toContain(message);
  });

  it('answers 200 with errors for variables of a wrong type', async () => {
    expect(await refusal(source, 'query ($n: Int!) { orderbooks(first: $n) { id } }', { n: 'ten' })).toContain('$n');
    expect(await refusal(source, 'query ($n: Int!) { orderbooks(first: $n) { id } }')).toContain('$n');
    expect(await refusal(source, '{ orderFilledEvents(where: {timestamp_gt: "soon"}) { id } }')).toContain('BigInt');
  });

  it.each([
    ['an array of requests', '[{"query":"{ __typename }"}]'],
    ['a body that is not JSON', '{"query": '],
    ['a body without a query', '{"variables": {}}'],
    ['an empty body', ''],
  ])('answers 400 with an error text: %s', async (_, body) => {
    const response = await raw(source.url, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });

  it('answers 404 elsewhere, and 401 without the token that it asks for', async () => {
    expect((await raw(`${source.baseUrl}/elsewhere`, {})).status).toBe(404);
    const guarded = await startSimulator({ universe, token: 'secret' });
    try {
      expect((await raw(guarded.url, { query: '{ __typename }' })).status).toBe(401);
      expect((await raw(guarded.url, { query: '{ __typename }' }, { authorization: 'Bearer secret' })).status).toBe(
        200,
      );
    } finally {
      await guarded.close();
    }
  });
});

describe('over HTTP', () => {
  it('encodes with gzip when asked to, the same bytes inside', async () => {
    const body = { query: `{ orderFilledEvents(first: 1000) { ${ROWS} } }` };
    const plain = await raw(source.url, body, { 'accept-encoding': 'identity' });
    const zipped = await raw(source.url, body, { 'accept-encoding': 'gzip, deflate' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toBe(await plain.text());
  });

  it('tells its figures and that it is there', async () => {
    const own = await startSimulator({ universe });
    try {
      await ask(own, 'query Fetch { orderFilledEvents(first: 10) { id } orderbooks(first: 5) { id } }');
      await refusal(own, '{ nothing }');
      expect(await (await fetch(`${own.baseUrl}/healthz`)).text()).toBe('ok\n');
      const stats = await (await fetch(`${own.baseUrl}/stats`)).json();
      expect(stats).toMatchObject({
        requests: 2,
        answered: 1,
        errors: 1,
        rows: 15,
        byOperation: { Fetch: 1, anonymous: 1 },
        rowsByRootField: { orderFilledEvents: 10, orderbooks: 5 },
      });
    } finally {
      await own.close();
    }
  });
});
