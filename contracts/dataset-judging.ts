import { z } from 'zod';
import { Name, Target } from './identifiers.ts';
import { DEFAULT_PROJECT } from './names.ts';

/** What is to become of a row. */
export const ROW_VERDICTS = ['keep', 'drop'] as const;
export type RowVerdict = (typeof ROW_VERDICTS)[number];

/** What a judge looks at where it is told nothing else. */
export const DEFAULT_CRITERIA = ['correct', 'complete', 'follows the instructions'];

/** Body of `POST /api/datasets/{name}/judge`. */
export const JudgeRequest = z.strictObject({
  /** Target of the judge: a provider's model. */
  model: Target,
  /** What each answer is scored by, besides overall. */
  criteria: z.array(z.string().trim().min(1).max(200)).min(1).max(8).default(DEFAULT_CRITERIA),
  /** Answers below this score, from 0 to 1, are to be dropped. */
  keepFrom: z.number().min(0).max(1).default(0.5),
  /** Hard cap on what the judge costs in US dollars. */
  maxUsd: z.number().positive().max(1_000_000).default(1),
  /** Calls in flight at most: what a kill can make the run pay for again. */
  concurrency: z.number().int().min(1).max(32).default(8),
});
export type JudgeRequest = z.infer<typeof JudgeRequest>;

/** Input of the `judgeDataset` workflow. */
export const JudgeDatasetInput = JudgeRequest.extend({
  project: Name.default(DEFAULT_PROJECT),
  dataset: Name,
  /** Default: the newest that is ready. */
  version: z.number().int().positive().optional(),
});
export type JudgeDatasetInput = z.infer<typeof JudgeDatasetInput>;

/** What a run of a judge came to. */
export const JudgementCounts = z.object({
  /** Rows that were looked at. */
  rows: z.number().int(),
  /** Rows with a verdict of this run. */
  judged: z.number().int(),
  kept: z.number().int(),
  dropped: z.number().int(),
  /** Rows whose judge's answer was not what was asked for: no score. */
  unparsed: z.number().int(),
  /** Rows that were not asked about: the judge failed, or the cap was reached. */
  unasked: z.number().int(),
  /** Rows whose answer was on record already, or is that of an equal row. */
  reused: z.number().int(),
  /** Sum of the scores. */
  scores: z.number(),
});
export type JudgementCounts = z.infer<typeof JudgementCounts>;

/** `GET /api/datasets/{name}/judgements/{judgement}`: a run of `judgeDataset`. */
export const Judgement = z.object({
  project: Name,
  dataset: Name,
  /** null until the run has looked. */
  version: z.number().int().positive().nullable(),
  name: Name,
  runId: z.string(),
  workflowId: z.string(),
  status: z.enum(['running', 'completed', 'failed', 'cancelled']),
  input: JudgeDatasetInput,
  counts: JudgementCounts,
  capReached: z.boolean(),
  /** US dollars of this run. */
  spentUsd: z.number(),
  error: z.string().nullable(),
  startedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** The last recorded state, while Temporal can't be asked. */
  stale: z.boolean(),
});
export type Judgement = z.infer<typeof Judgement>;

/** What was said of a row. A person's word wins over any judge's. */
export const Verdict = z.object({
  by: z.enum(['person', 'judge']),
  verdict: z.enum(ROW_VERDICTS),
  /** From 0 to 1; null: a person gives none. */
  score: z.number().nullable(),
  criteria: z.record(z.string(), z.number()),
  reason: z.string(),
  /** Empty: of a person. */
  model: z.string(),
  promptVersion: z.string(),
  costUsd: z.number().nullable(),
  at: z.iso.datetime(),
});
export type Verdict = z.infer<typeof Verdict>;

/** The word that counts for a row, as its page shows it. */
export const StandingVerdict = Verdict.pick({ by: true, verdict: true, score: true, reason: true });
export type StandingVerdict = z.infer<typeof StandingVerdict>;
