import type { Dense } from '../learning/dense.ts';
import { type Matrix, rowOf, takeRows, zeros } from '../learning/matrix.ts';

/** Rounds of the power iteration: the map is looked at, not reckoned with. */
const ROUNDS = 60;

/**
 * Two axes along which the centres differ most (principal components of the centres, by orthogonal iteration), and where rows
 * lie on them. `mean` is taken off all. Axes point so that their largest part is positive: the same input gives the same map.
 */
export async function project2d(
  dense: Dense,
  centres: Matrix,
  rows: Matrix,
  mean: Float32Array,
): Promise<{ centres: [number, number][]; rows: [number, number][] }> {
  const axes = principalAxes(without(centres, mean));
  const place = async (matrix: Matrix) => {
    const { data } = await dense.product(without(matrix, mean), axes, { transposeB: true });
    return Array.from({ length: matrix.rows }, (_, i): [number, number] => [data[2 * i]!, data[2 * i + 1]!]);
  };
  return { centres: await place(centres), rows: await place(rows) };
}

function without(matrix: Matrix, mean: Float32Array): Matrix {
  const out = takeRows(
    matrix,
    Int32Array.from({ length: matrix.rows }, (_, i) => i),
  );
  for (let i = 0; i < out.data.length; i++) out.data[i]! -= mean[i % out.columns]!;
  return out;
}

/** Two rows of length 1, at right angles. */
function principalAxes(centres: Matrix): Matrix {
  const axes = zeros(2, centres.columns);
  // No axis of the coordinates: a start that every component has a part in.
  for (let j = 0; j < axes.columns; j++) {
    rowOf(axes, 0)[j] = 1 + (j % 7) / 7;
    rowOf(axes, 1)[j] = (j % 2 ? 1 : -1) * (1 + (j % 5) / 5);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const axis of [rowOf(axes, 0), rowOf(axes, 1)]) axis.set(timesCovariance(centres, axis));
    orthonormalise(rowOf(axes, 0), rowOf(axes, 1));
  }
  for (const axis of [rowOf(axes, 0), rowOf(axes, 1)]) {
    let most = 0;
    for (const value of axis) if (Math.abs(value) > Math.abs(most)) most = value;
    if (most < 0) axis.forEach((value, j) => (axis[j] = -value));
  }
  return axes;
}

function timesCovariance(centres: Matrix, axis: Float32Array): Float32Array {
  const out = new Float32Array(axis.length);
  for (let i = 0; i < centres.rows; i++) {
    const row = rowOf(centres, i);
    const part = inner(row, axis);
    for (let j = 0; j < out.length; j++) out[j]! += part * row[j]!;
  }
  return out;
}

/** Gram and Schmidt; what has no length becomes a unit vector, so that a single centre has a map too. */
function orthonormalise(first: Float32Array, second: Float32Array): void {
  unit(first, 0);
  const along = inner(first, second);
  for (let j = 0; j < second.length; j++) second[j]! -= along * first[j]!;
  unit(second, first[0] === 1 ? 1 : 0);
}

function unit(vector: Float32Array, otherwise: number): void {
  const length = Math.sqrt(inner(vector, vector));
  if (length > 1e-12) vector.forEach((value, j) => (vector[j] = value / length));
  else vector.fill(0)[Math.min(otherwise, vector.length - 1)] = 1;
}

function inner(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}
