import type { ClusterRun, ClusterTracesInput } from '../contracts/clusters.ts';
import { StillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { clusterRunName, clusterScope } from '../platform/content-hash.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import { newestClusterRuns, recordClusterRun } from '../store/clickhouse/cluster-runs.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { type AssignResult, type ClustersFound, assignTraces } from './clusters/assign.ts';
import { clusterSample } from './clusters/cluster-sample.ts';
import type { ClusterPlan, ClusterRunIdentity } from './clusters/cluster-plan.ts';
import type { Clustered } from './clusters/clustering-result.ts';
import { type EmbeddedSample, embedSample } from './clusters/embed-sample.ts';
import type { IntentEmbedderSetting } from './clusters/intent-embedder.ts';
import { type Matched, matchRun } from './clusters/match-run.ts';
import { forgetWork, recordClusters } from './clusters/record-clusters.ts';
import { type Sampled, sampleTraces } from './clusters/sample.ts';
import { type GatewayAccess, teacherPrice } from './distil/gateway-targets.ts';
import type { EncoderDeps } from './encoder/encoder-deps.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { Named } from './name-clusters.ts';

/** A query of one page may take a minute; nothing longer is alive. */
const STALL_MS = 150_000;
/** The thread reports nothing between its start and its end. */
const THREAD_STALL_MS = 20 * 60_000;

/** Traces are shipped within seconds, by a gateway that was cut off later: this much is looked through again. */
const LATE_MS = 86_400_000;

function before(at: string): string {
  return new Date(Date.parse(at) - LATE_MS).toISOString();
}

export interface ClusterRecordDeps {
  clickhouse: ClickHouseClient;
  gateway: GatewayAccess;
}

/** Look-ups and records of `clusterTraces`. */
export type ClusterRecordActivities = ReturnType<typeof createClusterRecordActivities>;

export function createClusterRecordActivities({ clickhouse, gateway }: ClusterRecordDeps) {
  return {
    /** Names a run that was given no name, and its scope. Safe to retry because both are functions of the input. */
    nameClusterRun: async ({ input, scheduled }: { input: ClusterTracesInput; scheduled: string | null }) => ({
      name: input.name ?? scheduled ?? clusterRunName(input),
      scope: clusterScope(input.source),
    }),

    /** Fixes what all attempts start from. Safe to retry because it only reads, and Temporal keeps the first answer. */
    async planClusters({ input, run }: { input: ClusterTracesInput; run: ClusterRunIdentity }): Promise<ClusterPlan> {
      const newest = (await newestClusterRuns(clickhouse, run.project)).find(({ scope }) => scope === run.scope);
      const asks = input.mode === 'cluster' && input.naming !== null;
      if (input.mode === 'assign' && !newest)
        throw new StillhouseError(
          'conflict',
          'There are no clusters of these traces yet, so nothing can be assigned: run clusterTraces with mode "cluster" first.',
        );
      return {
        input,
        run,
        until: input.source.until ?? run.at,
        since: input.source.since ?? (input.mode === 'assign' && newest ? before(newest.startedAt) : undefined),
        namingPrice: asks ? await teacherPrice(gateway, run.project, input.naming!) : null,
        predecessor: newest ? { runId: newest.runId, at: newest.startedAt } : null,
      };
    },

    /** Records where the run stands. Safe to retry because the insert carries a token of its content. */
    recordClusterState: ({ state }: { state: ClusterRun }): Promise<void> => recordClusterRun(clickhouse, state),
  };
}

export interface ClusterDeps extends EncoderDeps, IntentEmbedderSetting {
  clickhouse: ClickHouseClient;
  artifacts: ArtifactStore;
}

/** The stages of `clusterTraces` but naming. */
export type ClusterActivities = ReturnType<typeof createClusterActivities>;

export function createClusterActivities(deps: ClusterDeps) {
  return {
    /** Reads the texts to be clustered. Safe to retry because the first attempt's choice is published and stands. */
    sampleTraces: ({ plan }: { plan: ClusterPlan }): Promise<Sampled> =>
      withHeartbeat(STALL_MS, (pulse) => sampleTraces(deps, plan, pulse)),

    /** Embeds them. Safe to retry because vectors are kept by portions: an attempt goes on where the last one stopped. */
    embedSample: ({ plan, sample }: { plan: ClusterPlan; sample: Sampled }): Promise<EmbeddedSample> =>
      withHeartbeat(STALL_MS, (pulse) => embedSample(deps, plan, sample, pulse)),

    /** Finds clusters. Safe to retry because the result is a function of the sample, and published once. */
    clusterSample: (input: { plan: ClusterPlan; sample: Sampled; embedded: EmbeddedSample }): Promise<Clustered> =>
      withHeartbeat(THREAD_STALL_MS, (pulse) => clusterSample(deps, input, pulse)),

    /** Gives known clusters their identity back. Safe to retry because the first attempt's answer is published and stands. */
    matchRun: (input: { plan: ClusterPlan; sample: Sampled; embedded: EmbeddedSample; clustered: Clustered }): Promise<Matched> =>
      withHeartbeat(STALL_MS, () => matchRun(deps, input)),

    /**
     * Puts traces into clusters. Safe to retry because pages are stored whole and in order: an attempt goes on after the last
     * trace that is there, and a trace's newest assignment counts.
     */
    assignTraces: ({ plan, clusters }: { plan: ClusterPlan; clusters: ClustersFound | null }): Promise<AssignResult> =>
      withHeartbeat(STALL_MS, (pulse) => assignTraces(deps, { plan, found: clusters }, pulse)),

    /** Stores clusters and the map. Safe to retry because both inserts are named by their content. */
    recordClusters: ({ plan, named, ...found }: ClustersFound & { plan: ClusterPlan; named: Named }): Promise<ArtifactRef> =>
      withHeartbeat(STALL_MS, () => recordClusters(deps, { plan, found, named })),

    /** Removes the sample's texts and vectors. Safe to retry because what is gone is gone. */
    forgetWork: ({ plan }: { plan: ClusterPlan }): Promise<void> => withHeartbeat(STALL_MS, () => forgetWork(deps.artifacts, plan)),
  };
}
