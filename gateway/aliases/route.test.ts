import { expect, test } from 'vitest';
import type { AliasVersion } from '../../contracts/aliases.ts';
import { createCatalogue } from '../providers/catalogue.ts';
import type { Provider } from '../providers/provider.ts';
import { emptySnapshot } from './apply-versions.ts';
import { chooseByWeight, resolveModel } from './route.ts';

const provider = (id: string, models: string[]): Provider => ({
  id,
  call: () => Promise.reject(new Error('not called here')),
  cost: () => null,
  targets: () =>
    models.map((model) => ({
      target: `${id}/${model}`,
      kind: 'provider',
      inputUsdPerMTok: null,
      outputUsdPerMTok: null,
      ready: true,
      reason: '',
    })),
  close: () => Promise.resolve(),
});
const catalogue = createCatalogue([
  provider('openai', ['gpt-4o', 'shared']),
  provider('lab', ['shared', 'meta/llama']),
  provider('student', []),
]);
const alias = (name: string, targets: AliasVersion['targets'], fallbacks: string[] = []): AliasVersion => ({
  name,
  version: 3,
  targets,
  fallbacks,
  reason: '',
  actor: '',
  createdAt: '2026-01-01T00:00:00.000Z',
  deleted: false,
});
const snapshot = {
  ...emptySnapshot('default'),
  aliases: {
    smart: alias(
      'smart',
      [
        { target: 'openai/gpt-4o', weight: 3 },
        { target: 'lab/shared', weight: 1 },
      ],
      ['lab/x'],
    ),
  },
};
const resolve = (model: string, random = 0) => resolveModel(model, snapshot, catalogue, () => random);

test('an alias: one target by weight, then its fallbacks', () => {
  const { decision, ...route } = resolve('smart', 0);
  expect(JSON.parse(decision!)).toMatchObject({ by: 'weights', targets: [{ target: 'openai/gpt-4o', weight: 3 }, { weight: 1 }] });
  expect(route).toEqual({ alias: 'smart', aliasVersion: 3, targets: ['openai/gpt-4o', 'lab/x'] });
  expect(resolve('smart', 0.76).targets[0]).toBe('lab/shared');
});

test('a target, also of a model that nobody listed, and one with slashes of its own', () => {
  expect(resolve('openai/gpt-9').targets).toEqual(['openai/gpt-9']);
  expect(resolve('lab/meta/llama').targets).toEqual(['lab/meta/llama']);
});

test('a bare id of one provider, with a slash too; of two it is no answer', () => {
  expect(resolve('gpt-4o').targets).toEqual(['openai/gpt-4o']);
  expect(resolve('meta/llama').targets).toEqual(['lab/meta/llama']);
  expect(() => resolve('shared')).toThrow('"openai/shared" or "lab/shared"');
});

test('what there is not is named with the nearest', () => {
  expect(() => resolve('smrat')).toThrow('Did you mean "smart"?');
  expect(() => resolve('openia/gpt-4o')).toThrow('"openai/gpt-4o"');
  expect(() => resolve('student/none')).toThrow('does not exist');
  expect(() => resolve('__proto__')).toThrow('does not exist');
  expect(() => resolve('constructor')).toThrow('does not exist');
});

test('weights are shares', () => {
  const targets = [
    { target: 'a/a', weight: 1 },
    { target: 'b/b', weight: 3 },
  ];
  const counts = new Map<string, number>();
  for (let step = 0; step < 1000; step++) {
    const target = chooseByWeight(targets, () => step / 1000);
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  expect(Object.fromEntries(counts)).toEqual({ 'a/a': 250, 'b/b': 750 });
});
