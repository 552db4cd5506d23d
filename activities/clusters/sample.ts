import type { ClusterCounts } from '../../contracts/clusters.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { contentHash } from '../../platform/content-hash.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { clusterCalls, countClusterCalls } from '../../store/clickhouse/cluster-source.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { StagePulse } from '../encoder/encoder-deps.ts';
import { textOfCall } from './call-text.ts';
import { type ClusterPlan, workFolder } from './cluster-plan.ts';
import { onceInRun } from './work-files.ts';

/** Traces read for a text that is kept: near-duplicates collapse, and what is read is more than what is left. */
const READ_PER_TEXT = 3;
/** Traces and answers that are kept of one text. */
const KEPT_EACH = 3;

/** One text of the sample: all near-duplicates of it are one. */
export interface SampleText {
  skeleton: string;
  text: string;
  /** Traces of the sample that are near-duplicates of it. */
  count: number;
  traces: string[];
  answers: string[];
}

/** The sample by reference; texts never pass through Temporal. */
export interface Sampled {
  sample: ArtifactRef;
  counts: Pick<ClusterCounts, 'traces' | 'sampled' | 'texts'>;
}

/** Reads traces and keeps what is to be clustered, or finds that an attempt before has done so. */
export async function sampleTraces(
  deps: { clickhouse: ClickHouseClient; artifacts: ArtifactStore },
  plan: ClusterPlan,
  pulse: StagePulse,
): Promise<Sampled> {
  const key = `${workFolder(plan)}/sample.json`;
  const { ref, value } = await onceInRun<{ counts: Sampled['counts']; texts: SampleText[] }>(deps.artifacts, key, async () => {
    const { project } = plan.run;
    const { source, maxSample, seed } = plan.input;
    const traces = await countClusterCalls(deps.clickhouse, project, source, plan.until);
    const of = Math.min(1, (READ_PER_TEXT * maxSample) / Math.max(1, traces));
    const texts = new Map<string, SampleText>();
    let sampled = 0;
    for await (const page of clusterCalls(deps.clickhouse, project, source, {
      until: plan.until,
      ...(of < 1 ? { share: { of, seed } } : {}),
    })) {
      pulse.signal.throwIfAborted();
      for (const call of page) {
        const found = textOfCall(call);
        if (found) collect(texts, found, call);
      }
      pulse.progress({ read: (sampled += page.length), texts: texts.size });
    }
    const kept = fewest([...texts.values()], maxSample, seed);
    return { counts: { traces, sampled, texts: kept.length }, texts: kept };
  });
  return { sample: ref, counts: value.counts };
}

/** The texts of a sample, in their order: row i of its vectors is the vector of text i. */
export async function readSample(artifacts: ArtifactStore, { sample }: Sampled): Promise<SampleText[]> {
  return (JSON.parse((await artifacts.get(sample)).toString('utf8')) as { texts: SampleText[] }).texts;
}

function collect(
  texts: Map<string, SampleText>,
  { skeleton, text }: { skeleton: string; text: string },
  call: { id: string; answerText: string; status: string },
): void {
  const known = texts.get(skeleton) ?? { skeleton, text, count: 0, traces: [], answers: [] };
  known.count++;
  if (known.traces.length < KEPT_EACH) known.traces.push(call.id);
  if (call.status === 'ok' && known.answers.length < KEPT_EACH) known.answers.push(call.answerText);
  texts.set(skeleton, known);
}

/** At most `most` of them, chosen by hash and in its order, so that the choice does not hang on when they came. */
function fewest(texts: SampleText[], most: number, seed: number): SampleText[] {
  const hashed = texts.map((text) => ({ text, hash: contentHash([seed, text.skeleton]) }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return hashed.slice(0, most).map(({ text }) => text);
}
