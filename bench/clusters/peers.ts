import type { Dense } from '../../core/learning/dense.ts';
import { largestColumns, type Matrix, rowOf, takeRows, zeros } from '../../core/learning/matrix.ts';
import { centred, meanRow } from '../../core/clustering/smooth.ts';
import { cutTree, wardTree } from '../../core/clustering/ward.ts';
import { seededRandom } from '../../core/random.ts';

/** Ward's tree of the centred vectors, cut where it is told. */
export async function wardPeer(dense: Dense, vectors: Matrix, clusters: number): Promise<Int32Array> {
  return cutTree(await wardTree(dense, centred(vectors, meanRow(vectors))), clusters);
}

/** Lloyd's k-means of the centred vectors from k-means++ (Arthur and Vassilvitskii, 2007), the best of three starts. */
export async function kMeansPeer(dense: Dense, vectors: Matrix, clusters: number): Promise<Int32Array> {
  const rows = centred(vectors, meanRow(vectors));
  let best: Int32Array | undefined;
  let highest = -Infinity;
  for (const seed of [1, 2, 3]) {
    const { groups, fit } = await oneStart(dense, rows, clusters, seededRandom(seed));
    if (fit > highest) [best, highest] = [groups, fit];
  }
  return best!;
}

async function oneStart(dense: Dense, rows: Matrix, clusters: number, random: () => number) {
  let centres = takeRows(rows, await plusPlus(dense, rows, clusters, random));
  let groups = new Int32Array(rows.rows);
  let fit = 0;
  for (let round = 0; round < 100; round++) {
    const similar = await dense.product(rows, centres, { transposeB: true });
    // Of unit vectors the nearest centre c is the largest x·c − |c|²/2.
    const penalties = Array.from({ length: clusters }, (_, k) => rowOf(centres, k).reduce((sum, value) => sum + value * value, 0) / 2);
    similar.data.forEach((value, at) => (similar.data[at] = value - penalties[at % clusters]!));
    const next = largestColumns(similar);
    fit = next.reduce((sum, k, i) => sum + similar.data[i * clusters + k]!, 0);
    if (next.every((k, i) => k === groups[i])) break;
    groups = next as Int32Array<ArrayBuffer>;
    centres = means(rows, groups, centres);
  }
  return { groups, fit };
}

function means(rows: Matrix, groups: Int32Array, before: Matrix): Matrix {
  const out = zeros(before.rows, before.columns);
  const sizes = new Float64Array(before.rows);
  groups.forEach((k, i) => {
    sizes[k]!++;
    const target = rowOf(out, k);
    rowOf(rows, i).forEach((value, j) => (target[j]! += value));
  });
  for (let k = 0; k < out.rows; k++) {
    if (sizes[k] === 0) rowOf(out, k).set(rowOf(before, k));
    else rowOf(out, k).forEach((value, j, row) => (row[j] = value / sizes[k]!));
  }
  return out;
}

async function plusPlus(dense: Dense, rows: Matrix, clusters: number, random: () => number): Promise<number[]> {
  const chosen = [Math.floor(random() * rows.rows)];
  const distances = new Float64Array(rows.rows).fill(Infinity);
  while (chosen.length < clusters) {
    const { data } = await dense.product(rows, takeRows(rows, [chosen.at(-1)!]), { transposeB: true });
    let total = 0;
    for (let i = 0; i < rows.rows; i++) total += distances[i] = Math.min(distances[i]!, Math.max(0, 2 - 2 * data[i]!));
    let left = random() * total;
    let next = 0;
    while (next < rows.rows - 1 && (left -= distances[next]!) > 0) next++;
    chosen.push(next);
  }
  return chosen;
}
