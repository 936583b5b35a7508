import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCatalogue } from '../../../src/datasets/conditions/catalogue.js';
import { tempWorkspace } from '../../support/workspace.js';

const ID = `0x${'aB'.repeat(32)}`;

function catalogueOf(lines: readonly string[]) {
  const file = join(tempWorkspace(), 'markets.ndjson');
  writeFileSync(file, lines.join('\n'));
  return readCatalogue(file);
}

test("names come from the Gamma API's format, whose lists stand as JSON inside of strings", () => {
  const line = {
    conditionId: ID,
    question: 'Will it?',
    slug: 'will-it',
    volume: 12.5,
    outcomes: '["Yes", "No"]',
    negRisk: true,
  };
  const { names } = catalogueOf([
    JSON.stringify({ ...line, unknown: { more: 1 }, endDate: '2024-01-01T00:00:00Z' }),
    '',
  ]);
  expect(names.get('ab'.repeat(32))).toEqual({
    question: 'Will it?',
    slug: 'will-it',
    volume: '12.5',
    start_date: null,
    end_date: '2024-01-01T00:00:00Z',
    outcomes: ['Yes', 'No'],
    neg_risk: true,
  });
});

test('a market that is named twice counts once, the first time', () => {
  const { names, repeats } = catalogueOf([
    JSON.stringify({ conditionId: ID, slug: 'first' }),
    JSON.stringify({ conditionId: ID.toLowerCase(), slug: 'second' }),
  ]);
  expect(names.size).toBe(1);
  expect(names.get('ab'.repeat(32))?.slug).toBe('first');
  expect(repeats).toBe(1);
});

test.each([
  ['no JSON', '{oops'],
  ['no condition', '{"slug":"x"}'],
  ['a short id', '{"conditionId":"0x12"}'],
  ['outcomes that are no list', `{"conditionId":"${ID}","outcomes":"Yes"}`],
])('a line with %s is refused with its number', (_, line) => {
  const good = JSON.stringify({ conditionId: ID });
  expect(() => catalogueOf([good, line])).toThrow(
    expect.objectContaining({ code: 1, message: expect.stringContaining('line 2'), hint: expect.any(String) }),
  );
});
