/** How much two ways to sort the same rows into groups agree; groups may have any numbers. */
export interface PartitionAgreement {
  /** Normalised mutual information, arithmetic mean of the entropies (Vinh et al., JMLR 2010, table 2), 0 to 1. */
  nmi: number;
  /** Adjusted Rand index (Hubert and Arabie, "Comparing partitions", Journal of Classification 1985), 0 for chance, 1 for the same. */
  ari: number;
}

/** Both figures of two partitions of the same rows. */
export function partitionAgreement(a: ArrayLike<number>, b: ArrayLike<number>): PartitionAgreement {
  const n = a.length;
  const both = new Map<string, number>();
  const [inA, inB] = [new Map<number, number>(), new Map<number, number>()];
  for (let i = 0; i < n; i++) {
    count(both, `${a[i]} ${b[i]}`);
    count(inA, a[i]!);
    count(inB, b[i]!);
  }
  const [hA, hB, hBoth] = [entropy(inA, n), entropy(inB, n), entropy(both, n)];
  const [pairsA, pairsB, together] = [pairs(inA), pairs(inB), pairs(both)];
  const expected = n > 1 ? (pairsA * pairsB) / ((n * (n - 1)) / 2) : 0;
  const most = (pairsA + pairsB) / 2;
  return {
    nmi: hA + hB > 0 ? (2 * Math.max(0, hA + hB - hBoth)) / (hA + hB) : 1,
    ari: most > expected ? (together - expected) / (most - expected) : 1,
  };
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function entropy(counts: Map<unknown, number>, n: number): number {
  return counts.values().reduce((sum, size) => sum - (size / n) * Math.log(size / n), 0);
}

function pairs(counts: Map<unknown, number>): number {
  return counts.values().reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
}
