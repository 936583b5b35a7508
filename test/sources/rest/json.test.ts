import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.js';
import { isObject, memberText, parseJson, readListing, textOf } from '../../../src/sources/rest/json.js';

it('records come byte for byte as received, numbers with their text', () => {
  const body =
    '{"$schema":"x", "markets" : [ {"id":"1","v":5.0,"d":"a \\"]\\\\"},{"v":0.1649995000,"n":[1e-7,{}]} ],"next_cursor":"c"}';
  const { wrapper, records } = readListing(body, ['markets'], '/markets');
  expect(records.map(({ raw }) => raw)).toEqual([
    '{"id":"1","v":5.0,"d":"a \\"]\\\\"}',
    '{"v":0.1649995000,"n":[1e-7,{}]}',
  ]);
  const [first, second] = records.map(({ value }) => value as Record<string, unknown>);
  expect(textOf(first?.v)).toBe('5.0');
  expect(first?.d).toBe('a "]\\');
  expect(textOf(second?.v)).toBe('0.1649995000');
  expect(wrapper).toEqual({ $schema: 'x', markets: [], next_cursor: 'c' });
});

it('a bare array and a nested list are listings too', () => {
  expect(readListing(' [1, "two" ,null]', [], '/x').records.map(({ raw }) => raw)).toEqual(['1', '"two"', 'null']);
  expect(readListing('{"result":{"list":[{"a":1}]}}', ['result', 'list'], '/x').records).toHaveLength(1);
  expect(readListing('[]', [], '/x').records).toEqual([]);
});

it.each([
  '{"markets":[{"id":1}',
  '{"markets":[1 2]}',
  '{"markets":[1,]}',
  '<html>',
  '{"markets":{}}',
  '{"error":"x"}',
  '',
])('%j is a bad response, never an empty listing', (body) => {
  expect(() => readListing(body, ['markets'], '/markets')).toThrow(FailureError);
});

it('of a doubled key the last one counts', () => {
  expect(parseJson('{"a":"1","a":"2"}', '/x')).toEqual({ a: '2' });
  expect(memberText('{"a":"1", "b":[1, 2],"a" : "2"}', 'a')).toBe('"2"');
});

it('any JSON array is cut into the texts of its elements', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.constantFrom(undefined, 1), (values, indent) => {
      const { records } = readListing(JSON.stringify({ before: ']', rows: values }, null, indent), ['rows'], '/x');
      expect(records.map(({ raw }) => JSON.parse(raw))).toEqual(JSON.parse(JSON.stringify(values)));
    }),
  );
});

it('numbers are no objects', () => {
  expect(isObject(parseJson('1', '/x'))).toBe(false);
  expect(isObject(parseJson('{}', '/x'))).toBe(true);
});
