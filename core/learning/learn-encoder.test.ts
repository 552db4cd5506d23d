import { expect, test } from 'vitest';
import { seededRandom } from '../random.ts';
import { plainDense } from './dense.ts';
import { scoreVectors } from './encoder-scorer.ts';
import { learnEncoder } from './learn-encoder.ts';
import { type LabelledRows, takeLabelled } from './labelled-rows.ts';
import { largestColumns, type Matrix, rowOf, sliceRows, zeros } from './matrix.ts';

/** `labels` overlapping clouds on the sphere; a share of the rows carries another label. */
function clouds(rows: number, labels: number, noise: number, seed: number): LabelledRows & { truth: number[] } {
  const random = seededRandom(seed);
  const features = zeros(rows, 24);
  const targets = zeros(rows, labels);
  const truth = Array.from({ length: rows }, (_, i) => i % labels);
  truth.forEach((label, i) => {
    const row = rowOf(features, i);
    for (let j = 0; j < row.length; j++) row[j] = (random() + random() + random() - 1.5) * 0.35;
    row[label % 24]! += 1;
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let j = 0; j < row.length; j++) row[j]! /= length;
    const given = random() < noise ? Math.floor(random() * labels) : label;
    // Three votes of four for it, one for anything.
    rowOf(targets, i)[given]! += 3;
    rowOf(targets, i)[Math.floor(random() * labels)]! += 1;
  });
  return { features, targets, truth };
}

const part = ({ features, targets }: LabelledRows, from: number, to: number) => ({
  features: sliceRows(features, from, to),
  targets: sliceRows(targets, from, to),
});
const none = (columns: number): Matrix => zeros(0, columns);

async function accuracy(scorer: Parameters<typeof scoreVectors>[1], rows: { features: Matrix; truth: number[] }): Promise<number> {
  const found = largestColumns(await scoreVectors(plainDense, scorer, rows.features));
  return rows.truth.filter((label, i) => label === found[i]).length / rows.truth.length;
}

test('learns from noisy votes, and the same input gives the same student', async () => {
  const rows = clouds(400, 5, 0.1, 1);
  const input = { train: part(rows, 0, 300), validation: part(rows, 300, 400), unlabelled: clouds(200, 5, 0, 2).features, seed: 7 };
  const learned = await learnEncoder(plainDense, input);
  expect(await accuracy(learned.scorer, clouds(500, 5, 0, 3))).toBeGreaterThan(0.97);
  expect(learned.validationRows).toBe(100);
  expect(learned.validationAccuracy).toBeGreaterThan(0.8);
  const again = await learnEncoder(plainDense, input);
  expect(again.settings).toEqual(learned.settings);
  expect(again.scorer.head.weights.data).toEqual(learned.scorer.head.weights.data);
});

test('without validation rows a fifth is held out, and all are learnt in the end', async () => {
  const rows = clouds(120, 3, 0, 4);
  const learned = await learnEncoder(plainDense, { train: rows, validation: part(rows, 0, 0), unlabelled: none(24), seed: 1 });
  expect(learned.validationRows).toBe(24);
  expect(await accuracy(learned.scorer, rows)).toBeGreaterThan(0.95);
});

test('twenty rows, two labels: it learns what there is', async () => {
  const rows = clouds(20, 2, 0, 5);
  const learned = await learnEncoder(plainDense, {
    train: part(rows, 0, 17),
    validation: part(rows, 17, 20),
    unlabelled: none(24),
    seed: 1,
  });
  expect(await accuracy(learned.scorer, clouds(200, 2, 0, 6))).toBeGreaterThan(0.9);
});

test('four rows: the recipe as it is', async () => {
  const rows = clouds(4, 2, 0, 7);
  const learned = await learnEncoder(plainDense, { train: rows, validation: part(rows, 0, 0), unlabelled: none(24), seed: 1 });
  expect(learned).toMatchObject({ validationRows: 0, settings: { c: 10, spreadC: 0, neighbours: 15 } });
  expect(await accuracy(learned.scorer, rows)).toBe(1);
});

test('many labels, some without a row', async () => {
  const rows = clouds(200, 60, 0, 8);
  const learned = await learnEncoder(plainDense, {
    train: takeLabelled(rows, [...Array(160).keys()]),
    validation: part(rows, 160, 200),
    unlabelled: none(24),
    seed: 1,
  });
  expect(learned.scorer.head.weights.rows).toBe(60);
  expect(learned.scorer.head.weights.data.every(Number.isFinite)).toBe(true);
});
