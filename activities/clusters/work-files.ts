import { createHash } from 'node:crypto';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { Matrix } from '../../core/learning/matrix.ts';
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

/** A matrix on record. */
export interface MatrixRef {
  ref: ArtifactRef;
  rows: number;
  columns: number;
}

/** Stores a matrix under a key that ends with its content's hash. */
export async function putMatrix(artifacts: ArtifactStore, keyPrefix: string, matrix: Matrix): Promise<MatrixRef> {
  const bytes = floatBytes(matrix.data);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return { ref: await artifacts.put(`${keyPrefix}-${hash}.f32`, bytes), rows: matrix.rows, columns: matrix.columns };
}

export function readMatrix(artifacts: ArtifactStore, { ref, rows, columns }: MatrixRef): Promise<Matrix> {
  return floats(artifacts, ref, rows, columns);
}
