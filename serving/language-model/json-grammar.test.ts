import { expect, test } from 'vitest';
import { jsonGrammar } from './json-grammar.ts';

const root = (schema: object) => jsonGrammar(schema).split('\n')[0];

test('a schema becomes its rules, literals escaped twice', () => {
  expect(root({ enum: ['a"b', 1, null] })).toBe('root ::= ("\\"a\\\\\\"b\\"" | "1" | "null")');
  expect(root({ type: 'string', maxLength: 5 })).toBe('root ::= "\\"" char{0,5} "\\""');
  expect(root({ type: ['integer', 'null'] })).toBe('root ::= (integer | null)');
  expect(root({})).toBe('root ::= value');
  expect(jsonGrammar(null)).toMatch(/^root ::= object\n/);
});

test('a definition that names itself is one rule', () => {
  const tree = { $ref: '#/$defs/tree', $defs: { tree: { type: 'array', items: { $ref: '#/$defs/tree' } } } };
  const rules = jsonGrammar(tree).split('\n');
  expect(rules[0]).toBe('root ::= ref0');
  expect(rules.filter((rule) => rule.startsWith('ref0 ::='))).toHaveLength(1);
});

test.each([
  ['pattern', { type: 'string', pattern: 'a' }, '/pattern'],
  ['minimum', { type: 'object', properties: { n: { type: 'integer', minimum: 3 } } }, '/properties/n/minimum'],
  ['a type that is none', { type: 'date' }, '/type'],
  ['a reference to nothing', { $ref: '#/$defs/none' }, '/$ref'],
  ['an inherited name as reference', { $ref: '#/constructor' }, '/$ref'],
])('what a grammar cannot hold is refused by its place: %s', (_, schema, place) => {
  expect(() => jsonGrammar(schema)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      param: 'response_format',
      message: expect.stringContaining(`"${place}"`) as string,
    }),
  );
});

test('a schema of endless size is refused', () => {
  const properties = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, { type: 'boolean' }]));
  expect(() => jsonGrammar({ type: 'object', properties })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});
