import { createHash } from 'node:crypto';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { type Matrix, sliceRows } from '../../core/learning/matrix.ts';
import { floatBytes, floats } from '../../serving/encoder-student.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { publishOnce } from '../encoder/encoder-deps.ts';

/** A stage's result on record: the first attempt's stands, whatever a later one came to. */
export async function onceInRun<T>(artifacts: ArtifactStore, key: string, make: () => Promise<T>): Promise<{ ref: ArtifactRef; value: T }> {
  const there = await artifacts.find(key);
  const ref = there ?? (await publishOnce(artifacts, key, await make()));
  return { ref, value: await readJson<T>(artifacts, ref) };
}

/** What an artifact of ours holds. */
export async function readJson<T>(artifacts: ArtifactStore, ref: ArtifactRef): Promise<T> {
  return JSON.parse((await artifacts.get(ref)).toString('utf8')) as T;
}

/** A matrix on record, in portions: hashing all of a large one at once would hold the event loop up. */
export interface MatrixRef {
  portions: ArtifactRef[];
  rows: number;
  columns: number;
}

/** Rows a portion: some megabytes, hashed in some milliseconds. */
const PORTION_ROWS = 2_048;

/** Stores a matrix under keys that end with their content's hash. */
export async function putMatrix(artifacts: ArtifactStore, keyPrefix: string, matrix: Matrix): Promise<MatrixRef> {
  const portions: ArtifactRef[] = [];
  for (let from = 0; from < matrix.rows; from += PORTION_ROWS) {
    const bytes = floatBytes(sliceRows(matrix, from, Math.min(matrix.rows, from + PORTION_ROWS)).data);
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    portions.push(await artifacts.put(`${keyPrefix}-${from}-${hash}.f32`, bytes));
  }
  return { portions, rows: matrix.rows, columns: matrix.columns };
}

/** The matrix, in memory that threads can share. */
export async function readMatrix(artifacts: ArtifactStore, { portions, rows, columns }: MatrixRef): Promise<Matrix> {
  const matrix: Matrix = { rows, columns, data: new Float32Array(new SharedArrayBuffer(rows * columns * 4)) };
  for (const [i, ref] of portions.entries()) {
    const from = i * PORTION_ROWS;
    const portion = await floats(artifacts, ref, Math.min(rows, from + PORTION_ROWS) - from, columns);
    matrix.data.set(portion.data, from * columns);
  }
  return matrix;
}
