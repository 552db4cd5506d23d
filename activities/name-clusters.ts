import type { ClusterNaming } from '../contracts/clusters.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { giveNames } from '../core/clusters/give-names.ts';
import { NAMING_FORMAT, namingMessages } from '../core/clusters/naming.ts';
import { clusterEdits } from '../store/clickhouse/cluster-edits.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import { type ClusterPlan, workFolder } from './clusters/cluster-plan.ts';
import { type Clustered, readClustering } from './clusters/clustering-result.ts';
import type { ClusterIdentity, Matched } from './clusters/match-run.ts';
import { ClusterQuestions, type QuestionDeps } from './clusters/cluster-questions.ts';
import { type Sampled, readSample } from './clusters/sample.ts';
import { onceInRun, readJson } from './clusters/work-files.ts';
import { CALLS_STALL_MS } from './generate/journalled-calls.ts';
import { spentSoFar } from './generate/spent-so-far.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';

/** A name and three sentences. */
const NAMING = { purpose: 'cluster name', stage: 'name', format: NAMING_FORMAT, tokens: 600 } as const;

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

export interface NamingDeps extends QuestionDeps {
  artifacts: ArtifactStore;
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
  const asking = new ClusterQuestions(deps, plan, { ...NAMING, capUsd: plan.input.maxUsd }, pulse);
  const { names, named, unnamed } = await giveNames(work, async (questions) => {
    const prompts = questions.map(({ place, subject, refused }) => ({
      place,
      messages: namingMessages(subject, refused === null ? [] : [refused]),
    }));
    return new Map([...(await asking.ask(prompts))].map(([place, { answer }]) => [place, answer]));
  });
  const { usd } = await spentSoFar(deps.clickhouse, asking.calls.spendIdentity);
  const warnings = unnamed === 0 ? [] : [`${unnamed} clusters have keywords instead of a name: ${asking.reason}`];
  return { names, named, spentUsd: usd, warnings };
}
