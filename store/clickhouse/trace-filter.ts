import { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';
import type { VERDICTS } from '../../contracts/feedback.ts';
import { TABLES } from '../../contracts/names.ts';
import { feedbackOnce } from './feedback.ts';

/** What traces can be chosen by; `TraceFilter` and a dataset's source both fit. */
export interface TraceChoice {
  alias?: string | undefined;
  model?: string | undefined;
  target?: string | undefined;
  provider?: string | undefined;
  status?: string | undefined;
  origin?: string | undefined;
  kind?: string | undefined;
  /** Traffic: calls of apps, imported ones among them. */
  ofApps?: true;
  cluster?: string | undefined;
  key?: string | undefined;
  session?: string | undefined;
  user?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  metadata?: Record<string, string> | undefined;
  minCostUsd?: number | undefined;
  maxCostUsd?: number | undefined;
  minLatencyMs?: number | undefined;
  maxLatencyMs?: number | undefined;
  text?: string | undefined;
  verdict?: (typeof VERDICTS)[number] | undefined;
}

/** Parameters of `filterConditions`. */
export const FilterParameters = z.object({
  project: z.string(),
  alias: z.string().optional(),
  model: z.string().optional(),
  target: z.string().optional(),
  provider: z.string().optional(),
  status: z.string().optional(),
  origin: z.string().optional(),
  kind: z.string().optional(),
  cluster: z.string().optional(),
  key: z.string().optional(),
  session: z.string().optional(),
  user: z.string().optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  minCostUsd: z.number().optional(),
  maxCostUsd: z.number().optional(),
  minLatencyMs: z.number().optional(),
  maxLatencyMs: z.number().optional(),
  text: z.string().optional(),
  pairs: z.array(z.string()).optional(),
  keys: z.array(z.string()).optional(),
  values: z.array(z.string()).optional(),
});

const time = (name: string) => `parseDateTime64BestEffort({${name}:String}, 3, 'UTC')`;

// The key's own columns, so that what a subquery finds is looked up and not searched for.
const ofCluster = `(ts, id) IN (SELECT ts, trace_id FROM ${TABLES.traceClusters} FINAL
  WHERE project = {project:String} AND cluster_id = {cluster:String} AND NOT outlier SETTINGS do_not_merge_across_partitions_select_final = 1)`;
const withFeedback = (having: string) =>
  `(ts, id) IN (SELECT ts, trace_id FROM (${feedbackOnce('ts, trace_id, at, id, thumbs, corrected_answer')}) GROUP BY ts, trace_id HAVING ${having})`;
const newestThumbs = "argMaxIf(thumbs, (at, id), thumbs != '')";

/** Conditions by the fields that are stated; each of them holds. People say "gpt-4o", "openai/gpt-4o" or what the provider reported. */
const CONDITIONS: readonly [keyof TraceChoice, string][] = [
  ['since', `ts >= ${time('since')}`],
  ['until', `ts < ${time('until')}`],
  ['alias', 'alias = {alias:String}'],
  ['target', 'target = {target:String}'],
  ['provider', 'provider = {provider:String}'],
  ['status', 'status = {status:String}'],
  ['origin', 'origin = {origin:String}'],
  ['kind', 'kind = {kind:String}'],
  ['ofApps', "origin != 'pipeline'"],
  ['key', 'key_id = {key:String}'],
  ['session', 'session_id = {session:String}'],
  ['user', 'user_id = {user:String}'],
  ['minCostUsd', 'cost_usd >= {minCostUsd:Float64}'],
  ['maxCostUsd', 'cost_usd <= {maxCostUsd:Float64}'],
  ['minLatencyMs', 'latency_ms >= {minLatencyMs:Float64}'],
  ['maxLatencyMs', 'latency_ms <= {maxLatencyMs:Float64}'],
  [
    'model',
    "(model_answered = {model:String} OR model_asked = {model:String} OR target = {model:String} OR endsWith(target, concat('/', {model:String})))",
  ],
  ['cluster', ofCluster],
  // Word for word what the index is made of.
  ['text', "hasAllTokens(lower(concat(prompt_text, ' ', answer_text)), lower({text:String}))"],
];

/** Conditions in SQL for what the choice states; `until` is exclusive. A text must have a word in it: `invalid_request`. */
export function filterConditions(choice: TraceChoice): string[] {
  if (choice.text !== undefined && !/[\p{L}\p{N}]/u.test(choice.text))
    throw new StillhouseError('invalid_request', 'text: a word to look for is needed; all words must be in the prompt or the answer.', {
      param: 'text',
    });
  const conditions = ['project = {project:String}'];
  for (const [field, condition] of CONDITIONS) if (choice[field] !== undefined) conditions.push(condition);
  if (choice.verdict !== undefined)
    conditions.push(
      withFeedback(
        choice.verdict === 'corrected'
          ? 'countIf(isNotNull(corrected_answer)) > 0'
          : `${newestThumbs} = '${choice.verdict === 'up' ? 'up' : 'down'}'`,
      ),
    );
  if (choice.metadata !== undefined && Object.keys(choice.metadata).length > 0) {
    // The pairs have the index; "a=b" = "c" and "a" = "b=c" make the same pair, so the map decides.
    conditions.push(
      'hasAll(metadata_pairs, {pairs:Array(String)})',
      'arrayAll((k, v) -> mapContains(metadata, k) AND metadata[k] = v, {keys:Array(String)}, {values:Array(String)})',
    );
  }
  return conditions;
}

/** Values for `filterConditions`. */
export function filterParameters(project: string, choice: TraceChoice): z.input<typeof FilterParameters> {
  const { metadata, verdict: _, ofApps: __, ...rest } = choice;
  const pairs = Object.entries(metadata ?? {});
  return {
    project,
    ...rest,
    ...(pairs.length > 0
      ? { pairs: pairs.map(([key, value]) => `${key}=${value}`), keys: pairs.map(([key]) => key), values: pairs.map(([, value]) => value) }
      : {}),
  };
}
