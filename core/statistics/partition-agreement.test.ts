import { expect, test } from 'vitest';
import { partitionAgreement } from './partition-agreement.ts';

test('figures are those of scikit-learn 1.7', () => {
  const same = partitionAgreement([0, 0, 1, 2], [5, 5, 3, 9]);
  expect([same.nmi, same.ari]).toEqual([1, 1]);
  // adjusted_rand_score([0,0,1,2],[0,0,1,1]) and normalized_mutual_info_score of the same, from scikit-learn's documentation.
  const near = partitionAgreement([0, 0, 1, 2], [0, 0, 1, 1]);
  expect(near.ari).toBeCloseTo(0.5714, 4);
  expect(near.nmi).toBeCloseTo(0.8, 4);
  expect(partitionAgreement([0, 0, 1, 1], [0, 1, 0, 1]).ari).toBeCloseTo(-0.5, 6);
  expect(partitionAgreement([0, 0, 0], [0, 1, 2])).toEqual({ nmi: 0, ari: 0 });
});
