import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editFields, topLevelMembers } from './json-members.ts';

const edit = (text: string, edits: Record<string, string | null>) => editFields(text, topLevelMembers(text), edits);

test('the rest stays byte for byte', () => {
  const text = '{ "a" : 1e400 ,\n"model":"x", "b":{"model":"inner","c":[1,{"model":2}]},"s":"\\"model\\": {\\\\" }';
  expect(edit(text, { model: '"y"' })).toBe(text.replace('"x"', '"y"'));
  const without = '{"a" : 1e400,"b":{"model":"inner","c":[1,{"model":2}]},"s":"\\"model\\": {\\\\"}';
  expect(edit(text, { model: null })).toBe(without);
});

test('a field is taken out, added, and found under an escaped name', () => {
  expect(edit('{"a":1,"metadata":{"k":"v"},"b":2}', { metadata: null })).toBe('{"a":1,"b":2}');
  expect(edit('{}', { model: '"m"', gone: null })).toBe('{"model":"m"}');
  expect(edit('{"\\u006dodel":"x"}', { model: '"y"' })).toBe('{"\\u006dodel":"y"}');
});

test('a doubled key is edited in all places, so that no reader of the first or the last sees the old value', () => {
  expect(JSON.parse(edit('{"model":"x","a":1,"model":"z"}', { model: '"y"' }))).toEqual({ model: 'y', a: 1 });
  expect(edit('{"model":"x","a":1,"model":"z"}', { model: '"y"' })).not.toMatch(/"x"|"z"/);
});

test('for any object: what is not edited means the same afterwards', () => {
  const key = fc.oneof(fc.constant('model'), fc.constant('metadata'), fc.string());
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue(), { noNullPrototype: true }), fc.constantFrom(0, 1, 4), (object, indent) => {
      const { metadata: _, ...rest } = object;
      const edited = JSON.parse(edit(JSON.stringify(object, null, indent), { model: '"new"', metadata: null })) as object;
      expect(edited).toEqual(JSON.parse(JSON.stringify({ ...rest, model: 'new' })));
    }),
  );
});
