import { type Clustering, clusterVectors, regroupVectors } from '../../core/clustering/cluster-vectors.ts';
import { type CheckAnswer, type CheckDecision, type CheckQuestion, checkBorders } from '../../core/clusters/check-borders.ts';
import { proposeMerges, proposeSplits } from '../../core/clusters/propose-checks.ts';
import type { Dense } from '../../core/learning/dense.ts';
import type { Matrix } from '../../core/learning/matrix.ts';
import { type PartitionAgreement, partitionAgreement } from '../../core/statistics/partition-agreement.ts';

/** How well clusters agree with labels, and how many there are. */
export type Agreement = PartitionAgreement & { k: number };

/** The checks of `clusterTraces`, on vectors whose labels are known. */
export class ChecksBench {
  readonly #dense: Dense;
  readonly #vectors: Matrix;
  readonly #texts: readonly string[];
  readonly #labels: readonly number[];
  readonly #found: Clustering;

  constructor(dense: Dense, data: { vectors: Matrix; texts: readonly string[]; labels: readonly number[] }, found: Clustering) {
    this.#dense = dense;
    this.#vectors = data.vectors;
    this.#texts = data.texts;
    this.#labels = data.labels;
    this.#found = found;
  }

  static async of(dense: Dense, data: { vectors: Matrix; texts: readonly string[]; labels: readonly number[] }, clusters?: number) {
    return new ChecksBench(dense, data, await clusterVectors(dense, data.vectors, clusters === undefined ? {} : { clusters }));
  }

  before(): Agreement {
    return this.#agreement(this.#found.assignment);
  }

  async after(
    most: number,
    ask: (questions: CheckQuestion[]) => Promise<ReadonlyMap<number, CheckAnswer>>,
  ): Promise<Agreement & { decisions: CheckDecision[] }> {
    const { assignment, outlier, clusters } = this.#found;
    const groups = {
      labels: [...assignment],
      outliers: Array.from(outlier, (flag) => flag === 1),
      systems: clusters.map(({ system }) => system),
    };
    const vectors = this.#vectors;
    const { labels, decisions } = await checkBorders(
      { groups, texts: this.#texts, owners: clusters.map(() => null), most },
      {
        splits: (now, spared, count) => proposeSplits(this.#dense, { ...now, vectors }, new Set(spared), count),
        merges: async (now, apart, count) => proposeMerges({ ...now, vectors }, apart, count),
      },
      ask,
    );
    return { ...this.#agreement(regroupVectors(vectors, labels).assignment), decisions };
  }

  #agreement(groups: ArrayLike<number>): Agreement {
    return { ...partitionAgreement(groups, this.#labels), k: new Set(Array.from(groups)).size };
  }
}
