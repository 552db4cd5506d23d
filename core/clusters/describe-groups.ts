import type { ClusterTask } from '../../contracts/clusters.ts';
import type { GroupedVectors } from '../clustering/cluster-vectors.ts';
import { clusterKeywords } from '../clustering/keywords.ts';
import { mapOf } from '../clustering/map.ts';
import { looksLikeOneTask } from '../clustering/task-shape.ts';
import type { Dense } from '../learning/dense.ts';
import { type Matrix, stackRows, takeRows, zeros } from '../learning/matrix.ts';
import { borderlines, nearestOthers } from './borders.ts';

/** Borderline texts, and nearest other clusters, that are kept of each. */
const BORDERLINE = 8;
const OTHERS = 5;
/** Keywords, and labels or fields of a task, that are kept. */
const KEYWORDS = 6;
const NAMED = 20;
/** Texts on the map, besides the centres: some thousand take seconds. */
const MAP_TEXTS = 2_000;

/** A text with what was answered to it. */
export interface AnsweredText {
  text: string;
  /** Near-duplicates that it stands for. */
  count: number;
  answers: readonly string[];
}

/** One cluster as the arithmetic has found it. Texts are named by their place in the sample. */
export interface FoundGroup {
  /** Texts in it, and traces of the sample that these stand for; outliers left out. */
  texts: number;
  traces: number;
  /** Mean cosine of pairs of members. */
  coherence: number;
  /** Mean cosine of its texts to the centre. */
  similarity: number;
  /** A vector whose cosine to the centre is below this is an outlier. */
  outlierBelow: number;
  /** Identity of the system prompt that nearly all of its texts have; null where there is none. */
  system: string | null;
  /** Texts nearest the centre, nearest first. */
  nearest: number[];
  /** Nearest other clusters, nearest first. */
  others: number[];
  keywords: string[];
  task: ClusterTask;
  x: number;
  y: number;
  /** Texts that are nearly another cluster's. */
  borderline: { text: number; other: number; margin: number }[];
}

/** Where a text of the sample lies on the map. */
export interface MapPoint {
  text: number;
  x: number;
  y: number;
}

/** Everything that later stages and people are told of a clustering. */
export async function describeGroups(
  dense: Dense,
  vectors: Matrix,
  clustering: GroupedVectors,
  texts: readonly AnsweredText[],
  seed = 7,
): Promise<{ groups: FoundGroup[]; points: MapPoint[]; centres: Matrix }> {
  const { clusters, mean, assignment } = clustering;
  const centres = zeros(clusters.length, vectors.columns);
  clusters.forEach(({ centre }, k) => centres.data.set(centre, k * centres.columns));
  if (clusters.length === 0) return { groups: [], points: [], centres };
  const members = membersOf(clustering);
  const keywords = clusterKeywords(
    members.map((own) => own.map((i) => texts[i]!.text)),
    KEYWORDS,
  );
  const others = await nearestOthers(dense, centres, mean, OTHERS);
  const borders = await borderlines(dense, vectors, assignment, centres, mean, BORDERLINE);
  const shown = spread(texts.length, MAP_TEXTS);
  const places = await mapOf(dense, stackRows(centres, takeRows(vectors, shown)), seed);
  const placeOf = (row: number) => ({ x: places[2 * row]!, y: places[2 * row + 1]! });
  const groups = clusters.map((cluster, k): FoundGroup => {
    const own = members[k]!;
    const similar = own.reduce((sum, i) => sum + clustering.similarity[i]!, 0);
    return {
      texts: own.length,
      traces: cluster.size,
      coherence: cluster.coherence,
      similarity: own.length === 0 ? 0 : similar / own.length,
      outlierBelow: cluster.outlierBelow,
      system: cluster.system,
      nearest: cluster.nearest,
      others: others[k]!,
      keywords: keywords[k]!.map(({ word }) => word),
      task: taskOf(own.flatMap((i) => texts[i]!.answers)),
      ...placeOf(k),
      borderline: borders[k]!.map(({ row, other, margin }) => ({ text: row, other, margin })),
    };
  });
  return { groups, points: [...shown].map((text, i) => ({ text, ...placeOf(clusters.length + i) })), centres };
}

/** At most `most` of the numbers below `count`, evenly spread; texts lie in the order of their hashes. */
function spread(count: number, most: number): Int32Array {
  const kept = Math.min(count, most);
  return Int32Array.from({ length: kept }, (_, i) => Math.floor((i * count) / kept));
}

function membersOf({ clusters, assignment, outlier }: GroupedVectors): number[][] {
  const members = clusters.map((): number[] => []);
  assignment.forEach((cluster, i) => {
    if (cluster >= 0 && !outlier[i]) members[cluster]!.push(i);
  });
  return members;
}

function taskOf(answers: readonly string[]): ClusterTask {
  const shape = looksLikeOneTask(answers);
  if (!shape) return { looksLikeOneTask: false, kind: null, reason: 'There are no answers.', labels: [], fields: [], student: null };
  const { kind, oneTask, labels, fields, student } = shape;
  return {
    looksLikeOneTask: oneTask,
    kind,
    reason: shape.reason === null ? ONE_TASK[kind] : sentence(shape.reason),
    labels: labels.slice(0, NAMED),
    fields: fields.slice(0, NAMED),
    student: oneTask ? student.name : null,
  };
}

const ONE_TASK = {
  label: 'The answers are one of a few labels.',
  json: 'The answers are JSON objects with the same fields.',
  text: 'The answers are short texts.',
  long: 'The answers are long texts.',
} as const;

function sentence(reason: string): string {
  return `${reason[0]!.toUpperCase()}${reason.slice(1)}.`;
}
