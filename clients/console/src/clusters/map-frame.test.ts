import { expect, test } from 'vitest';
import { frameOf, hueOf, labelledCentres, placeIn } from './map-frame.ts';

const size = { width: 800, height: 400 };

test('all places lie inside, the outermost at the margins', () => {
  const places = [
    { x: -1, y: 5 },
    { x: 3, y: 5.5 },
  ];
  const frame = frameOf(places, size);
  expect(places.map((place) => placeIn(frame, place))).toEqual([
    { x: 22, y: 22 },
    { x: 778, y: 378 },
  ]);
});

test('one place, or what lies on one line, is in the middle', () => {
  expect(placeIn(frameOf([{ x: 2, y: 2 }], size), { x: 2, y: 2 })).toEqual({ x: 400, y: 200 });
  const line = frameOf(
    [
      { x: 0, y: 0.5 },
      { x: 1, y: 0.5 + 1e-9 },
    ],
    size,
  );
  expect(placeIn(line, { x: 1, y: 0.5 })).toEqual({ x: 778, y: 200 });
  expect(Number.isFinite(frameOf([], size).scaleX)).toBe(true);
});

test('of names that lie over each other the larger cluster has its own', () => {
  const cluster = (id: string, x: number, y: number, count: number) => ({ id, x, y, size: count, name: 'A name of some length' });
  const clusters = [cluster('small', 0.15, 0.04, 5), cluster('large', 0, 0, 50), cluster('below', 0, 1, 1), cluster('right', 1, 0.5, 1)];
  expect(labelledCentres(clusters, frameOf(clusters, size))).toEqual(new Set(['large', 'below', 'right']));
});

test('neighbours in the list have different hues', () => {
  expect(Math.abs(hueOf(3) - hueOf(4))).toBeGreaterThan(90);
});
