import { expect, test } from 'vitest';
import { fieldF1, fieldsOf, meanAgreements } from './field-agreement.ts';

const json = JSON.stringify;

test('a missing item costs its own fields, whatever its place', () => {
  const wanted = json({
    who: 'Ada',
    items: [
      { name: 'nut', n: 1 },
      { name: 'cog', n: 2 },
    ],
  });
  const found = json({ who: 'Ada', items: [{ name: 'cog', n: 2 }] });
  // 5 fields wanted, 3 found, 3 shared: 2·3 / 8.
  expect(fieldF1(found, wanted)).toBe(0.75);
  expect(fieldF1(wanted, found)).toBe(0.75);
});

test('fields are leaves with their paths: another place of the same value is another field', () => {
  expect(fieldF1('{"a":1,"b":2}', '{"b":1,"a":2}')).toBe(0);
  expect(fieldF1('{"a":{"b":1}}', '{"a.b":1}')).toBe(0);
  expect(fieldF1('{"a":[1]}', '{"a":1}')).toBe(0);
  expect(fieldF1('{"a":"1"}', '{"a":1}')).toBe(0);
  expect(fieldF1('{"a":null}', '{}')).toBe(0);
});

test('what occurs several times counts as often as it occurs in both', () => {
  // 3 found, 2 wanted, 2 shared: 2·2 / 5.
  expect(fieldF1('[7,7,7]', '[7,7]')).toBe(0.8);
  expect(fieldsOf('{"a":[7,7],"b":[]}')).toEqual(new Map([['["a",null,7]', 2]]));
});

test('equal values agree wholly, however they are written; items may swap places, and even amounts', () => {
  expect(fieldF1('{"b":50.00, "a":[1,2]}', '{"a":[2,1],"b":50}')).toBe(1);
  expect(fieldF1('[{"n":"nut","p":1},{"n":"cog","p":2}]', '[{"n":"nut","p":2},{"n":"cog","p":1}]')).toBe(1);
  expect(fieldF1('{}', '[]')).toBe(1);
  expect(fieldF1('{"a":1}', '{}')).toBe(0);
});

test('what is no JSON agrees with its own text alone', () => {
  expect(fieldF1('{"a":1', '{"a":1}')).toBe(0);
  expect(fieldF1('not here ', 'not here')).toBe(1);
  expect(fieldsOf('{"a":1')).toBeNull();
});

test('an answer scores by its mean agreement with the others', () => {
  // F1: first and second 2·1/4 = .5, first and third 0, second and third 2·1/4 = .5.
  expect(meanAgreements(['{"a":1,"b":1}', '{"a":1,"b":2}', '{"a":2,"b":2}'])).toEqual([0.25, 0.5, 0.25]);
  expect(meanAgreements(['{"a":1}'])).toEqual([1]);
  expect(meanAgreements([])).toEqual([]);
  expect(meanAgreements(['no', 'no', '{"a":1}'])).toEqual([0.5, 0.5, 0]);
});
