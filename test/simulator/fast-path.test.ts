/** The pages that a universe computes by arithmetic are the pages that reading every fill would give. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Executor } from '../../src/simulator/execute.js';
import { JsonWriter, toWords } from '../../src/simulator/json-writer.js';
import { createRecordedUniverse } from '../../src/simulator/recorded.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { allFills, tokenOf } from '../../src/simulator/truth.js';
import { blockOfTime, FILL_COLUMNS } from '../../src/simulator/universe.js';

const synthetic = createSyntheticUniverse({ seed: 21, markets: 25, fills: 2_500 });
const fills = allFills(synthetic);
const recorded = createRecordedUniverse({
  events: fills,
  lastBlock: synthetic.lastBlock,
  deployment: synthetic.deployment,
});
const fast = new Executor('orderbook', synthetic);
const slow = new Executor('orderbook', recorded);
const tokens = [...new Set(fills.map(tokenOf))];
const times = fills.map(({ timestamp }) => Number(timestamp));

function answer(executor: Executor, query: string, variables: Record<string, unknown>): string {
  const out = new JsonWriter();
  const result = executor.run(query, variables, undefined, { head: synthetic.lastBlock }, out);
  return result.ok ? out.finished().toString() : JSON.stringify(result.messages);
}

const QUERY = (columns: readonly string[]) => `
  query ($where: OrderFilledEvent_filter, $first: Int, $skip: Int, $by: OrderFilledEvent_orderBy, $way: OrderDirection, $block: Int!) {
    page: orderFilledEvents(where: $where, first: $first, skip: $skip, orderBy: $by, orderDirection: $way, block: {number: $block}) { ${columns.join(' ')} }
  }`;

const id = fc.oneof(
  fc.constantFrom(...fills.map((fill) => fill.id)),
  fc.constantFrom(...fills.map((fill) => fill.transactionHash)),
  fc.integer({ min: 0, max: 0xffff }).map((n) => `0x${n.toString(16)}`),
  fc.constantFrom('', '0', '0x', '0xz', '0xFF', 'z', `0x${'f'.repeat(64)}`),
);
const time = fc.oneof(fc.constantFrom(...times), fc.constantFrom(0, 1_700_000_001, 1_777_334_401)).map(String);
const tokenList = fc.uniqueArray(
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...tokens) }, fc.constantFrom('0', '17')),
  { maxLength: 12 },
);
const assets = fc.oneof(
  fc.record({ takerAssetId_in: tokenList, makerAssetId: fc.constant('0') }),
  fc.record({ takerAssetId_in: tokenList }),
  fc.record({ makerAssetId_in: tokenList }),
  fc.record({ makerAssetId: fc.constantFrom(...tokens) }),
  fc.constantFrom(
    { makerAssetId: '0' },
    { makerAssetId_not: '0' },
    { takerAssetId_not_in: ['0'] },
    { makerAssetId_gt: '0' },
    {},
  ),
  fc.constantFrom(...tokens).map((token) => ({ and: [{ or: [{ makerAssetId: token }, { takerAssetId: token }] }] })),
  tokenList.map((list) => ({ and: [{ or: [{ makerAssetId_in: list }, { takerAssetId_in: list, fee_gte: '0' }] }] })),
);
const bounds = fc.record({ id_gt: id, id_gte: id, id_lt: id, id_lte: id }, { requiredKeys: [] });
const clock = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  fc.record({ timestamp_gte: time, timestamp_lt: time, timestamp_gt: time }, { requiredKeys: [] }),
  fc.record({ timestamp: time }),
);
const other = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  fc.constantFrom(...fills).map(({ maker }) => ({ maker })),
  fc.constant({ fee_gt: '0' }),
);

describe('a page computed by arithmetic', () => {
  it('is the page that reading every fill gives, byte by byte', () => {
    fc.assert(
      fc.property(
        fc.tuple(assets, bounds, clock, other).map((parts) => Object.assign({}, ...parts) as Record<string, unknown>),
        fc.constantFrom('id', 'id', 'timestamp', 'makerAmountFilled'),
        fc.constantFrom('asc', 'asc', 'desc'),
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(1000)),
        fc.constantFrom(0, 0, 0, 3, 500),
        fc.oneof(fc.constant(synthetic.lastBlock), fc.constantFrom(...times).map(blockOfTime)),
        fc.shuffledSubarray([...FILL_COLUMNS, '__typename'], { minLength: 1 }),
        (where, by, way, first, skip, block, columns) => {
          const variables = { where, by, way, first, skip, block };
          expect(answer(fast, QUERY(columns), variables)).toBe(answer(slow, QUERY(columns), variables));
        },
      ),
      { numRuns: 500, verbose: 1 },
    );
  });

  it('merges many markets whose transactions begin alike', () => {
    // 400 markets of one match: first words are 32 bits, and the order must hold down to the last one.
    const many = createSyntheticUniverse({ seed: 2, markets: 400, fills: 2_000, emptyShare: 0 });
    const all = allFills(many);
    const mine = [...new Set(all.map(tokenOf))];
    const out = new JsonWriter();
    const result = new Executor('orderbook', many).run(
      'query ($tokens: [String!]) { page: orderFilledEvents(first: 1000, where: {or: [{takerAssetId_in: $tokens}, {makerAssetId_in: $tokens}]}) { id } }',
      { tokens: mine },
      undefined,
      { head: many.lastBlock },
      out,
    );
    expect(result.ok).toBe(true);
    const ids = JSON.parse(out.finished().toString()).data.page.map((row: { id: string }) => row.id);
    expect(ids).toEqual(all.slice(0, 1000).map((fill) => fill.id));
  });

  it('gives up where only reading every fill of a large universe would answer', () => {
    const large = Object.create(synthetic, { fillCount: { value: 6_000_000 } }) as typeof synthetic;
    const executor = new Executor('orderbook', Object.assign(large, { writeFills: () => undefined }));
    expect(answer(executor, '{ orderFilledEvents(orderBy: maker) { id } }', {})).toContain('statement timeout');
  });
});

describe('the writer', () => {
  it('writes numbers, words and text of every length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(20_000), fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })), {
          maxLength: 300,
        }),
        (numbers) => {
          const out = new JsonWriter(Buffer.allocUnsafeSlow(16));
          let text = '';
          for (const number of numbers) {
            const constant = `"${'k'.repeat(number % 23)}":`;
            out.room(100);
            out.words(toWords(constant));
            out.digits(number);
            out.hexes(Int32Array.of(number), 1);
            text += `${constant}${number}0x${(number % 0x100000000).toString(16).padStart(8, '0')}`;
          }
          expect(out.finished().toString('latin1')).toBe(text);
        },
      ),
    );
  });
});
