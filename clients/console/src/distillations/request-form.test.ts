import { expect, it } from 'vitest';
import { DistilInput } from '../../../../contracts/distil.ts';
import { EMPTY_FORM, requestOf } from './request-form.ts';

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
