import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskJson } from './mask-json.ts';

const nothing = { text: (text: string) => text, isRemoved: () => false, withoutLogprobs: false };
const shout = { ...nothing, text: (text: string) => text.toUpperCase() };

test('what is not masked stays letter by letter', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(maskJson(json, nothing)).toBe(json);
    }),
  );
  const odd = '{ "2": 12345678901234567890, "1" :1e400 ,"a":1,"a":2 }\n';
  expect(maskJson(odd, { ...shout, text: (text) => (text === '1' ? 'one' : text) })).toBe(
    '{ "2": 12345678901234567890, "one" :1e400 ,"a":"one","a":2 }\n',
  );
});

test('every string and every name is masked, and the text is the same JSON otherwise', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      const upper = (value: unknown): unknown => {
        if (typeof value === 'string') return value.toUpperCase();
        if (typeof value !== 'object' || value === null) return value;
        if (Array.isArray(value)) return value.map(upper);
        return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.toUpperCase(), upper(inner)]));
      };
      expect(JSON.parse(maskJson(json, shout))).toEqual(upper(JSON.parse(json)));
    }),
    { examples: [['"\\ud83d\\ude00\\u0040\\"\\\\"'], ['{"a\\"b":["\\\\"]}']] },
  );
});

test('a member is told by the end of its path, lists passed over', () => {
  const json = '{"user":{"email":"a","name":["b"]},"email":"c","list":[{"email":{"deep":[1,"}"]}},{"user":{"email":2.5}}]}';
  const removed = (...paths: string[]) => maskJson(json, { ...nothing, isRemoved: (path) => paths.includes(path.join('.')) });
  expect(JSON.parse(removed('list.email', 'user.name', 'list.user.email'))).toEqual({
    user: { email: 'a', name: '[removed]' },
    email: 'c',
    list: [{ email: '[removed]' }, { user: { email: '[removed]' } }],
  });
});

test('a hundred thousand levels are no matter of the stack', () => {
  const deep = `${'{"a":['.repeat(100_000)}"x"${']}'.repeat(100_000)}`;
  expect(maskJson(deep, shout)).toContain('"X"');
});
