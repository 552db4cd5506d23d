import { type Matrix, rowOf, takeRows } from '../learning/matrix.ts';
import { toUnitLength } from './smooth.ts';

/** What is known of rows beside their vectors. */
export interface RowTraits {
  /** How many traces a row stands for; default 1. */
  weights?: ArrayLike<number>;
  /** Identity of each row's system prompt (`IntentText.system`): another one is another task. */
  systems?: readonly string[];
}

/** The different vectors among rows, in an order of their own: the rows' order has no part in what follows. */
export interface DifferentRows {
  /** Of length 1, sorted by their numbers. */
  vectors: Matrix;
  /** How much each stands for. */
  weights: Float64Array;
  /** The system prompt of each, where it is a common one; else empty. */
  systems: string[];
  /** For each given row the different vector that it is; −1 where it has no direction: not finite, or all zeros. */
  places: Int32Array;
}

/** Equal rows under the same system prompt become one that weighs as much as all. */
export function differentRows(rows: Matrix, { weights, systems }: RowTraits = {}): DifferentRows {
  const unit = toUnitLength({ ...rows, data: rows.data.slice() });
  const common = commonSystems(systems ?? [], weights);
  const system = Array.from({ length: rows.rows }, (_, i) => (common.has(systems?.[i] ?? '') ? systems![i]! : ''));
  const usable = Array.from({ length: rows.rows }, (_, i) => i).filter((i) => hasDirection(rowOf(unit, i)));
  const order = (a: number, b: number) =>
    compare(rowOf(unit, a), rowOf(unit, b)) || (system[a]! < system[b]! ? -1 : Number(system[a] !== system[b]));
  usable.sort(order);
  const first: number[] = [];
  const sums: number[] = [];
  const places = new Int32Array(rows.rows).fill(-1);
  for (const row of usable) {
    if (first.length === 0 || order(first.at(-1)!, row) !== 0) {
      first.push(row);
      sums.push(0);
    }
    places[row] = first.length - 1;
    sums[first.length - 1]! += weights?.[row] ?? 1;
  }
  return { vectors: takeRows(unit, first), weights: Float64Array.from(sums), systems: first.map((row) => system[row]!), places };
}

/** System prompts of less than this share of the traffic are no tasks of their own: they may hold a user's data. */
const COMMON_SHARE = 0.02;

function commonSystems(systems: readonly string[], weights?: ArrayLike<number>): Set<string> {
  const shares = new Map<string, number>();
  let total = 0;
  systems.forEach((system, i) => {
    const weight = weights?.[i] ?? 1;
    total += weight;
    shares.set(system, (shares.get(system) ?? 0) + weight);
  });
  return new Set([...shares].filter(([system, weight]) => system !== '' && weight >= COMMON_SHARE * total).map(([system]) => system));
}

function hasDirection(row: Float32Array): boolean {
  let some = false;
  for (const value of row) {
    if (!Number.isFinite(value)) return false;
    some ||= value !== 0;
  }
  return some;
}

function compare(a: Float32Array, b: Float32Array): number {
  for (let j = 0; j < a.length; j++) if (a[j] !== b[j]) return a[j]! - b[j]!;
  return 0;
}

/**
 * Rows for a sample of at most `most`, in ascending order: those with the smallest hash of their numbers, so that the
 * choice is as good as chance, the same in each run, and mostly the same when rows are added.
 */
export function sampleByHash(vectors: Matrix, most: number): Int32Array {
  const all = Int32Array.from({ length: vectors.rows }, (_, i) => i);
  if (vectors.rows <= most) return all;
  const hashes = Uint32Array.from(all, (i) => hashOf(rowOf(vectors, i)));
  return all
    .sort((a, b) => hashes[a]! - hashes[b]! || a - b)
    .slice(0, most)
    .sort();
}

/** FNV-1a over the words of a row, mixed at the end (the finaliser of MurmurHash3). */
function hashOf(row: Float32Array): number {
  const words = new Uint32Array(row.buffer, row.byteOffset, row.length);
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
