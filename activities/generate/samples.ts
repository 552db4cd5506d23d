import type { Candidate } from '../../contracts/candidates.ts';
import type { DatasetRow } from '../../contracts/datasets.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { candidatesOf } from '../../store/clickhouse/candidates.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { RunPlan } from '../distil/run-plan.ts';

/**
 * What samples are for: training rows are imitated, test rows without gold get a reference, and those that the teacher
 * has not answered get its answer. They never meet.
 */
export type Purpose = 'train' | 'reference' | 'answer';

/** Parameters of a recorded call that a sample does not take over: its own limit, and what asks for more than an answer. */
const NOT_SAMPLED = new Set([
  'max_tokens',
  'max_completion_tokens',
  'logprobs',
  'top_logprobs',
  'audio',
  'modalities',
  'prediction',
  'web_search_options',
]);

/** Parameters of a row's samples besides the prompt, the temperature and the limit. */
export function sampledParameters(row: DatasetRow): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row.parameters).filter(([name]) => !NOT_SAMPLED.has(name)));
}

/** Candidates are to differ; an answer that is compared is the teacher's best, as an app would ask for it. */
export function temperatureOf(plan: RunPlan, purpose: Purpose): number {
  return purpose === 'answer' ? 0 : plan.temperature;
}

/** What else shapes the answers to a row's prompt: candidates are looked for under it. */
export function samplingOf(plan: RunPlan, purpose: Purpose, row: DatasetRow): string {
  const { maxAnswerTokens } = plan;
  const temperature = temperatureOf(plan, purpose);
  return contentHash({ purpose, temperature, maxAnswerTokens, parameters: sampledParameters(row) }).slice(0, 32);
}

/**
 * How many new samples a row's prompt needs. The recorded answer of the same teacher is one of a training row's, and the
 * answer of a test row.
 */
export function samplesNeeded(plan: Pick<RunPlan, 'teacher' | 'nSamples'>, purpose: Purpose, row: DatasetRow): number {
  const recorded = row.referenceTarget === plan.teacher ? 1 : 0;
  if (purpose === 'answer') return 1 - recorded;
  return purpose === 'train' ? plan.nSamples - recorded : plan.nSamples;
}

/** The journalled samples of each row, by row id, in the order of their number. Copies of a prompt share them. */
export async function journalledSamples(
  clickhouse: ClickHouseClient,
  plan: RunPlan,
  purpose: Purpose,
  rows: readonly DatasetRow[],
): Promise<Map<string, Candidate[]>> {
  const samples = new Map<string, Candidate[]>();
  for (const [sampling, alike] of Map.groupBy(rows, (row) => samplingOf(plan, purpose, row))) {
    const hashes = alike.map((row) => row.promptHash);
    const found = await candidatesOf(clickhouse, plan.run.project, { teacher: plan.teacher, sampling }, hashes);
    const byPrompt = Map.groupBy(found, (candidate) => candidate.promptHash);
    for (const row of alike) {
      const inOrder = (byPrompt.get(row.promptHash) ?? []).sort((a, b) => a.sample - b.sample);
      samples.set(row.rowId, inOrder.slice(0, samplesNeeded(plan, purpose, row)));
    }
  }
  return samples;
}
