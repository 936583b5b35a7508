import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FillBatch } from '../../../../src/datasets/fills/fill-batch.js';
import { encodeFill, encodeFillAt } from '../../../../src/datasets/fills/fill-encoder.js';
import type { Segment } from '../../../../src/datasets/fills/plan/segment.js';
import { FILL_FIELDS, type FillSource, FillTexts } from '../../../../src/datasets/fills/subgraph/fill-texts.js';
import { readLane } from '../../../../src/datasets/fills/subgraph/page.js';
import { parsePlainPage } from '../../../../src/datasets/fills/subgraph/plain-page.js';

const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');

function fill(n: number, change: Partial<FillSource> = {}): FillSource {
  return {
    id: `0x${hex(n, 64)}_0x${hex(n * 7, 64)}`,
    timestamp: String(1_700_000_000 + n),
    maker: `0x${hex(n, 40)}`,
    taker: `0x${hex(n + 1, 40)}`,
    makerAssetId: '0',
    takerAssetId: '7',
    makerAmountFilled: String(n),
    takerAmountFilled: String(2 * n),
    fee: '0',
    ...change,
  };
}

const fills = (count: number) => Array.from({ length: count }, (_, i) => fill(i + 1));

const parse = (text: string) => parsePlainPage(Buffer.from(text));

/** What a parse found, as JSON.parse would have given it. */
function plainly(text: string): unknown {
  const answer = parse(text);
  if (answer === undefined) return 'not plain';
  const lists = Object.entries(answer.data).map(([key, rows]) => [key, rows instanceof FillTexts ? rows.rows() : rows]);
  return { data: Object.fromEntries(lists) };
}

