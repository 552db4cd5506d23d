import { expect, it } from 'vitest';
import { DistilInput } from '../../../../contracts/distil.ts';
import { EMPTY_FORM, commandOf, requestOf } from './request-form.ts';

it('shows the defaults that distil has', () => {
  const { name: _, ...parsed } = DistilInput.parse({ dataset: 'd' });
  const shown = DistilInput.parse(requestOf({ ...EMPTY_FORM, dataset: 'd' }));
  expect(shown).toEqual(parsed);
});

it('leaves empty fields to their defaults', () => {
  expect(requestOf({ ...EMPTY_FORM, dataset: 'd', nSamples: '', teacher: ' openai/gpt-4o ' })).toMatchObject({
    dataset: 'd',
    teacher: 'openai/gpt-4o',
  });
  expect(requestOf({ ...EMPTY_FORM, dataset: 'd', nSamples: '' })).not.toHaveProperty('nSamples');
});

it('says the same in a terminal, with what differs from the defaults', () => {
  expect(commandOf({ ...EMPTY_FORM, dataset: 'd' })).toBe('npm run stillhouse -- distil d --watch');
  expect(commandOf({ ...EMPTY_FORM, dataset: 'd', alias: 'support', maxUsd: 5, approval: true })).toBe(
    'npm run stillhouse -- distil d --alias support --max-usd 5 --approval --watch',
  );
});
