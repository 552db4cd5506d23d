import { expect, test } from 'vitest';
import { type ClusterShare, mixedBagWarning } from './mixed-bag.ts';

const part = (id: string, traces: number, values: Partial<ClusterShare> = {}): ClusterShare => ({
  id,
  name: `Name of ${id}`,
  traces,
  system: 's',
  task: 'label',
  ...values,
});

test('the intents of one classifier are one task', () => {
  expect(mixedBagWarning([part('a', 60), part('b', 40)])).toBeNull();
  expect(mixedBagWarning([])).toBeNull();
});

test('another system prompt or another shape of answers is another task, with the cluster to begin with', () => {
  const warning = mixedBagWarning([part('a', 50), part('b', 25, { task: 'json' }), part('c', 15), part('d', 10, { system: 'other' })]);
  expect(warning).toContain('mixed bag of 3 tasks');
  expect(warning).toContain(
    '65 % label: cluster a "Name of a" and 1 more like it; 25 % json: cluster b "Name of b"; 10 % label: cluster d',
  );
});

test('stray calls are no task', () => {
  expect(mixedBagWarning([part('a', 91), part('b', 9, { task: 'text' })])).toBeNull();
});
