import type { EncoderScorer } from '../core/learning/encoder-scorer.ts';
import type { Matrix } from '../core/learning/matrix.ts';
import { StillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { EncoderManifest } from '../contracts/stages.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';

/** An encoder student in memory. */
export interface EncoderStudent {
  manifest: EncoderManifest;
  scorer: EncoderScorer;
  /** Size of its numbers, for the pool's budget. */
  bytes: number;
}

/** Loads a student by its manifest; everything is checked against its hash and its stated size. */
export async function loadEncoderStudent(artifacts: ArtifactStore, ref: ArtifactRef): Promise<EncoderStudent> {
  const manifest = parseManifest(ref, await artifacts.get(ref));
  const { dimensions } = manifest.embedder;
  const labels = manifest.labels.length;
  // A label's row is its weights and its bias.
  const numbers = await floats(artifacts, manifest.head, labels, dimensions + 1);
  const scorer: EncoderScorer = { head: splitHead(numbers), temperature: manifest.temperature, neighbours: null };
  if (manifest.neighbours) {
    const { vectors, votes, rows, ...vote } = manifest.neighbours;
    scorer.neighbours = {
      ...vote,
      vectors: await floats(artifacts, vectors, rows, dimensions),
      votes: await floats(artifacts, votes, rows, labels),
    };
  }
  const matrices = [numbers, ...(scorer.neighbours ? [scorer.neighbours.vectors, scorer.neighbours.votes] : [])];
  return { manifest, scorer, bytes: matrices.reduce((sum, matrix) => sum + matrix.data.byteLength, 0) };
}

/** A head as its artifact holds it: a row of weights and one bias a label. */
export function joinHead(head: EncoderScorer['head']): Matrix {
  const { rows, columns } = head.weights;
  const joined: Matrix = { rows, columns: columns + 1, data: new Float32Array(rows * (columns + 1)) };
  for (let k = 0; k < rows; k++) {
    joined.data.set(head.weights.data.subarray(k * columns, (k + 1) * columns), k * (columns + 1));
    joined.data[(k + 1) * (columns + 1) - 1] = head.bias[k]!;
  }
  return joined;
}

/** The head of an artifact: the opposite of `joinHead`. */
export function splitHead({ rows, columns, data }: Matrix): EncoderScorer['head'] {
  const weights: Matrix = { rows, columns: columns - 1, data: new Float32Array(rows * (columns - 1)) };
  for (let k = 0; k < rows; k++) weights.data.set(data.subarray(k * columns, (k + 1) * columns - 1), k * (columns - 1));
  return { weights, bias: Float32Array.from({ length: rows }, (_, k) => data[(k + 1) * columns - 1]!) };
}

/** Bytes of 32-bit floats, little endian. */
export function floatBytes(data: Float32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** A matrix from an artifact of 32-bit floats. */
export async function floats(artifacts: ArtifactStore, ref: ArtifactRef, rows: number, columns: number): Promise<Matrix> {
  const bytes = await artifacts.get(ref);
  if (bytes.length !== rows * columns * 4) {
    throw new StillhouseError('artifact_corrupt', `${ref.key} holds ${bytes.length} bytes, not ${rows} × ${columns} floats.`);
  }
  // Copied: a buffer from a pool need not begin at a multiple of four.
  return { rows, columns, data: new Float32Array(new Uint8Array(bytes).buffer) };
}

function parseManifest(ref: ArtifactRef, bytes: Buffer): EncoderManifest {
  try {
    return EncoderManifest.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw new StillhouseError('artifact_corrupt', `${ref.key} is not a manifest of an encoder student.`, { cause: error });
  }
}
