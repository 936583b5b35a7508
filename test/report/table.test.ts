import { expect, test } from 'vitest';
import { renderFacts, renderTable } from '../../src/report/table.js';
import { displayWidth } from '../../src/report/wrap.js';

const widest = (text: string) => Math.max(...text.split('\n').map(displayWidth));
const TOKEN = '7'.repeat(77);

test('a table is as wide as the terminal at most: long cells go on below, between words', () => {
  const figure = 'the source counts 9 fills in 9 sides of tokens that it does not serve: 12,323.003609 USDC';
  const rows = [
    ['the run is complete', 'ok', '28 chunks, 300,838 rows acknowledged'],
    ['source short', 'note', figure],
  ];
  for (const columns of [40, 60, 80, 200]) {
    const text = renderTable(['run 20261121-114549-859d', '', 'figure'], rows, [], columns);
    expect(widest(text)).toBeLessThanOrEqual(columns);
    expect(text.replace(/\s+/g, ' ')).toContain('300,838 rows');
    for (const word of figure.split(' ')) expect(text).toContain(word);
  }
  expect(renderTable(['a', 'b', 'c'], rows, [], 200).trim().split('\n')).toHaveLength(3);
});

test('where the longest words alone are too wide, each row is written as facts', () => {
  const text = renderTable(['token', 'wallet', 'shares'], [[TOKEN, `0x${'a'.repeat(40)}`, '1,000']], [2], 80);
  expect(widest(text)).toBeLessThanOrEqual(80);
  expect(text).toContain(TOKEN);
  expect(text).toContain('1,000');
});

test('a single value that is wider than the terminal stays whole', () => {
  expect(renderTable(['token', 'n'], [[TOKEN, '1']], [1], 60)).toContain(`\n  ${TOKEN}\n`);
});

test('a market named with line breaks, escapes and wide characters keeps the table whole', () => {
  const text = renderTable(['question', 'fills'], [['日本\n\u001b[31mwins?', '12']], [1], 80);
  expect(text).toContain('日本 \\x1b[31mwins?  ');
});

test('long facts go on below their column', () => {
  const text = renderFacts(
    [
      ['name', 'x'],
      ['why', 'so many words that they do not fit on a line of forty cells'],
    ],
    40,
  );
  expect(widest(text)).toBeLessThanOrEqual(40);
  expect(
    text
      .split('\n')
      .slice(2)
      .every((line) => line.startsWith('        ')),
  ).toBe(true);
});
