import { availableParallelism } from 'node:os';
import type { ClusterCounts } from '../contracts/clusters.ts';
import type { GroupedVectors } from '../core/clustering/cluster-vectors.ts';
import { CHECK_FORMAT, CHECK_PROMPT_VERSION, checkMessages } from '../core/clusters/border-checks.ts';
import { type CheckDecision, checkBorders, type Proposing } from '../core/clusters/check-borders.ts';
import type { Proposal } from '../core/clusters/propose-checks.ts';
import type { Matrix } from '../core/learning/matrix.ts';
import { clusterEdits } from '../store/clickhouse/cluster-edits.ts';
import type { CheckRequest } from './clusters/check-thread.ts';
import { type ClusterPlan, workFolder } from './clusters/cluster-plan.ts';
import { ClusterQuestions, type QuestionDeps } from './clusters/cluster-questions.ts';
import { type Clustered, type Clustering, type Described, readClustering, storedClustering } from './clusters/clustering-result.ts';
import type { EmbeddedSample } from './clusters/embed-sample.ts';
import { identitiesOf } from './clusters/match-run.ts';
import { type Sampled, type SampleText, readSample } from './clusters/sample.ts';
import { onceInRun, readMatrix } from './clusters/work-files.ts';
import type { EncoderDeps } from './encoder/encoder-deps.ts';
import { onThread } from './encoder/on-thread.ts';
import { CALLS_STALL_MS } from './generate/journalled-calls.ts';
import { spentSoFar } from './generate/spent-so-far.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';

/** A sentence and a word. */
const CHECKING = { purpose: `cluster border ${CHECK_PROMPT_VERSION}`, stage: 'check', format: CHECK_FORMAT, tokens: 300 } as const;
/** Of the cap: names come after the checks, and are not to be left without. */
const SHARE_OF_CAP = 0.5;

export interface CheckInput {
  plan: ClusterPlan;
  sample: Sampled;
  embedded: EmbeddedSample;
  clustered: Clustered;
}

/** The clusters after the checks, by reference: what a model says of them is made of customers' words. */
export interface Checked extends Clustered {
  counts: Pick<ClusterCounts, 'clusters' | 'checked' | 'merged' | 'split' | 'unchecked'>;
  spentUsd: number;
}

export interface CheckDeps extends QuestionDeps, EncoderDeps {}

export type CheckClustersActivity = ReturnType<typeof createCheckClustersActivity>;

export function createCheckClustersActivity(deps: CheckDeps) {
  return {
    /**
     * Has a model look at the borders of clusters. Safe to retry because every answer is in ClickHouse before its place is free,
     * a second attempt asks only for what is not there, and the result is published once.
     */
    checkClusters: (input: CheckInput): Promise<Checked> =>
      withHeartbeat(CALLS_STALL_MS, async (pulse) => {
        const key = `${workFolder(input.plan)}/checked.json`;
        const { ref, value } = await onceInRun<CheckedClustering>(deps.artifacts, key, () => checkAll(deps, input, pulse));
        const { groups, checks, spentUsd, warnings } = value;
        const unchecked = checks.filter(({ verdict }) => verdict === null).length;
        const split = checks.filter(({ outcome }) => outcome === 'split').length;
        // Three pairs that are one are two clusters less.
        const merged = input.clustered.clusters + split - groups.length;
        const counts = { clusters: groups.length, checked: checks.length - unchecked, merged, split, unchecked };
        return { clustering: ref, clusters: groups.length, counts, spentUsd, warnings };
      }),
  };
}

type CheckedClustering = Clustering & { checks: CheckDecision[]; spentUsd: number };