describe('a plain page', () => {
  test.each([
    ['compact', undefined],
    ['with spaces', 1],
    ['indented', '\t'],
  ])('%s, is what JSON.parse reads', (_name, indent) => {
    for (const count of [1, 2, 3, 1500]) {
      const answer = { data: { laneA: fills(count), laneB: [] } };
      expect(plainly(JSON.stringify(answer, null, indent))).toEqual(answer);
    }
    expect(plainly('{"data": {"laneA": [], "laneB": []}}')).toEqual({ data: { laneA: [], laneB: [] } });
  });

  test('in any order of fields, also another one in each lane', () => {
    const turned = fills(3).map((row) => Object.fromEntries(Object.entries(row).reverse()));
    const answer = { data: { laneA: turned, laneB: fills(2) } };
    expect(plainly(JSON.stringify(answer))).toEqual(answer);
  });

  const row = (change: Record<string, unknown>) => ({ ...fill(9), ...change });
  test.each([
    ['errors beside data', JSON.stringify({ data: { laneA: fills(2) }, errors: [{ message: 'x' }] })],
    ['errors before data', JSON.stringify({ errors: [], data: { laneA: fills(2) } })],
    ['no data', '{"data":null}'],
    ['a lane that is null', '{"data":{"laneA":null}}'],
    ['a number for a string', JSON.stringify({ data: { laneA: [fill(1), row({ fee: 0 })] } })],
    ['a field more in the first row', JSON.stringify({ data: { laneA: [row({ extra: '' }), fill(1)] } })],
    ['a field more in a later row', JSON.stringify({ data: { laneA: [fill(1), row({ extra: '' })] } })],
    ['a field less', JSON.stringify({ data: { laneA: [fill(1), row({ fee: undefined })] } })],
    [
      'another order in a later row',
      JSON.stringify({ data: { laneA: [fill(1), Object.fromEntries(Object.entries(fill(2)).reverse())] } }),
    ],
    ['an escape', JSON.stringify({ data: { laneA: [row({ maker: 'a"b' })] } })],
    ['an escape in a later row', JSON.stringify({ data: { laneA: [fill(1), row({ fee: '\\' })] } })],
    ['a character beyond ASCII', JSON.stringify({ data: { laneA: [row({ maker: 'é' })] } })],
    [
      'a control character, which is no JSON',
      JSON.stringify({ data: { laneA: [row({ maker: 'X' })] } }).replace('X', '\n'),
    ],
    ['a list of something else', JSON.stringify({ data: { orderbooks: [{ id: '1', buysQuantity: '2' }] } })],
    ['a lane twice', `{"data":{"laneA":${JSON.stringify(fills(1))},"laneA":[]}}`],
    ['something after the end', `${JSON.stringify({ data: { laneA: fills(1) } })}x`],
    ['a field twice', JSON.stringify({ data: { laneA: fills(1) } }).replace('"taker"', '"maker"')],
    ['nothing', ''],
  ])('%s is left to JSON.parse', (_name, text) => {
    expect(plainly(text)).toBe('not plain');
  });

  test('cut anywhere it is not plain', () => {
    const text = JSON.stringify({ data: { laneA: fills(2), laneB: fills(1) } });
    for (let length = 0; length < text.length; length++) expect(plainly(text.slice(0, length))).toBe('not plain');
  });

  test('whatever is done to its bytes, it says what JSON.parse says, or leaves it to it', () => {
    const text = JSON.stringify({ data: { laneA: fills(3), laneB: fills(2) } });
    const edits = fc.array(
      fc.record({
        at: fc.nat(text.length - 1),
        length: fc.nat(3),
        put: fc.constantFrom('', '"', '\\', ',', '}', ']', '{', ' ', ':', '":"', 'x', '0', '","', '"}', 'é', '\u0000'),
      }),
      { minLength: 1, maxLength: 3 },
    );
    let plain = 0;
    fc.assert(
      fc.property(edits, (changes) => {
        let changed = text;
        for (const { at, length, put } of changes) changed = changed.slice(0, at) + put + changed.slice(at + length);
        const found = plainly(changed);
        if (found === 'not plain') return;
        plain++;
        expect(found).toEqual(JSON.parse(changed));
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(100);
  });
});

describe('from bytes and from strings', () => {
  const segment: Segment = {
    side: 'buy',
    tokens: ['7', '8'],
    range: { axis: 'id', from: fill(1).id, to: fill(50).id },
    cursor: fill(2).id,
    expected: 10,
  };
  const odd = fc.record(
    {
      id: fc.constantFrom(fill(1).id, fill(2).id, fill(3).id, fill(49).id, fill(50).id, '0x', ''),
      timestamp: fc.constantFrom('0', '1700000005', '1700000100', '9999999999', 'x'),
      maker: fc.constantFrom('0x', fill(1).maker.toUpperCase(), fill(4).maker),
      makerAssetId: fc.constantFrom('0', '00', '7', '8', '9', ''),
      takerAssetId: fc.constantFrom('0', '7', '8', '88', '9', `${2n ** 256n}`),
      makerAmountFilled: fc.constantFrom(
        '0',
        '999999999999999999',
        '1000000000000000000',
        '-1',
        '01',
        '1000000000000001',
      ),
      fee: fc.constantFrom('0', '', '1.5'),
    },
    { requiredKeys: [] },
  );
  const pages = fc.uniqueArray(
    fc.record({
      n: fc.integer({ min: 3, max: 49 }),
      change: fc.oneof({ weight: 12, arbitrary: fc.constant({}) }, odd),
    }),
    { minLength: 1, maxLength: 12, selector: ({ n }) => n },
  );
  const axes = fc.constantFrom('id', 'time', 'tape', 'second') as fc.Arbitrary<'id' | 'time' | 'tape' | 'second'>;

  function asked(axis: 'id' | 'time' | 'tape' | 'second'): Segment {
    if (axis === 'id') return segment;
    const time = { axis: 'time' as const, from: '1700000003', to: axis === 'second' ? '1700000004' : '1700000040' };
    return { ...segment, tokens: axis === 'tape' ? null : segment.tokens, range: time, cursor: null };
  }

  function outcome(act: () => unknown): unknown {
    try {
      return act();
    } catch (error) {
      return String(error);
    }
  }

  test('a lane is judged alike, refusals word by word, and goes on alike', () => {
    const seen = { read: 0, refused: 0 };
    fc.assert(
      fc.property(pages, axes, fc.boolean(), (drawn, axis, sorted) => {
        const rows = drawn.map(({ n, change }) => fill(n, change));
        if (sorted) rows.sort((a, b) => (a.id < b.id ? -1 : 1));
        const lane = { segment: asked(axis), window: asked(axis).range };
        const texts = parse(JSON.stringify({ data: { laneA: rows } }))?.data.laneA;
        expect(texts).toBeInstanceOf(FillTexts);
        const shape = (value: unknown) =>
          outcome(() => {
            const page = readLane(lane, value, 10);
            return { ...page, rows: page.rows.rows() };
          });
        const found = shape(texts);
        expect(found).toEqual(shape(rows));
        if (typeof found === 'string') seen.refused++;
        else seen.read++;
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(50);
  });

  test('a row is encoded, or rejected, alike', () => {
    fc.assert(
      fc.property(pages, (drawn) => {
        const rows = drawn.map(({ n, change }) => fill(n, change));
        const texts = parse(JSON.stringify({ data: { laneA: rows } }))?.data.laneA as FillTexts;
        const [fromBytes, fromStrings] = [new FillBatch(), new FillBatch()];
        for (const [at, row] of rows.entries()) {
          expect(encodeFillAt(texts, at, fromBytes)).toBe(encodeFill(row, fromStrings));
          expect(texts.row(at)).toEqual(row);
        }
        expect(fromBytes.take()).toEqual(fromStrings.take());
      }),
    );
  });

  test('a row that JSON wrote with escapes is kept as it was', () => {
    const row = fill(1, { maker: 'a\ud800"é' });
    const texts = FillTexts.of([row]);
    expect(texts.row(0)).toEqual(row);
    for (const field of FILL_FIELDS) expect(texts.text(0, field)).toBe(row[field]);
  });
});
