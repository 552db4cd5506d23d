import type { Leakage } from '../../contracts/dataset-inspection.ts';
import { SPLITS, type Split } from '../../contracts/datasets.ts';
import { type Dense, dot } from '../learning/dense.ts';
import { type Matrix, rowOf, takeRows } from '../learning/matrix.ts';
import { nearest } from '../learning/neighbours.ts';
import { normaliseText } from './split.ts';

/** Neighbours that a row's answer is compared with. */
const NEIGHBOURS = 10;
/** A neighbour weighs exp(cosine / this): the nearest ones decide. */
const COSINE_TEMPERATURE = 0.05;
/** Cosine from which on two texts are nearly the same: what differs is a number, a name, a word of politeness. */
export const NEAR_FROM = 0.95;
/** From this share of disagreeing neighbours on a row is a suspect. */
export const SUSPECT_FROM = 0.5;
const PAIRS = 20;
const BINS = [-1, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99];

/** What is looked at: a row's place is the same in all of them. */
export interface InspectedRows {
  ids: string[];
  splits: Split[];
  groups: string[];
  texts: string[];
  /** Unit vectors of the texts. */
  vectors: Matrix;
  /** Answers told apart by number, of label tasks; of others unit vectors of the answers. */
  answers: Int32Array | Matrix;
}

/** How much each row's answer disagrees with its neighbours', from 0 to 1, and what test rows have nearly in common with training rows. */
export async function inspectRows(dense: Dense, rows: InspectedRows): Promise<{ suspicion: Float32Array; leakage: Leakage }> {
  const near = await nearest(dense, rows.vectors, rows.vectors, NEIGHBOURS, true);
  const agree = agreementOf(rows.answers);
  const suspicion = Float32Array.from(rows.ids, (_, i) => {
    let weights = 0;
    let agreement = 0;
    for (let j = i * NEIGHBOURS; j < (i + 1) * NEIGHBOURS && near.rows[j]! >= 0; j++) {
      const weight = Math.exp((near.cosines[j]! - near.cosines[i * NEIGHBOURS]!) / COSINE_TEMPERATURE);
      weights += weight;
      agreement += weight * agree(i, near.rows[j]!);
    }
    return weights === 0 ? 0 : Math.min(1, Math.max(0, 1 - agreement / weights));
  });
  return { suspicion, leakage: await leakageOf(dense, rows) };
}

function agreementOf(answers: Int32Array | Matrix): (a: number, b: number) => number {
  if (answers instanceof Int32Array) return (a, b) => (answers[a] === answers[b] ? 1 : 0);
  return (a, b) => dot(rowOf(answers, a), rowOf(answers, b));
}

async function leakageOf(dense: Dense, rows: InspectedRows): Promise<Leakage> {
  const [train, , test] = SPLITS.map((split) => Int32Array.from(rows.ids.keys()).filter((i) => rows.splits[i] === split)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const valuesOf = (places: Int32Array, value: (i: number) => string) => new Set(Array.from(places, value));
  const words = (i: number) =>
    normaliseText(rows.texts[i]!)
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
  const trainGroups = valuesOf(train, (i) => rows.groups[i]!);
  const trainWords = valuesOf(train, words);
  const testGroups = [...valuesOf(test, (i) => rows.groups[i]!)];
  const found = await nearest(dense, takeRows(rows.vectors, test), takeRows(rows.vectors, train), 1);
  // Rounding can lift a cosine a little above 1.
  const cosines = train.length === 0 ? [] : Array.from(found.cosines, (cosine) => Math.min(1, cosine));
  const pairs = cosines
    .map((cosine, i) => ({ testRow: rows.ids[test[i]!]!, trainRow: rows.ids[train[found.rows[i]!]!]!, cosine }))
    .sort((a, b) => b.cosine - a.cosine);
  return {
    testRows: test.length,
    sharedGroups: testGroups.filter((group) => trainGroups.has(group)).length,
    sameWords: Array.from(test).filter((i) => trainWords.has(words(i))).length,
    nearFrom: NEAR_FROM,
    near: cosines.filter((cosine) => cosine >= NEAR_FROM).length,
    nearest: quantiles(cosines),
    histogram: BINS.map((from, i) => ({ from, count: cosines.filter((cosine) => cosine >= from && cosine < (BINS[i + 1] ?? 2)).length })),
    pairs: pairs.slice(0, PAIRS),
  };
}

function quantiles(values: readonly number[]): Leakage['nearest'] {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted.at(-1)! };
}
