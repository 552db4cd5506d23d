import { describe, expect, test } from 'vitest';
import { seededRandom } from '../random.ts';
import { keepConsistent } from './clean-up.ts';
import { plainDense } from './dense.ts';
import { scoreVectors } from './encoder-scorer.ts';
import { spreadLabels } from './label-spreading.ts';
import { majorityTargets } from './labelled-rows.ts';
import { minimise } from './lbfgs.ts';
import { fitHead, headLogits, softmaxRows } from './logistic-regression.ts';
import { largestColumns, type Matrix, rowOf, zeros } from './matrix.ts';
import { nearest, neighbourVotes } from './neighbours.ts';
import { fitTemperature } from './temperature.ts';

const matrix = (rows: number[][]): Matrix => ({ rows: rows.length, columns: rows[0]!.length, data: Float32Array.from(rows.flat()) });

/** Points around `labels` corners of the unit sphere; `wrong` of them carry the next label. */
function clusters(labels: number, each: number, seed: number, wrong: ReadonlySet<number> = new Set()) {
  const random = seededRandom(seed);
  const features = zeros(labels * each, 16);
  const targets = zeros(labels * each, labels);
  const truth: number[] = [];
  for (let i = 0; i < labels * each; i++) {
    const label = i % labels;
    truth.push(label);
    const row = rowOf(features, i);
    for (let j = 0; j < row.length; j++) row[j] = (random() - 0.5) * 0.35;
    row[label]! += 1;
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let j = 0; j < row.length; j++) row[j]! /= length;
    targets.data[i * labels + (wrong.has(i) ? (label + 1) % labels : label)] = 1;
  }
  return { features, targets, truth };
}

test('L-BFGS finds the bottom of a badly scaled bowl', async () => {
  const scales = [1, 100, 10_000];
  const minimum = await minimise(
    (x) =>
      Promise.resolve({
        value: scales.reduce((sum, scale, i) => sum + (scale * (x[i]! - i) ** 2) / 2, 0),
        gradient: Float64Array.from(scales, (scale, i) => scale * (x[i]! - i)),
      }),
    new Float64Array(3).fill(5),
  );
  expect(minimum.point[0]).toBeCloseTo(0, 3);
  expect(minimum.point[1]).toBeCloseTo(1, 4);
  expect(minimum.point[2]).toBeCloseTo(2, 5);
});

