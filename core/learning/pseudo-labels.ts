import type { Dense } from './dense.ts';
import { mix } from './encoder-scorer.ts';
import { type LabelledRows, majorityTargets } from './labelled-rows.ts';
import { spreadLabels } from './label-spreading.ts';
import { type Head, headLogits, softmaxRows } from './logistic-regression.ts';
import { largestAt, type Matrix, rowOf, stackRows } from './matrix.ts';
import { nearest, neighbourVotes } from './neighbours.ts';

/** Labelled and unlabelled rows as one training set. */
export interface ExtendedRows extends LabelledRows {
  /** 1 for a labelled row; for another one how sure its label is, less a third. */
  weights: Float32Array;
}

/**
 * Gives unlabelled rows of the same traffic a label each: label spreading over the neighbour graph, averaged with what
 * the head and the nearest labelled rows say. Worth a point where labels are few (docs/LOG.md).
 */
export async function extendWithUnlabelled(dense: Dense, head: Head, labelled: LabelledRows, unlabelled: Matrix): Promise<ExtendedRows> {
  const features = stackRows(labelled.features, unlabelled);
  const byHead = softmaxRows(await headLogits(dense, head, unlabelled));
  const near = await nearest(dense, unlabelled, labelled.features, 15);
  const byBoth = mix(byHead, neighbourVotes(near, labelled.targets, { k: 15, cosineTemperature: 0.05 }), 1 / 3);
  const combined = mix(byBoth, await spreadLabels(dense, features, labelled.targets), 0.5);
  const weights = new Float32Array(features.rows).fill(1);
  for (let i = 0; i < unlabelled.rows; i++) {
    const row = rowOf(combined, i);
    weights[labelled.features.rows + i] = 0.7 * row[largestAt(row)]!;
  }
  return { features, targets: stackRows(labelled.targets, majorityTargets(combined)), weights };
}
