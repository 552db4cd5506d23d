import { expect, it } from 'vitest';
import { DistilInput } from '../../../../contracts/distil.ts';
import { EMPTY_FORM, commandOf, formOf, refusalsOf, requestOf } from './request-form.ts';

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
  expect(commandOf({ ...EMPTY_FORM, dataset: 'd', student: 'lora', alias: 'support', maxUsd: 5, approval: true })).toBe(
    'npm run stillhouse -- distil d --student lora --alias support --max-usd 5 --approval --watch',
  );
});

it('takes up a run that was refused', () => {
  const input = DistilInput.parse({ dataset: 'd', name: 'distil-0a1b2c3d4e5f', student: 'qwen3-0.6b', alias: 'support', maxUsd: 0.1 });
  expect(formOf(input)).toEqual({ ...EMPTY_FORM, dataset: 'd', student: 'qwen3-0.6b', alias: 'support', maxUsd: 0.1 });
  expect(formOf({ ...input, name: 'mine' }).name).toBe('mine');
  expect(refusalsOf('maxUsd: the cap is too low')).toEqual({ maxUsd: 'the cap is too low' });
  expect(refusalsOf('Only one label is left: "a"')).toEqual({});
  expect(refusalsOf(null)).toEqual({});
});