async function checkAll(deps: CheckDeps, input: CheckInput, pulse: Pulse): Promise<CheckedClustering> {
  const { artifacts, clickhouse } = deps;
  const { plan } = input;
  const [found, texts, vectors] = await Promise.all([
    readClustering(artifacts, input.clustered),
    readSample(artifacts, input.sample),
    readMatrix(artifacts, input.embedded.vectors),
  ]);
  const owners = await personsOf(deps, input, found, texts);
  const bounds = { ...CHECKING, capUsd: SHARE_OF_CAP * plan.input.maxUsd };
  const questions = new ClusterQuestions(deps, plan, bounds, pulse);
  const thread = new CheckThread(deps, vectors, pulse);
  const groups = { labels: found.labels, outliers: found.outliers, systems: found.groups.map(({ system }) => system) };
  const work = { groups, texts: texts.map(({ text }) => text), owners, most: plan.input.checks };
  const { labels, decisions } = await checkBorders(work, thread, (asked) =>
    questions.ask(asked.map(({ place, subject }) => ({ place, messages: checkMessages(subject) }))),
  );
  const { usd } = await spentSoFar(clickhouse, questions.calls.spendIdentity);
  const unchecked = decisions.filter(({ verdict }) => verdict === null).length;
  const warnings = unchecked === 0 ? [] : [`${unchecked} of ${decisions.length} borders of clusters are unchecked: ${questions.reason}`];
  const result = { checks: decisions, spentUsd: usd, warnings };
  if (!decisions.some(({ outcome }) => outcome === 'merged' || outcome === 'split')) return { ...found, ...result };
  return { ...(await regrouped(deps, input, { thread, groups: { ...groups, labels }, texts })), ...result };
}

/** Of each group the cluster that it was before, where a person has named that; null: nobody has. */
async function personsOf(
  deps: CheckDeps,
  { plan, embedded }: CheckInput,
  clustering: Clustering,
  texts: readonly SampleText[],
): Promise<(string | null)[]> {
  const edits = await clusterEdits(deps.clickhouse, plan.run.project);
  const identities = await identitiesOf(deps, { plan, embedded, clustering, texts });
  return identities.map(({ id, naming }) => (naming && typeof edits.get(id)?.name === 'string' ? id : null));
}

async function regrouped(
  { artifacts }: CheckDeps,
  { plan, sample }: CheckInput,
  { thread, groups, texts }: { thread: CheckThread; groups: Groups; texts: readonly SampleText[] },
): Promise<Omit<Clustering, 'warnings'>> {
  const traits = { weights: Float64Array.from(texts, ({ count }) => count), systems: texts.map(({ system }) => system) };
  const portions = await Promise.all(sample.portions.map((portion) => artifacts.get(portion)));
  const { clustering, ...described } = await thread.regroup(groups, { traits, texts: portions, seed: plan.input.seed });
  return storedClustering(artifacts, `${workFolder(plan)}/checked-centres`, clustering, described);
}

type Groups = Parameters<Proposing['splits']>[0];

/** The arithmetic of checks, each step on a thread of its own. */
class CheckThread implements Proposing {
  readonly #deps: CheckDeps;
  readonly #vectors: Matrix;
  readonly #pulse: Pulse;

  constructor(deps: CheckDeps, vectors: Matrix, pulse: Pulse) {
    this.#deps = deps;
    this.#vectors = vectors;
    this.#pulse = pulse;
  }

  splits(groups: Groups, spared: number[], most: number): Promise<Proposal[]> {
    return this.#on({ step: 'splits', groups: this.#whole(groups), spared, most });
  }

  merges(groups: Groups, apart: [number, number][], most: number): Promise<Proposal[]> {
    return this.#on({ step: 'merges', groups: this.#whole(groups), apart, most });
  }

  regroup(
    groups: Groups,
    rest: Omit<Extract<CheckRequest, { step: 'regroup' }>, 'step' | 'groups'>,
  ): Promise<Described & { clustering: GroupedVectors }> {
    return this.#on({ step: 'regroup', groups: this.#whole(groups), ...rest });
  }

  #whole(groups: Groups) {
    return { ...groups, vectors: this.#vectors };
  }

  #on<Answer>(request: CheckRequest): Promise<Answer> {
    const { log, threads = availableParallelism() } = this.#deps;
    const program = new URL('./clusters/check-thread.ts', import.meta.url);
    this.#pulse.progress({ step: request.step });
    return onThread<Answer>({ program, threads, name: 'checks of clusters', log }, request, this.#pulse);
  }
}
