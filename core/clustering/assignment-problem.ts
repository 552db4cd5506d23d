/**
 * The pairing of rows and columns with the largest sum, each at most once (Kuhn's Hungarian method in Jonker and
 * Volgenant's form of shortest augmenting paths, Computing 1987): n² m time. `gains` are finite. The column of each row;
 * −1 for rows without one (there are more rows than columns).
 */
export function bestPairs(gains: readonly (readonly number[])[]): number[] {
  const rows = gains.length;
  const columns = gains[0]?.length ?? 0;
  if (rows > columns) {
    const paired = bestPairs(Array.from({ length: columns }, (_, j) => gains.map((row) => row[j]!)));
    const out: number[] = Array.from({ length: rows }, () => -1);
    paired.forEach((row, column) => (out[row] = column));
    return out;
  }
  // Row and column 0 are the start of a path: rows and columns count from 1 in here.
  const rowPrice = new Float64Array(rows + 1);
  const columnPrice = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    const least = new Float64Array(columns + 1).fill(Infinity);
    const cameFrom = new Int32Array(columns + 1);
    const seen = new Uint8Array(columns + 1);
    rowOf[0] = row;
    let column = 0;
    do {
      seen[column] = 1;
      const current = rowOf[column]!;
      let nextColumn = 0;
      let step = Infinity;
      for (let j = 1; j <= columns; j++) {
        if (seen[j]) continue;
        const cost = -gains[current - 1]![j - 1]! - rowPrice[current]! - columnPrice[j]!;
        if (cost < least[j]!) {
          least[j] = cost;
          cameFrom[j] = column;
        }
        if (least[j]! < step) {
          step = least[j]!;
          nextColumn = j;
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (seen[j]) {
          rowPrice[rowOf[j]!]! += step;
          columnPrice[j]! -= step;
        } else least[j]! -= step;
      }
      column = nextColumn;
    } while (rowOf[column] !== 0);
    for (; column !== 0; column = cameFrom[column]!) rowOf[column] = rowOf[cameFrom[column]!]!;
  }
  const out: number[] = Array.from({ length: rows }, () => -1);
  for (let j = 1; j <= columns; j++) if (rowOf[j]! > 0) out[rowOf[j]! - 1] = j - 1;
  return out;
}
