import { expect, test } from 'vitest';
import { AliasInput, routeOfAlias } from './aliases.ts';

test('an alias’s route is all of it but the reason: what moves it loses nothing', () => {
  const alias = AliasInput.parse({
    targets: [{ target: 'lab/a', weight: 1 }],
    fallbacks: ['lab/b'],
    cache: { ttlSeconds: 60 },
    hedge: { afterMs: 500 },
    reason: 'why',
  });
  const { reason, ...route } = alias;
  expect(routeOfAlias(alias)).toEqual(route);
  expect(Object.keys({ ...route, reason }).toSorted()).toEqual(Object.keys(AliasInput.shape).toSorted());
});
