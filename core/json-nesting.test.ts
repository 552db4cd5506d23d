import { expect, test } from 'vitest';
import { isLongAndDeep, isNestedDeeper, MOST_LEVELS, parseWritable } from './json-nesting.ts';

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const objects = (levels: number) => '{"a":[1,'.repeat(levels / 2) + '2' + ']}'.repeat(levels / 2);

test.each([lists, objects])('as deep as can be, and one deeper', (nested) => {
  expect(isNestedDeeper(JSON.parse(nested(8)), 8)).toBe(false);
  expect(isNestedDeeper(JSON.parse(nested(8)), 7)).toBe(true);
  parseWritable(nested(MOST_LEVELS));
  expect(() => parseWritable(nested(MOST_LEVELS + 2))).toThrow(SyntaxError);
  expect(() => parseWritable(nested(400_000))).toThrow(SyntaxError);
});

test('a long text is told before it is parsed, and strings are no levels', () => {
  const pad = ' '.repeat(1024 * 1024);
  const deep = lists(MOST_LEVELS + 1);
  expect(isLongAndDeep(deep)).toBe(false);
  expect(isLongAndDeep(pad + deep)).toBe(true);
  expect(isLongAndDeep(pad + lists(MOST_LEVELS))).toBe(false);
  expect(() => parseWritable(pad + deep)).toThrow(SyntaxError);
  for (const text of [JSON.stringify(deep), JSON.stringify(`\\"${deep}`), `"${deep}`, '"\\', ''])
    expect(isLongAndDeep(pad + text)).toBe(false);
  expect(isLongAndDeep(`${pad}"\\\\"${deep}`)).toBe(true);
});

test('what is long need not be deep', () => {
  const long = JSON.stringify({ a: Array.from({ length: 5000 }, (_, index) => ({ index, text: '[[{{' })), b: null });
  expect(JSON.stringify(parseWritable(long))).toBe(long);
  expect(isNestedDeeper('[[[[', 0)).toBe(false);
});
