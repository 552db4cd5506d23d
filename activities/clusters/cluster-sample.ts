import { availableParallelism } from 'node:os';
import type { ClusterOptions } from '../../core/clustering/cluster-options.ts';
import type { Clustering as VectorClustering } from '../../core/clustering/cluster-vectors.ts';
import type { EncoderDeps, StagePulse } from '../encoder/encoder-deps.ts';
import { onThread } from '../encoder/on-thread.ts';
import { clusterOnThread } from './cluster-on-thread.ts';
import { type ClusterPlan, workFolder } from './cluster-plan.ts';
import { type Clustered, type Clustering, type Described, storedClustering } from './clustering-result.ts';
import type { DescribeRequest } from './describe-thread.ts';
import type { EmbeddedSample } from './embed-sample.ts';
import { type Sampled, readSample } from './sample.ts';
import { onceInRun, readMatrix } from './work-files.ts';

/** Clusters the sample on a thread of its own, or finds that an attempt before has done so. */
export async function clusterSample(
  deps: EncoderDeps,
  { plan, sample, embedded }: { plan: ClusterPlan; sample: Sampled; embedded: EmbeddedSample },
  pulse: StagePulse,
): Promise<Clustered> {
  const { artifacts, log } = deps;
  const folder = workFolder(plan);
  const { ref, value } = await onceInRun<Clustering>(artifacts, `${folder}/clustering.json`, async () => {
    const texts = await readSample(artifacts, sample);
    const vectors = await readMatrix(artifacts, embedded.vectors);
    const threads = deps.threads ?? availableParallelism();
    const weights = Float64Array.from(texts, ({ count }) => count);
    const systems = texts.map(({ system }) => system);
    const clustering = await clusterOnThread({ vectors, options: optionsOf(plan, embedded), weights, systems }, { log, threads }, pulse);
    pulse.progress({ step: 'describe', clusters: clustering.clusters.length });
    const request: DescribeRequest = {
      vectors,
      clustering,
      texts: await Promise.all(sample.portions.map((portion) => artifacts.get(portion))),
      seed: plan.input.seed,
    };
    const program = new URL('./describe-thread.ts', import.meta.url);
    const described = await onThread<Described>({ program, threads, name: 'the description of clusters', log }, request, pulse);
    return {
      ...(await storedClustering(artifacts, `${folder}/centres`, clustering, described)),
      warnings: warningsOf(plan, clustering),
    };
  });
  return { clustering: ref, clusters: value.groups.length, warnings: value.warnings };
}

function optionsOf({ input }: ClusterPlan, { cohesion }: EmbeddedSample): ClusterOptions {
  return {
    cohesion,
    granularity: input.granularity,
    sample: input.maxSample,
    ...(input.clusters === null ? {} : { clusters: input.clusters }),
  };
}

function warningsOf({ input }: ClusterPlan, { clusters, capped, cohesion }: VectorClustering): string[] {
  const warnings: string[] = [];
  if (clusters.length === 0) warnings.push('No trace has a text that could be clustered.');
  if (capped)
    warnings.push(
      `The number of clusters was cut off at ${clusters.length}: their cohesion is ${cohesion.reached.toFixed(2)}, not ${cohesion.wanted.toFixed(2)}. A lower granularity asks for fewer.`,
    );
  if (input.clusters !== null && clusters.length < input.clusters)
    warnings.push(`${clusters.length} clusters were found instead of ${input.clusters}: there are no more different texts.`);
  return warnings;
}
