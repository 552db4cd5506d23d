import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { ClusterCounts, EmbedderIdentity } from '../../contracts/clusters.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { assignVector, type ClusterModel } from '../../core/clustering/assign-vector.ts';
import { rowOf } from '../../core/learning/matrix.ts';
import type { EmbedderPool } from '../../serving/embedder-pool.ts';
import { type Assignment, assignedByRun, insertAssignments, lastAssigned } from '../../store/clickhouse/cluster-assignments.ts';
import { type SourceCall, clusterCalls } from '../../store/clickhouse/cluster-source.ts';
import { clustersOfRun } from '../../store/clickhouse/clusters.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { EncoderDeps, StagePulse } from '../encoder/encoder-deps.ts';
import { textsOfCalls } from './call-text.ts';
import type { ClusterPlan } from './cluster-plan.ts';
import { type Clustered, readClustering } from './clustering-result.ts';
import type { EmbeddedSample } from './embed-sample.ts';
import { type IntentEmbedderSetting, openIntentEmbedder } from './intent-embedder.ts';
import type { ClusterIdentity, Matched } from './match-run.ts';
import { type Sampled, readSample } from './sample.ts';
import { readJson, readMatrix } from './work-files.ts';

/** Texts whose place is remembered: most traffic repeats itself. */
const REMEMBERED = 50_000;
/** Comparisons between two looks at other work: some milliseconds. */
const YIELD_EVERY = 16;

/** What traces are assigned to. */
interface Clusters {
  ids: string[];
  model: ClusterModel;
  embedder: Pick<EmbedderIdentity, 'sha256'>;
  /** Of texts that were clustered: their own cluster, by skeleton. */
  known: Map<string, Place>;
}

interface Place {
  clusterId: string;
  similarity: number;
  outlier: boolean;
}

export type AssignResult = Pick<ClusterCounts, 'assigned' | 'outliers' | 'withoutText'> & { embedder: EmbedderIdentity };

export type ClustersFound = { sample: Sampled; embedded: EmbeddedSample; clustered: Clustered; matched: Matched };

/**
 * Puts the source's traces into this run's clusters, or, with `found` null, those that are in none into the clusters of the
 * run before. Goes on after the last trace that an attempt before has stored.
 */
export async function assignTraces(
  deps: EncoderDeps & IntentEmbedderSetting & { clickhouse: ClickHouseClient },
  { plan, found }: { plan: ClusterPlan; found: ClustersFound | null },
  pulse: StagePulse,
): Promise<AssignResult> {
  const { clickhouse } = deps;
  const clusters = found ? await clustersFound(deps, found) : await clustersBefore(clickhouse, plan);
  const pool = await openIntentEmbedder(deps, plan.run.project, pulse.signal);
  try {
    const { name, sha256, dimensions } = pool.info;
    if (sha256 !== clusters.embedder.sha256)
      throw new StillhouseError(
        'conflict',
        'The clusters were found with another embedder, or another precision of it: run clusterTraces anew.',
      );
    const reading = { until: plan.until, after: await lastAssigned(clickhouse, plan.run), unassigned: found === null };
    let read = 0;
    for await (const page of clusterCalls(clickhouse, plan.run.project, { ...plan.input.source, since: plan.since }, reading)) {
      pulse.signal.throwIfAborted();
      await insertAssignments(clickhouse, plan.run, await placesOf(pool, clusters, page, pulse));
      pulse.progress({ assigned: (read += page.length) });
    }
    return { ...(await assignedByRun(clickhouse, plan.run)), embedder: { name, sha256, dimensions } };
  } finally {
    await pool.close();
  }
}

async function clustersFound(deps: EncoderDeps, found: ClustersFound): Promise<Clusters> {
  const { artifacts } = deps;
  const [clustering, identities, texts] = await Promise.all([
    readClustering(artifacts, found.clustered),
    readJson<ClusterIdentity[]>(artifacts, found.matched.identities),
    readSample(artifacts, found.sample),
  ]);
  const known = texts.map(({ skeleton }, i): [string, Place] => [
    skeleton,
    { clusterId: identities[clustering.labels[i]!]?.id ?? '', similarity: clustering.similarities[i]!, outlier: clustering.outliers[i]! },
  ]);
  const centres = await readMatrix(artifacts, clustering.centres);
  return {
    ids: identities.map(({ id }) => id),
    model: {
      mean: rowOf(centres, centres.rows - 1),
      clusters: clustering.groups.map(({ outlierBelow, system }, i) => ({ centre: rowOf(centres, i), outlierBelow, system })),
    },
    embedder: found.embedded.embedder,
    known: new Map(known),
  };
}

async function clustersBefore(clickhouse: ClickHouseClient, plan: ClusterPlan): Promise<Clusters> {
  const { project, scope } = plan.run;
  const before = await clustersOfRun(clickhouse, project, { scope, runId: plan.predecessor!.runId });
  return {
    ids: before.map(({ id }) => id),
    model: {
      mean: Float32Array.from(before[0]?.mean ?? []),
      clusters: before.map(({ centre, outlierBelow, system }) => ({ centre: Float32Array.from(centre), outlierBelow, system })),
    },
    embedder: { sha256: before[0]?.embedderSha256 ?? '' },
    known: new Map(),
  };
}

/** Where each trace belongs: texts that are not known yet are embedded and compared. */
async function placesOf(pool: EmbedderPool, clusters: Clusters, page: SourceCall[], pulse: StagePulse): Promise<Assignment[]> {
  const { known } = clusters;
  const texts = await textsOfCalls(page);
  const unknown = new Map(texts.flatMap((one) => (one && !known.has(one.skeleton) ? [[one.skeleton, one] as const] : [])));
  const placed = new Map<string, Place>();
  if (unknown.size > 0) {
    const vectors = await pool.embed(
      [...unknown.values()].map(({ text }) => text),
      pulse.signal,
    );
    let row = 0;
    for (const [skeleton, { system }] of unknown) {
      placed.set(skeleton, placeOf(clusters, rowOf(vectors, row++), system));
      if (row % YIELD_EVERY === 0) await yieldToEvents();
    }
  }
  if (known.size + placed.size <= REMEMBERED) for (const [skeleton, place] of placed) known.set(skeleton, place);
  const nowhere: Place = { clusterId: '', similarity: 0, outlier: true };
  return page.map((call, i) => ({ call, ...(texts[i] ? (known.get(texts[i].skeleton) ?? placed.get(texts[i].skeleton)!) : nowhere) }));
}

function placeOf({ ids, model }: Clusters, vector: Float32Array, system: string): Place {
  const { cluster, similarity, outlier } = assignVector(vector, model, system);
  return { clusterId: ids[cluster] ?? '', similarity, outlier };
}
