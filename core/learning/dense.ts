import { type Matrix, rowOf, zeros } from './matrix.ts';

/** Which factors of a product are taken transposed. */
export interface ProductOptions {
  transposeA?: boolean;
  transposeB?: boolean;
}

/**
 * The one heavy operation of learning here, given from outside: `plainDense` in JavaScript, or an engine's kernels
 * (`serving/onnx-dense.ts`), which are fifty times faster.
 */
export interface Dense {
  /** A·B, each transposed where asked. */
  product(a: Matrix, b: Matrix, options?: ProductOptions): Promise<Matrix>;
}

/** Products in plain JavaScript: for tests, small matrices and single rows. */
export const plainDense: Dense = {
  product: (a, b, options = {}) => {
    const left = options.transposeA ? transposed(a) : a;
    // Rows of both factors lie in one piece each, so that the inner loop is a dot product.
    const right = options.transposeB ? b : transposed(b);
    const out = zeros(left.rows, right.rows);
    for (let i = 0; i < left.rows; i++) {
      const row = rowOf(left, i);
      for (let j = 0; j < right.rows; j++) out.data[i * right.rows + j] = dot(row, rowOf(right, j));
    }
    return Promise.resolve(out);
  },
};

/** Sum of the products of equal places. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function transposed(matrix: Matrix): Matrix {
  const out = zeros(matrix.columns, matrix.rows);
  for (let i = 0; i < matrix.rows; i++) {
    for (let j = 0; j < matrix.columns; j++) out.data[j * matrix.rows + i] = matrix.data[i * matrix.columns + j]!;
  }
  return out;
}
