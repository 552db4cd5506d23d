import type { Dense } from './dense.ts';
import { type Evaluation, minimise } from './lbfgs.ts';
import { type Matrix, rowOf, zeros } from './matrix.ts';

/** A linear classifier: logits = x · weightsᵀ + bias. */
export interface Head {
  /** One row of weights a label. */
  weights: Matrix;
  /** One number a label. */
  bias: Float32Array;
}

export interface FitOptions {
  /** Inverse strength of the L2 penalty, as scikit-learn's `C`: Σ weight · cross-entropy + |weights|² / 2C; biases are free. */
  c: number;
  /** One weight a row; default 1. */
  rowWeights?: Float32Array;
  /** Where to begin: a head of nearby settings saves iterations. */
  start?: Head;
  maxIterations?: number;
  onIteration?: () => void;
}

/**
 * Multinomial logistic regression on soft targets: `targets` has a distribution over labels a row. Features are centred
 * while fitting, which changes nothing in the optimum (biases are free) and halves the iterations on sentence vectors,
 * all of which share one direction.
 */
export async function fitHead(dense: Dense, features: Matrix, targets: Matrix, options: FitOptions): Promise<Head> {
  const { rows, columns } = features;
  const labels = targets.columns;
  const weightOf = options.rowWeights ?? new Float32Array(rows).fill(1);
  const total = weightOf.reduce((sum, weight) => sum + weight, 0) || 1;
  const mean = columnMeans(features);
  const centred: Matrix = { rows, columns, data: features.data.map((value, i) => value - mean[i % columns]!) };
  const penalty = 1 / (options.c * total);
  const size = labels * columns;

  const evaluate = async (point: Float64Array): Promise<Evaluation> => {
    const weights: Matrix = { rows: labels, columns, data: new Float32Array(point.subarray(0, size)) };
    const logits = await dense.product(centred, weights, { transposeB: true });
    const gradient = new Float64Array(point.length);
    const loss = crossEntropy(logits, targets, weightOf, point.subarray(size), gradient.subarray(size), total);
    const slopes = await dense.product(logits, centred, { transposeA: true });
    let squares = 0;
    for (let i = 0; i < size; i++) {
      squares += point[i]! * point[i]!;
      gradient[i] = slopes.data[i]! / total + penalty * point[i]!;
    }
    return { value: loss + (penalty * squares) / 2, gradient };
  };

  const { point } = await minimise(evaluate, startingPoint(options.start, labels, columns, mean), {
    maxIterations: options.maxIterations ?? 200,
    ...(options.onIteration ? { onIteration: options.onIteration } : {}),
  });
  const weights: Matrix = { rows: labels, columns, data: new Float32Array(point.subarray(0, size)) };
  const bias = Float32Array.from({ length: labels }, (_, k) => point[size + k]! - dotMean(rowOf(weights, k), mean));
  return { weights, bias };
}

/**
 * Mean weighted cross-entropy of softmax(logits + bias) against the targets. Turns `logits` in place into their
 * derivatives times `total` and fills the derivatives of the biases.
 */
function crossEntropy(
  logits: Matrix,
  targets: Matrix,
  rowWeights: Float32Array,
  bias: Float64Array,
  biasGradient: Float64Array,
  total: number,
): number {
  const labels = logits.columns;
  const exponentials = new Float64Array(labels);
  let loss = 0;
  for (let i = 0; i < logits.rows; i++) {
    const row = rowOf(logits, i);
    const target = rowOf(targets, i);
    let highest = -Infinity;
    for (let k = 0; k < labels; k++) highest = Math.max(highest, (row[k]! += bias[k]!));
    let sum = 0;
    for (let k = 0; k < labels; k++) sum += exponentials[k] = Math.exp(row[k]! - highest);
    const logSum = Math.log(sum) + highest;
    const weight = rowWeights[i]!;
    for (let k = 0; k < labels; k++) {
      const wanted = target[k]!;
      if (wanted > 0) loss += (weight * wanted * (logSum - row[k]!)) / total;
      const slope = weight * (exponentials[k]! / sum - wanted);
      biasGradient[k]! += slope / total;
      // The engine multiplies tiny numbers ten times slower; these change nothing.
      row[k] = Math.abs(slope) < 1e-9 ? 0 : slope;
    }
  }
  return loss;
}

function startingPoint(start: Head | undefined, labels: number, columns: number, mean: Float64Array): Float64Array {
  const point = new Float64Array(labels * columns + labels);
  if (!start) return point;
  point.set(start.weights.data);
  for (let k = 0; k < labels; k++) point[labels * columns + k] = start.bias[k]! + dotMean(rowOf(start.weights, k), mean);
  return point;
}

function columnMeans(matrix: Matrix): Float64Array {
  const means = new Float64Array(matrix.columns);
  for (let i = 0; i < matrix.data.length; i++) means[i % matrix.columns]! += matrix.data[i]!;
  return means.map((sum) => sum / Math.max(1, matrix.rows));
}

function dotMean(weights: Float32Array, mean: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < weights.length; j++) sum += weights[j]! * mean[j]!;
  return sum;
}

/** Logits of each row of features. */
export async function headLogits(dense: Dense, head: Head, features: Matrix): Promise<Matrix> {
  if (features.rows === 0) return zeros(0, head.weights.rows);
  const logits = await dense.product(features, head.weights, { transposeB: true });
  for (let i = 0; i < logits.rows; i++) {
    const row = rowOf(logits, i);
    for (let k = 0; k < row.length; k++) row[k]! += head.bias[k]!;
  }
  return logits;
}

/** Softmax of each row at a temperature, as a new matrix. */
export function softmaxRows(logits: Matrix, temperature = 1): Matrix {
  const out = zeros(logits.rows, logits.columns);
  for (let i = 0; i < logits.rows; i++) {
    const row = rowOf(logits, i);
    const target = rowOf(out, i);
    let highest = -Infinity;
    for (const value of row) highest = Math.max(highest, value);
    let sum = 0;
    for (let k = 0; k < row.length; k++) sum += target[k] = Math.exp((row[k]! - highest) / temperature);
    for (let k = 0; k < row.length; k++) target[k]! /= sum;
  }
  return out;
}
