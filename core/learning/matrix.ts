/** Row-major numbers: the element at (i, j) is `data[i * columns + j]`. */
export interface Matrix {
  rows: number;
  columns: number;
  data: Float32Array;
}

/** A matrix of zeros. */
export function zeros(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float32Array(rows * columns) };
}

/** One row, as a view. */
export function rowOf(matrix: Matrix, row: number): Float32Array {
  return matrix.data.subarray(row * matrix.columns, (row + 1) * matrix.columns);
}

/** The rows of these numbers, copied. */
export function takeRows(matrix: Matrix, rows: ArrayLike<number>): Matrix {
  const taken = zeros(rows.length, matrix.columns);
  for (let i = 0; i < rows.length; i++) taken.data.set(rowOf(matrix, rows[i]!), i * matrix.columns);
  return taken;
}

/** `above` with `below` under it, copied. */
export function stackRows(above: Matrix, below: Matrix): Matrix {
  const stacked = zeros(above.rows + below.rows, above.columns || below.columns);
  stacked.data.set(above.data);
  stacked.data.set(below.data, above.data.length);
  return stacked;
}

/** The rows from `from` up to but without `to`, as a view. */
export function sliceRows(matrix: Matrix, from: number, to: number): Matrix {
  return { rows: to - from, columns: matrix.columns, data: matrix.data.subarray(from * matrix.columns, to * matrix.columns) };
}

/** Column of the largest element of each row; of equal ones the first. */
export function largestColumns(matrix: Matrix): Int32Array {
  return Int32Array.from({ length: matrix.rows }, (_, i) => largestAt(rowOf(matrix, i)));
}

/** Place of the largest number; of equal ones the first. */
export function largestAt(numbers: Float32Array): number {
  let best = 0;
  for (let j = 1; j < numbers.length; j++) if (numbers[j]! > numbers[best]!) best = j;
  return best;
}

/** Divides each row by its sum, in place; a row without any mass becomes uniform. */
export function normaliseRows(matrix: Matrix): Matrix {
  for (let i = 0; i < matrix.rows; i++) {
    const row = rowOf(matrix, i);
    let sum = 0;
    for (const value of row) sum += value;
    if (sum > 0) for (let j = 0; j < row.length; j++) row[j]! /= sum;
    else row.fill(1 / row.length);
  }
  return matrix;
}
