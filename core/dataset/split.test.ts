import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_SPLITS } from '../../contracts/datasets.ts';
import { groupOf, normaliseText, refuseOtherSplits, splitOf } from './split.ts';

test('near-duplicates are texts that differ in case and white space', () => {
  expect(normaliseText('  Where IS\tmy\n card? ')).toBe('where is my card?');
  expect(groupOf('Where is my card?')).toBe(groupOf(' where is  my card? '));
  expect(groupOf('Where is my card?')).not.toBe(groupOf('Where is my card'));
  // Full-width letters and composed accents are the same text.
  expect(groupOf('ｃａｆｅ\u0301')).toBe(groupOf('caf\u00e9'));
});

test('splits have about their shares', () => {
  const counts = { train: 0, validation: 0, test: 0 };
  for (let i = 0; i < 20_000; i++) counts[splitOf(groupOf(`text ${i}`), DEFAULT_SPLITS)]++;
  expect(counts.train / 20_000).toBeCloseTo(0.6, 1);
  expect(counts.validation / 20_000).toBeCloseTo(0.15, 1);
  expect(counts.test / 20_000).toBeCloseTo(0.25, 1);
});

test('a group has one split, and a larger training share only takes rows in', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const group = groupOf(text);
      const split = splitOf(group, DEFAULT_SPLITS);
      expect(splitOf(groupOf(` ${text.toUpperCase().toLowerCase()} `), DEFAULT_SPLITS)).toBe(
        splitOf(groupOf(text.toUpperCase().toLowerCase()), DEFAULT_SPLITS),
      );
      if (split === 'train') expect(splitOf(group, { train: 0.7, validation: 0.1, test: 0.2 })).toBe('train');
    }),
  );
});

test('a later version is split as the ones before', () => {
  const ready = { name: 'support', version: 3, splits: DEFAULT_SPLITS };
  expect(() => refuseOtherSplits(ready, { ...DEFAULT_SPLITS })).not.toThrow();
  expect(() => refuseOtherSplits(null, { train: 0.8, validation: 0.1, test: 0.1 })).not.toThrow();
  expect(() => refuseOtherSplits(ready, { train: 0.8, validation: 0.1, test: 0.1 })).toThrow(
    'splits: version 3 of "support" is split 60 / 15 / 25 %, and others would move its test rows into training. Take another name.',
  );
});
