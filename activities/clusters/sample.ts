import { createHash } from 'node:crypto';
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { ClusterCounts } from '../../contracts/clusters.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { clusterCalls, countClusterCalls } from '../../store/clickhouse/cluster-source.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { StagePulse } from '../encoder/encoder-deps.ts';
import { type CallText, textsOfCalls } from './call-text.ts';
import { type ClusterPlan, workFolder } from './cluster-plan.ts';
import { onceInRun, readJson } from './work-files.ts';

/** Traces read for a text that is kept: near-duplicates collapse, and what is read is more than what is left. */
const READ_PER_TEXT = 3;
/** Traces and answers that are kept of one text. */
const KEPT_EACH = 3;

/** One text of the sample: all near-duplicates of it are one. */
export interface SampleText {
  skeleton: string;
  text: string;
  /** Identity of the system prompt; empty without one. */
  system: string;
  /** Traces of the sample that are near-duplicates of it. */
  count: number;
  traces: string[];
  answers: string[];
}

/** Texts a portion: parsed in some milliseconds, so that the event loop goes on. */
const PORTION_TEXTS = 1_000;

/** The sample by reference; texts never pass through Temporal. */
export interface Sampled {
  /** Arrays of `SampleText`. */
  portions: ArtifactRef[];
  counts: Pick<ClusterCounts, 'traces' | 'sampled' | 'texts'>;
}

/** Reads traces and keeps what is to be clustered, or finds that an attempt before has done so. */
export async function sampleTraces(
  deps: { clickhouse: ClickHouseClient; artifacts: ArtifactStore },
  plan: ClusterPlan,
  pulse: StagePulse,
): Promise<Sampled> {
  const key = `${workFolder(plan)}/sample.json`;
  const { value } = await onceInRun<Sampled>(deps.artifacts, key, async () => {
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
      const found = await textsOfCalls(page);
      page.forEach((call, i) => found[i] && collect(texts, found[i], call));
      pulse.progress({ read: (sampled += page.length), texts: texts.size });
    }
    const kept = fewest([...texts.values()], maxSample, seed);
    // Ordering twenty thousand takes some ten milliseconds, and writing the first portion some more.
    await yieldToEvents();
    const portions: ArtifactRef[] = [];
    for (let from = 0; from < kept.length; from += PORTION_TEXTS) {
      const bytes = Buffer.from(JSON.stringify(kept.slice(from, from + PORTION_TEXTS)));
      const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      portions.push(await deps.artifacts.put(`${workFolder(plan)}/sample-${from}-${hash}.json`, bytes));
    }
    return { portions, counts: { traces, sampled, texts: kept.length } };
  });
  return value;
}

/** The texts of a sample, in their order: row i of its vectors is the vector of text i. */
export async function readSample(artifacts: ArtifactStore, { portions }: Sampled): Promise<SampleText[]> {
  const texts: SampleText[] = [];
  for (const portion of portions) texts.push(...(await readJson<SampleText[]>(artifacts, portion)));
  return texts;
}

function collect(
  texts: Map<string, SampleText>,
  { skeleton, text, system }: CallText,
  call: { id: string; answerText: string; status: string },
): void {
  const known = texts.get(skeleton) ?? { skeleton, text, system, count: 0, traces: [], answers: [] };
  known.count++;
  if (known.traces.length < KEPT_EACH) known.traces.push(call.id);
  if (call.status === 'ok' && known.answers.length < KEPT_EACH) known.answers.push(call.answerText);
  texts.set(skeleton, known);
}

/** At most `most` of them, chosen by hash and in its order, so that the choice does not hang on when they came. */
function fewest(texts: SampleText[], most: number, seed: number): SampleText[] {
  // A skeleton is a hash in hexadecimal: begun at another digit it orders them by chance, too.
  const from = seed % 32;
  const hashed = texts.map((text) => ({ text, hash: text.skeleton.slice(from, from + 32) }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  return hashed.slice(0, most).map(({ text }) => text);
}
