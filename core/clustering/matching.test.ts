import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bestPairs } from './assignment-problem.ts';
import { drift, matchClusters } from './match-clusters.ts';

/** The largest sum by trying all ways. */
function largestSum(gains: number[][], row = 0, taken = new Set<number>()): number {
  if (row === gains.length) return 0;
  let best = gains.length > gains[0]!.length ? largestSum(gains, row + 1, taken) : -Infinity;
  gains[row]!.forEach((gain, column) => {
    if (!taken.has(column)) best = Math.max(best, gain + largestSum(gains, row + 1, new Set([...taken, column])));
  });
  return best;
}

test('the pairing has the largest sum that there is', () => {
  const table = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
    .chain(([rows, columns]) =>
      fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
    );
  fc.assert(
    fc.property(table, (gains) => {
      const pairs = bestPairs(gains);
      const used = pairs.filter((column) => column >= 0);
      expect(new Set(used).size).toBe(Math.min(gains.length, gains[0]!.length));
      expect(pairs.reduce((sum, column, row) => sum + (column < 0 ? 0 : gains[row]![column]!), 0)).toBe(largestSum(gains));
    }),
    { numRuns: 300 },
  );
  expect(bestPairs([])).toEqual([]);
  expect(bestPairs([[], []])).toEqual([-1, -1]);
});

const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `row ${from + i}`);
const at = (degrees: number) => Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));

test('clusters are the same ones by the rows that both runs have, whatever the new run calls them', () => {
  const before = [
    { id: 'a', centre: at(0), members: rows(0, 100) },
    { id: 'b', centre: at(90), members: rows(100, 200) },
    { id: 'gone', centre: at(200), members: rows(200, 220) },
  ];
  const after = [
    { id: 'x', centre: at(85), members: [...rows(110, 205), ...rows(500, 600)] },
    { id: 'new', centre: at(290), members: rows(600, 700) },
    { id: 'y', centre: at(3), members: [...rows(0, 110)] },
  ];
  const { matched, appeared, disappeared } = matchClusters(before, after);
  expect(matched.map(({ previous, next }) => [previous, next])).toEqual([
    ['b', 'x'],
    ['a', 'y'],
  ]);
  expect(matched[1]!.overlap).toBeCloseTo(100 / 110, 5);
  expect([appeared, disappeared]).toEqual([['new'], ['gone']]);
});

test('members say more than centres', () => {
  const before = [
    { id: 'a', centre: at(0), members: rows(0, 100) },
    { id: 'b', centre: at(20), members: rows(100, 200) },
  ];
  const after = [
    { id: 'x', centre: at(0), members: rows(100, 200) },
    { id: 'y', centre: at(20), members: rows(0, 100) },
  ];
  expect(matchClusters(before, after).matched.map(({ previous, next }) => `${previous}${next}`)).toEqual(['bx', 'ay']);
});

test('without shared rows the centres decide', () => {
  const before = [
    { id: 'a', centre: at(0), members: [] },
    { id: 'b', centre: at(60), members: [] },
  ];
  const after = [
    { id: 'x', centre: at(55), members: [] },
    { id: 'y', centre: at(150), members: [] },
  ];
  const { matched, appeared, disappeared } = matchClusters(before, after);
  expect(matched).toMatchObject([{ previous: 'b', next: 'x', overlap: null }]);
  expect([appeared, disappeared]).toEqual([['y'], ['a']]);
});

test('of a cluster that is split its larger part keeps the name', () => {
  const before = [{ id: 'a', centre: at(0), members: rows(0, 100) }];
  const after = [
    { id: 'small', centre: at(10), members: rows(0, 30) },
    { id: 'large', centre: at(-5), members: rows(30, 100) },
  ];
  const { matched, appeared } = matchClusters(before, after);
  expect(matched).toMatchObject([{ previous: 'a', next: 'large' }]);
  expect(appeared).toEqual(['small']);
  expect(matchClusters([], after).appeared).toEqual(['small', 'large']);
  expect(matchClusters(before, []).disappeared).toEqual(['a']);
});

test('drift is how far a centre turned, whatever its length', () => {
  expect(
    drift(
      at(0),
      at(0).map((value) => value * 0.7),
    ),
  ).toBeCloseTo(0, 6);
  expect(drift(at(0), at(60))).toBeCloseTo(0.5, 5);
  expect(drift(at(0), at(180))).toBeCloseTo(2, 5);
});
