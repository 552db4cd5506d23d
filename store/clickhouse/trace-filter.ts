import { z } from 'zod';

/** What traces can be chosen by; `TraceFilter` and a dataset's source both fit. */
export interface TraceChoice {
  alias?: string | undefined;
  model?: string | undefined;
  target?: string | undefined;
  status?: string | undefined;
  origin?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  metadata?: Record<string, string> | undefined;
}

/** Parameters of `filterConditions`. */
export const FilterParameters = z.object({
  project: z.string(),
  alias: z.string().optional(),
  model: z.string().optional(),
  target: z.string().optional(),
  status: z.string().optional(),
  origin: z.string().optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  pairs: z.array(z.string()).optional(),
  keys: z.array(z.string()).optional(),
  values: z.array(z.string()).optional(),
});

const time = (name: string) => `parseDateTime64BestEffort({${name}:String}, 3, 'UTC')`;

/** Conditions in SQL for what the choice states; `until` is exclusive. */
export function filterConditions(choice: TraceChoice): string[] {
  const conditions = ['project = {project:String}'];
  if (choice.since !== undefined) conditions.push(`ts >= ${time('since')}`);
  if (choice.until !== undefined) conditions.push(`ts < ${time('until')}`);
  if (choice.alias !== undefined) conditions.push('alias = {alias:String}');
  if (choice.target !== undefined) conditions.push('target = {target:String}');
  if (choice.status !== undefined) conditions.push('status = {status:String}');
  if (choice.origin !== undefined) conditions.push('origin = {origin:String}');
  if (choice.model !== undefined) {
    // People say "gpt-4o", "openai/gpt-4o" or what the provider reported.
    conditions.push(
      "(model_answered = {model:String} OR model_asked = {model:String} OR target = {model:String} OR endsWith(target, concat('/', {model:String})))",
    );
  }
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
  const { metadata, ...rest } = choice;
  const pairs = Object.entries(metadata ?? {});
  return {
    project,
    ...rest,
    ...(pairs.length > 0
      ? { pairs: pairs.map(([key, value]) => `${key}=${value}`), keys: pairs.map(([key]) => key), values: pairs.map(([, value]) => value) }
      : {}),
  };
}
