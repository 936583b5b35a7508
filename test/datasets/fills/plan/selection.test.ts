import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MarketList, parseMarketList } from '../../../../src/datasets/fills/plan/market-list.js';
import { type KnownTokens, type Selected, selectTokens } from '../../../../src/datasets/fills/plan/selection.js';

const A = `0x${'a'.repeat(64)}`;
const B = `0x${'b'.repeat(64)}`;
const TOKEN = '21742633143463906290569050155826241533067272736897614950488156847949938836455';

function entries(text: string): [string, number][] {
  const parsed = parseMarketList(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.list.entries.map(({ id, line }) => [id, line]);
}

describe('a list of markets', () => {
  test('ids one a line, in any case, with blank lines and comments', () => {
    expect(entries(`\uFEFF# mine\r\n${A.toUpperCase().replace('0X', '0x')}\r\n\r\n  ${TOKEN}  \n`)).toEqual([
      [A, 2],
      [TOKEN, 4],
    ]);
  });

  test("CSV's first column, with and without a header, quoted, other columns whatever they hold", () => {
    expect(
      entries(`condition_id,question\n"${A}","Will it, or not?"\n${TOKEN},"two\nlines"\n${B};x\n`).map(([id]) => id),
    ).toEqual([A, TOKEN, B]);
    expect(entries(`${A},x\n`)).toEqual([[A, 1]]);
  });

  test('NDJSON with conditionId', () => {
    expect(entries(`# gamma\n{"conditionId": "${A}", "slug": "a"}\n\n{"conditionId":"${B}"}`)).toEqual([
      [A, 2],
      [B, 4],
    ]);
    expect(parseMarketList(`{"conditionId":"${A}"}\n{"slug":"x"}\n{"conditionId":`)).toEqual({
      ok: false,
      errors: [
        { line: 2, message: 'an object without a conditionId' },
        { line: 3, message: 'no JSON object: {"conditionId":' },
      ],
    });
  });

  test('repeats are dropped and counted, leading zeros and case aside', () => {
    const parsed = parseMarketList(`${A}\n${A.toUpperCase().replace('0X', '0x')}\n7\n007\n`);
    expect(parsed).toMatchObject({ ok: true, list: { repeats: 2, entries: [{ id: A }, { id: '7' }] } });
  });

  test.each([
    ['0xabc', 'no condition id'],
    [`${A}0`, 'no condition id'],
    ['2.1742E+76', 'rounded by a spreadsheet'],
    ['0', 'collateral'],
    [(1n << 256n).toString(), 'above 2^256'],
    ['-5', 'no condition id'],
    ["'; DROP TABLE x; --", 'no condition id'],
  ])('%s is refused with its line', (bad, why) => {
    const parsed = parseMarketList(`${A}\n\n${bad}\n`);
    expect(parsed).toMatchObject({ ok: false, errors: [{ line: 3 }] });
    if (!parsed.ok) expect(parsed.errors[0]?.message).toContain(why);
  });

  test('a header stands on the first line only; a broken id there is no header', () => {
    expect(parseMarketList(`${A}\ntoken_id\n`)).toMatchObject({ ok: false, errors: [{ line: 2 }] });
    expect(parseMarketList(`0xabc\n${A}\n`)).toMatchObject({ ok: false, errors: [{ line: 1 }] });
    expect(entries(`market\n${A}`)).toEqual([[A, 2]]);
  });

  test('any text gives a list or errors with lines, never an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[#{"0x;,\n\r a1]{0,40}$/)), (text) => {
        const parsed = parseMarketList(text);
        if (!parsed.ok) for (const { line } of parsed.errors) expect(line).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});

const count = (token: string, buys: number, sells = 0) => ({ token, buys, sells, buyMicros: '0', sellMicros: '0' });
const known: KnownTokens = {
  tokens: [count('1', 60), count('2', 0, 40), count('3', 500), count('9', 7)],
  emptyTokens: ['4', '5', '6'],
  uncounted: [],
  conditions: new Map([
    ['1', A],
    ['2', A],
    ['3', B],
    ['4', B],
    ['5', '0xempty'],
    ['6', '0xempty'],
  ]),
};

function list(text: string): MarketList {
  const parsed = parseMarketList(text);
  if (!parsed.ok) throw new Error('bad list');
  return parsed.list;
}

function select(selection: Parameters<typeof selectTokens>[1]): Selected {
  const result = selectTokens(known, selection);
  if (!result.ok) throw new Error(result.message);
  return result.selected;
}

const tokensOf = (selected: Selected) => selected.tokens.map(({ token }) => token);

describe('a selection', () => {
  test('nothing chosen is everything with fills; a token that no condition explains is a market', () => {
    const all = select({});
    expect(tokensOf(all)).toEqual(['1', '2', '3', '9']);
    expect(all).toMatchObject({ markets: 3, marketsWithoutFills: 1, repeats: 0, unknown: [], beyondLimit: 0 });
  });

  test('a token means its whole market, and naming the market again is a repeat', () => {
    const chosen = select({ markets: list(`2\n${A}\n${A}\n`) });
    expect(tokensOf(chosen)).toEqual(['1', '2']);
    expect(chosen).toMatchObject({ markets: 1, repeats: 2 });
    // A token without fills leads to its market's other token too.
    expect(tokensOf(select({ markets: list('4') }))).toEqual(['3']);
  });

  test('the limit takes markets with most fills, the minimum counts whole markets', () => {
    expect(tokensOf(select({ limit: 2 }))).toEqual(['1', '2', '3']);
    expect(select({ limit: 2 })).toMatchObject({ markets: 2, beyondLimit: 1 });
    expect(tokensOf(select({ minFills: 100 }))).toEqual(['1', '2', '3']);
    expect(select({ minFills: 101 })).toMatchObject({ markets: 1, belowMinFills: 2 });
  });

  test('a market with a token that nobody can count is never left out for having too few', () => {
    const result = selectTokens({ ...known, emptyTokens: ['4', '5'], uncounted: ['6'] }, { minFills: 101 });
    expect(result).toMatchObject({ ok: true, selected: { uncounted: ['6'], markets: 2, belowMinFills: 2 } });
    const listed = selectTokens({ ...known, emptyTokens: [], uncounted: ['4', '6'] }, { markets: list('6') });
    expect(listed).toMatchObject({ ok: true, selected: { uncounted: ['6'], tokens: [], marketsWithoutFills: 0 } });
  });

  test('ids that the source does not know are said', () => {
    const chosen = select({ markets: list(`${A}\n0x${'c'.repeat(64)}\n77\n5\n`) });
    expect(chosen.unknown).toEqual([`0x${'c'.repeat(64)}`, '77']);
    expect(chosen.marketsWithoutFills).toBe(1);
  });

  test('an empty selection is an error that says why', () => {
    expect(selectTokens(known, { markets: list('77') })).toEqual({
      ok: false,
      message: 'the selection is empty: 1 ids are unknown to the source',
    });
    expect(selectTokens(known, { minFills: 1000 })).toMatchObject({ ok: false });
    expect(selectTokens(known, { markets: list('# nothing') })).toMatchObject({ ok: false });
    expect(selectTokens({ tokens: [], emptyTokens: [], uncounted: [], conditions: new Map() }, {})).toEqual({
      ok: false,
      message: 'the source has no markets',
    });
  });
});
