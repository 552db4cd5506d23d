import type { ClusterNaming } from '../contracts/clusters.ts';
import { isStillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { type NameQuestion, giveNames } from '../core/clusters/give-names.ts';
import { clusterEdits } from '../store/clickhouse/cluster-edits.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { type ClusterPlan, workFolder } from './clusters/cluster-plan.ts';
import { type Clustered, readClustering } from './clusters/clustering-result.ts';
import type { ClusterIdentity, Matched } from './clusters/match-run.ts';
import { NamingCalls } from './clusters/naming-calls.ts';
import { type Sampled, readSample } from './clusters/sample.ts';
import { onceInRun, readJson } from './clusters/work-files.ts';
import type { GatewayAccess } from './distil/gateway-targets.ts';
import type { LaneCall } from './generate/call-lane.ts';
import { CALLS_STALL_MS, runJournalledCalls } from './generate/journalled-calls.ts';
import { spentSoFar } from './generate/spent-so-far.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';

/** Calls in flight at most: what a kill can lose. */
const MOST_IN_FLIGHT = 8;

export interface NamingInput {
  plan: ClusterPlan;
  sample: Sampled;
  clustered: Clustered;
  matched: Matched;
}

/** Names by reference: they are made of customers' words. */
export interface Named {
  names: ArtifactRef;
  /** Clusters that the model has named in this run. */
  named: number;
  spentUsd: number;
  warnings: string[];
}

type NamingResult = Omit<Named, 'names'> & { names: ClusterNaming[] };

export interface NamingDeps {
  clickhouse: ClickHouseClient;
  artifacts: ArtifactStore;
  gateway: GatewayAccess;
  /** Milliseconds since 1970. */
  now: () => number;
}

export type NameClustersActivity = ReturnType<typeof createNameClustersActivity>;

export function createNameClustersActivity(deps: NamingDeps) {
  return {
    /**
     * Names clusters: those that have a model's or a person's name keep it. Safe to retry because every answer is in
     * ClickHouse before its place is free, a second attempt asks only for what is not there, and the result is published once.
     */
    nameClusters: (input: NamingInput): Promise<Named> =>
      withHeartbeat(CALLS_STALL_MS, async (pulse) => {
        const key = `${workFolder(input.plan)}/names.json`;
        const { ref, value } = await onceInRun<NamingResult>(deps.artifacts, key, () => nameAll(deps, input, pulse));
        return { names: ref, named: value.named, spentUsd: value.spentUsd, warnings: value.warnings };
      }),
  };
}

/** What `nameClusters` has published. */
export async function readNames(artifacts: ArtifactStore, { names }: Pick<Named, 'names'>): Promise<ClusterNaming[]> {
  return (await readJson<NamingResult>(artifacts, names)).names;
}

async function nameAll(deps: NamingDeps, input: NamingInput, pulse: Pulse): Promise<NamingResult> {
  const { plan } = input;
  const [{ groups }, texts, identities, edits] = await Promise.all([
    readClustering(deps.artifacts, input.clustered),
    readSample(deps.artifacts, input.sample),
    readJson<ClusterIdentity[]>(deps.artifacts, input.matched.identities),
    clusterEdits(deps.clickhouse, plan.run.project),
  ]);
  const kept = identities.map(({ id, naming }): ClusterNaming | null => {
    const name = edits.get(id)?.name ?? null;
    if (name !== null) return { ...(naming ?? { description: '', inclusion: '', exclusion: '' }), name, namedBy: 'person' };
    return naming?.namedBy === 'model' ? naming : null;
  });
  const work = { groups, texts: texts.map(({ text }) => text), kept };
  if (plan.namingPrice === null) {
    const { names } = await giveNames(work, null);
    return { names, named: 0, spentUsd: 0, warnings: [] };
  }
  const asking = new Asking(deps, plan, pulse);
  const { names, named, unnamed } = await giveNames(work, (questions) => asking.ask(questions));
  const { usd } = await spentSoFar(deps.clickhouse, asking.calls.spendIdentity);
  const trouble = asking.trouble ?? 'the answers were not what was asked for.';
  const warnings = unnamed === 0 ? [] : [`${unnamed} clusters have keywords instead of a name: ${trouble}`];
  return { names, named, spentUsd: usd, warnings };
}

/** Asks the model by way of the journal. */
class Asking {
  readonly calls: NamingCalls;
  /** Why not all was asked; null: it was. */
  trouble: string | null = null;
  readonly #deps: NamingDeps;
  readonly #plan: ClusterPlan;
  readonly #pulse: Pulse;

  constructor(deps: NamingDeps, plan: ClusterPlan, pulse: Pulse) {
    this.#deps = deps;
    this.#plan = plan;
    this.#pulse = pulse;
    this.calls = new NamingCalls(deps, plan);
  }

  /** Answers on record, those that were missing asked for; once there is trouble only those on record. */
  async ask(questions: readonly NameQuestion[]): Promise<Map<number, string>> {
    const asked = questions.map(({ place, subject, refused }) => ({ place, ...this.calls.call(subject, refused) }));
    const hashes = asked.map(({ promptHash }) => promptHash);
    const known = await this.calls.journalled(hashes);
    const missing = asked.filter(({ promptHash }) => !known.has(promptHash)).map(({ call }) => call);
    if (this.trouble === null && missing.length > 0) this.trouble = await this.#run(missing);
    this.#pulse.signal.throwIfAborted();
    const all = await this.calls.journalled(hashes);
    return new Map(asked.flatMap(({ place, promptHash }) => (all.has(promptHash) ? [[place, all.get(promptHash)!] as const] : [])));
  }

  async #run(calls: readonly LaneCall[]): Promise<string | null> {
    const { signal, progress } = this.#pulse;
    let done = 0;
    const moved = () => progress({ named: ++done, of: calls.length });
    const run = { run: this.calls.spendIdentity, capUsd: this.#plan.input.maxUsd, most: MOST_IN_FLIGHT, signal, moved };
    try {
      return (await runJournalledCalls(this.#deps, run, calls)).capReached ? 'the cap was reached.' : null;
    } catch (error) {
      // Clusters are worth having without names: a model that refuses, or is gone for good, is a warning.
      if (isStillhouseError(error) && !error.retryable) return error.message;
      throw error;
    }
  }
}
