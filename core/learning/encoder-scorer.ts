import type { Dense } from './dense.ts';
import { type Head, headLogits, softmaxRows } from './logistic-regression.ts';
import type { Matrix } from './matrix.ts';
import { nearest, type NeighbourVote, neighbourVotes } from './neighbours.ts';

/** Training rows that vote beside the head. */
export interface ScorerNeighbours extends NeighbourVote {
  /** Share of the vote in the average with the head, 0 to 1. */
  weight: number;
  /** L2-normalised rows. */
  vectors: Matrix;
  /** Label distribution of each row. */
  votes: Matrix;
}

/** What turns a sentence vector into probabilities of labels. */
export interface EncoderScorer {
  head: Head;
  /** Divides the head's logits. */
  temperature: number;
  neighbours: ScorerNeighbours | null;
}

/** Probabilities of the labels, a row a vector: (1 − weight) · softmax(logits / temperature) + weight · neighbours' vote. */
export async function scoreVectors(dense: Dense, scorer: EncoderScorer, vectors: Matrix): Promise<Matrix> {
  const head = softmaxRows(await headLogits(dense, scorer.head, vectors), scorer.temperature);
  if (!scorer.neighbours) return head;
  const { k, weight } = scorer.neighbours;
  const found = await nearest(dense, vectors, scorer.neighbours.vectors, k);
  return mix(head, neighbourVotes(found, scorer.neighbours.votes, scorer.neighbours), weight);
}

/** (1 − weight) · a + weight · b, as a new matrix. */
export function mix(a: Matrix, b: Matrix, weight: number): Matrix {
  return { ...a, data: a.data.map((value, i) => (1 - weight) * value + weight * b.data[i]!) };
}