describe('logistic regression', () => {
  test('its gradient is nought at the optimum, by finite differences of the stated loss', async () => {
    const { features, targets } = clusters(3, 12, 1);
    const c = 2;
    const head = await fitHead(plainDense, features, targets, { c });
    const loss = async (shift: number, at: number) => {
      const weights = { ...head.weights, data: head.weights.data.slice() };
      weights.data[at]! += shift;
      const p = softmaxRows(await headLogits(plainDense, { ...head, weights }, features));
      let sum = 0;
      targets.data.forEach((wanted, i) => (sum -= wanted * Math.log(p.data[i]!)));
      return sum + weights.data.reduce((s, w) => s + w * w, 0) / (2 * c);
    };
    for (const at of [0, 5, 17, 40]) expect(Math.abs((await loss(0.01, at)) - (await loss(-0.01, at))) / 0.02).toBeLessThan(0.01);
  });

  test('two labels, soft targets: the odds are those of the targets', async () => {
    const features = matrix([[1], [1]]);
    const head = await fitHead(
      plainDense,
      features,
      matrix([
        [0.8, 0.2],
        [0.6, 0.4],
      ]),
      { c: 1 },
    );
    expect(softmaxRows(await headLogits(plainDense, head, features)).data[0]).toBeCloseTo(0.7, 3);
  });

  test('a row of weight nought teaches nothing', async () => {
    const features = matrix([
      [1, 0],
      [0, 1],
      [1, 0],
    ]);
    const targets = matrix([
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
    const head = await fitHead(plainDense, features, targets, { c: 100, rowWeights: Float32Array.of(1, 1, 0) });
    expect([...largestColumns(await headLogits(plainDense, head, features))]).toEqual([0, 1, 0]);
  });
});

describe('neighbours', () => {
  test('the nearest come first, oneself left out, too few marked', async () => {
    const base = matrix([
      [1, 0],
      [0.8, 0.6],
      [0, 1],
    ]);
    const near = await nearest(plainDense, base, base, 2, true);
    expect([...near.rows]).toEqual([1, 2, 0, 2, 1, 0]);
    const few = await nearest(plainDense, base, matrix([[1, 0]]), 3);
    expect([...few.rows.subarray(0, 3)]).toEqual([0, -1, -1]);
    expect([...neighbourVotes(few, matrix([[0, 1]]), { k: 3, cosineTemperature: 0.05 }).data.subarray(0, 2)]).toEqual([0, 1]);
  });

  test('nearer ones weigh more', async () => {
    const near = await nearest(
      plainDense,
      matrix([[1, 0]]),
      matrix([
        [1, 0],
        [0.8, 0.6],
      ]),
      2,
    );
    const [first, second] = neighbourVotes(
      near,
      matrix([
        [1, 0],
        [0, 1],
      ]),
      { k: 2, cosineTemperature: 0.1 },
    ).data;
    expect(first! / second!).toBeCloseTo(Math.exp(0.2 / 0.1), 3);
  });
});

test('labels spread along a chain that the labelled ends do not reach by distance', async () => {
  const angles = [0, 90, ...Array.from({ length: 7 }, (_, i) => 5 + 5 * i), ...Array.from({ length: 7 }, (_, i) => 85 - 5 * i)];
  const features = matrix(angles.map((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]));
  const spread = await spreadLabels(
    plainDense,
    features,
    matrix([
      [1, 0],
      [0, 1],
    ]),
    { k: 2, edgeTemperature: 0.01, rounds: 60 },
  );
  expect([...largestColumns(spread)]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
});

test('the clean-up finds wrong labels and leaves right ones', async () => {
  const wrong = new Set([3, 40, 77, 110]);
  const { features, targets } = clusters(4, 40, 2, wrong);
  const kept = new Set(await keepConsistent(plainDense, { features, targets }, 10, seededRandom(1)));
  expect([...wrong].filter((row) => kept.has(row))).toEqual([]);
  expect(kept.size).toBe(156);
});

test('the temperature that made the answers is found again, within its limits', () => {
  const random = seededRandom(3);
  const logits = zeros(4000, 3);
  logits.data.forEach((_, i) => (logits.data[i] = (random() - 0.5) * 12));
  const real = softmaxRows(logits, 2);
  const targets = zeros(4000, 3);
  for (let i = 0; i < 4000; i++) {
    let draw = random();
    let label = 0;
    while (label < 2 && (draw -= rowOf(real, i)[label]!) > 0) label++;
    rowOf(targets, i)[label] = 1;
  }
  expect(fitTemperature((t) => softmaxRows(logits, t), targets)).toBeCloseTo(2, 0);
  const sure = matrix([[9, 0]]);
  expect(fitTemperature((t) => softmaxRows(sure, t), matrix([[1, 0]]))).toBeCloseTo(0.05, 2);
  expect(fitTemperature((t) => softmaxRows(sure, t), matrix([[0, 1]]))).toBeCloseTo(20, 0);
  expect(fitTemperature((t) => softmaxRows(sure, t), zeros(0, 2))).toBe(1);
});

test('majorities: a tie is shared, a lone vote wins', () => {
  expect([
    ...majorityTargets(
      matrix([
        [2, 1, 1],
        [2, 2, 0],
      ]),
    ).data,
  ]).toEqual([1, 0, 0, 0.5, 0.5, 0]);
});

test('a scorer averages the head at its temperature with the neighbours', async () => {
  const head = {
    weights: matrix([
      [2, 0],
      [0, 2],
    ]),
    bias: Float32Array.of(0, 0),
  };
  const neighbours = { k: 1, cosineTemperature: 0.05, weight: 0.25, vectors: matrix([[1, 0]]), votes: matrix([[0, 1]]) };
  const [first] = (await scoreVectors(plainDense, { head, temperature: 2, neighbours }, matrix([[1, 0]]))).data;
  expect(first).toBeCloseTo(0.75 / (1 + Math.exp(-1)), 5);
});
