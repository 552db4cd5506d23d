import { expect, test } from 'vitest';
import { nearestNames } from './nearest-names.ts';

test('a slip of the pen finds the name', () => {
  expect(nearestNames('suport', ['support', 'sales', 'smart'])).toEqual(['support']);
  expect(nearestNames('gpt4o', ['openai/gpt-4o', 'openai/gpt-4o-mini'])).toEqual([]);
  expect(nearestNames('gpt-4o', ['openai/gpt-4o-mini', 'openai/gpt-4o'])).toEqual(['openai/gpt-4o', 'openai/gpt-4o-mini']);
});

test('what is far off is not named', () => {
  expect(nearestNames('zebra', ['support', 'smart'])).toEqual([]);
  expect(nearestNames('x', [])).toEqual([]);
});

test('what is longer than any name is compared with none', () => {
  expect(nearestNames('a'.repeat(256), ['a'.repeat(255)])).toHaveLength(1);
  expect(nearestNames('a'.repeat(257), ['a'.repeat(256)])).toEqual([]);
});

test('the nearest comes first, at most three', () => {
  expect(nearestNames('card', ['cards', 'bard', 'cart', 'care', 'support'])).toEqual(['bard', 'cards', 'care']);
});
