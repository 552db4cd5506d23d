import { z } from 'zod';
import { parseHostedStudent } from './hosted.ts';
import { ArtifactRef, Name, Sha256, Target } from './identifiers.ts';
import { QUANTIZATIONS, TrainingSettings } from './language-model.ts';
import { DEFAULT_PROJECT } from './names.ts';

/** Stages of a distillation, in order. */
export const STAGES = ['generate', 'curate', 'train', 'export', 'evaluate', 'register', 'alias'] as const;
export type Stage = (typeof STAGES)[number];

/** What `distil` takes: one JSON object, startable from any Temporal client. Which combinations run: `RunnableDistilInput`. */
export const DistilInput = z.strictObject({
  project: Name.default(DEFAULT_PROJECT),
  /** Default: derived from the hash of the input, so that the same request joins the run that exists. */
  name: Name.optional(),
  dataset: Name,
  /** Default: the newest version that is ready. */
  datasetVersion: z.number().int().positive().optional(),
  /** Default: the target that answered most of the dataset's traces. */
  teacher: Target.optional(),
  /**
   * `encoder`; or a language model: `lora` (the project's own small base), a name of the catalogue, a configured base, a hub id;
   * or one that its provider tunes and serves: `hosted/<provider>/<model>`.
   */
  student: z.string().min(1).max(200).default('encoder'),
  /** Target of the model that scores candidates; none by default for label tasks. */
  judge: Target.nullable().default(null),
  /** Alias to move with weight 1 after `not_worse`; none: nothing moves. */
  alias: Name.nullable().default(null),
  /** Candidates per prompt, the recorded trace of the same teacher counted as one. */
  nSamples: z.number().int().min(1).max(32).default(4),
  keepBest: z.number().int().min(1).max(32).default(2),
  temperature: z.number().min(0).max(2).default(0.8),
  bondBeta: z.number().min(0).max(1).default(0.5),
  bondGamma: z.number().min(0).max(10).default(0.1),
  /** Language models: `best-of-n` (squared margin from ranks) or `dpo`. */
  preference: z.enum(['best-of-n', 'dpo']).default('best-of-n'),
  /** Language models: overrides of what the base's size suggests. */
  training: TrainingSettings.pick({
    loraRank: true,
    loraAlpha: true,
    loraDropout: true,
    learningRate: true,
    batchRows: true,
    warmupEpochs: true,
    epochs: true,
    maxTokens: true,
  })
    .partial()
    .default({}),
  /** Language models: trainings over rank, rate and passes, of which validation picks; 1: no search. */
  search: z.strictObject({ trials: z.number().int().min(1).max(32) }).default({ trials: 1 }),
  steps: z.number().int().positive().nullable().default(null),
  rounds: z.number().int().min(1).max(10).default(1),
  quantize: z.enum(QUANTIZATIONS).nullable().default('q4_k_m'),
  /** Gold answers reach training only with this, and the report card says so. */
  useGold: z.boolean().default(false),
  /** The student may be worse than the teacher by at most this many points (percentage points of accuracy). */
  marginPoints: z.number().positive().max(50).default(3),
  /** Hard cap on new upstream spend in US dollars. */
  maxUsd: z.number().positive().max(1_000_000).default(10),
  /** `curate` ends with the training JSONL. */
  until: z.enum(['curate']).nullable().default(null),
  /** Wait for a person before the alias moves. */
  approval: z.boolean().default(false),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(7),
});
export type DistilInput = z.infer<typeof DistilInput>;
export type DistilRequest = z.input<typeof DistilInput>;

/** The inputs that this version can run: refused before a run begins, by the API and by the workflow alike. */
export const RunnableDistilInput = DistilInput.refine(
  ({ student }) => (student.startsWith('hosted/') ? parseHostedStudent(student) !== null : !/[\\\s]|^[./~]|\/.*\//.test(student)),
  {
    path: ['student'],
    message:
      'must be "encoder", "lora", a name of the catalogue, a base of stillhouse.yaml, a hub id or "hosted/<provider>/<model>"; a path comes from the configuration only',
  },
)
  .refine((input) => input.judge === null, {
    path: ['judge'],
    message: 'scoring by a judge comes with a later version; label and json tasks need none',
  })
  .refine((input) => input.keepBest <= input.nSamples, { path: ['keepBest'], message: 'must be at most nSamples' })
  .refine((input) => input.rounds === 1 || input.student !== 'encoder', { path: ['rounds'], message: 'an encoder is trained in one round' })
  .refine((input) => input.search.trials === 1 || (input.student !== 'encoder' && !parseHostedStudent(input.student)), {
    path: ['search'],
    message: 'is of language models that are trained here',
  })
  .refine((input) => Object.keys(input.training).length === 0 || input.student !== 'encoder', {
    path: ['training'],
    message: 'is of language models; an encoder finds its settings by validation',
  })
  .refine((input) => !parseHostedStudent(input.student) || input.rounds === 1, {
    path: ['rounds'],
    message: 'a hosted student is trained in one round: its provider knows no other',
  })
  .refine((input) => !parseHostedStudent(input.student) || (input.preference === 'best-of-n' && input.steps === null), {
    path: ['student'],
    message: 'a hosted student is trained on the best answers alone, by epochs: leave "preference" and "steps" out',
  })
  .refine(({ student, training }) => !parseHostedStudent(student) || isHostedTraining(training), {
    path: ['training'],
    message: 'of a hosted student may hold "epochs" and "batchRows", whole numbers; the rest is the provider\'s',
  });

/** What a provider lets be chosen. */
function isHostedTraining(training: DistilInput['training']): boolean {
  return Object.entries(training).every(
    ([name, value]) => (name === 'epochs' || name === 'batchRows') && Number.isInteger(value) && value > 0,
  );
}

export const DECISIONS = ['not_worse', 'worse', 'undecided'] as const;

/** Student against teacher on the test split. Accuracies are shares (0 to 1); the difference is student − teacher in points. */
export const Evaluation = z.object({
  /** Near-duplicate groups, one row of each: copies are no further observations. */
  n: z.number().int(),
  /** Test rows behind `n`. */
  rows: z.number().int().optional(),
  /** Test rows without a reference or an answer of the teacher. */
  leftOut: z.number().int().optional(),
  /** What both are scored against: recorded gold answers, the majority of fresh teacher samples, or `goldRows` gold and else that. */
  reference: z.enum(['gold', 'teacher-majority', 'mixed']),
  /** Of `n`, scored against gold. */
  goldRows: z.number().int().optional(),
  teacher: z.object({ accuracy: z.number(), correct: z.number().int(), usdPer1k: z.number().nullable(), p50Ms: z.number().nullable() }),
  student: z.object({ accuracy: z.number(), correct: z.number().int(), usdPer1k: z.number().nullable(), p50Ms: z.number().nullable() }),
  /** Paired 2×2 table's discordant cells: only the teacher right, only the student right. */
  discordant: z.object({ teacherOnly: z.number().int(), studentOnly: z.number().int() }),
  /** Tango's score interval, two-sided 95 %, in points. */
  difference: z.object({ points: z.number(), low: z.number(), high: z.number() }),
  /** One-sided 95 % lower bound in points: what the margin is compared with. */
  lowerBoundPoints: z.number(),
  marginPoints: z.number(),
  /** Exact two-sided McNemar test. */
  mcnemarP: z.number(),
  decision: z.enum(DECISIONS),
  /** Per label of the reference: rows, and how many each got right. */
  perLabel: z.array(z.object({ label: z.string(), n: z.number().int(), teacher: z.number().int(), student: z.number().int() })),
  /** Answers of both, row by row (JSONL). */
  answers: ArtifactRef.optional(),
});
export type Evaluation = z.infer<typeof Evaluation>;

export const RUN_STATUSES = ['running', 'paused', 'completed', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Where one stage stands, for the timeline. */
export const StageState = z.object({
  stage: z.enum(STAGES),
  status: z.enum(['pending', 'running', 'done', 'skipped', 'failed']),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  /** Units done and in all (rows, calls); null where the stage has no units. */
  done: z.number().nullable(),
  total: z.number().nullable(),
  /** What came out, in numbers, for people: `{dropped: 12, validationAccuracy: 0.98}`. */
  summary: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type StageState = z.infer<typeof StageState>;

/** A run's state: `GET /api/distillations/{name}`. */
export const Distillation = z.object({
  project: Name,
  name: Name,
  workflowId: z.string(),
  runId: z.string(),
  status: z.enum(RUN_STATUSES),
  stage: z.enum(STAGES).nullable(),
  /** 0 to 1 within the whole run. */
  progress: z.number(),
  stages: z.array(StageState),
  input: DistilInput,
  dataset: z.object({ name: Name, version: z.number().int(), hash: z.string() }).nullable(),
  teacher: z.string().nullable(),
  /** New upstream spend of this run, judge and evaluation included. */
  spentUsd: z.number(),
  /** Target of the registered student (`student/<name>`), once there is one. */
  student: z.string().nullable(),
  evaluation: Evaluation.nullable(),
  /** The training JSONL of `curate`. */
  curated: ArtifactRef.nullable(),
  usedGold: z.boolean(),
  warnings: z.array(z.string()),
  /** Why it failed, in a sentence. */
  error: z.string().nullable(),
  aliasMoved: z.object({ alias: z.string(), before: z.string(), after: z.string(), version: z.number().int() }).nullable(),
  /** True where Temporal could not be asked and this is the last state recorded. */
  stale: z.boolean(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  updatedAt: z.iso.datetime(),
});
export type Distillation = z.infer<typeof Distillation>;

/** One thing that happened in a run: the lines of its event stream. */
export const DistillationEvent = z.object({
  /** Rises within a run. */
  sequence: z.number().int(),
  at: z.iso.datetime(),
  stage: z.enum(STAGES).nullable(),
  kind: z.enum(['started', 'stage-started', 'stage-ended', 'progress', 'warning', 'paused', 'resumed', 'completed', 'failed', 'cancelled']),
  message: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type DistillationEvent = z.infer<typeof DistillationEvent>;

/** A student in the registry. */
export const Student = z.object({
  name: Name,
  version: z.number().int().positive(),
  kind: z.enum(['encoder', 'language-model', 'hosted']),
  /** Manifest in the artifact store. */
  manifest: ArtifactRef,
  labels: z.array(z.string()),
  /** Embedder that an encoder stands on, by hash; null for a language model. */
  embedderSha256: Sha256.nullable().default(null),
  /** Base that a language model stands on; null for an encoder. */
  base: z.object({ id: z.string(), digest: z.string() }).nullable().default(null),
  /** The student server that serves a language model, by its id in the configuration (`local`: `STILLHOUSE_STUDENT_URLS`). */
  placement: Name.nullable().default(null),
  /** The provider that serves a hosted student, what it is called there, and the model whose tuning it is; null for all others. */
  hosted: z.object({ provider: z.string(), model: z.string(), base: z.string() }).nullable().default(null),
  /** Where it comes from; null where it was trained elsewhere and imported. */
  lineage: z
    .object({
      distillation: Name,
      dataset: Name,
      datasetVersion: z.number().int(),
      datasetHash: z.string(),
      teacher: z.string(),
      usedGold: z.boolean(),
      seed: z.number().int(),
    })
    .nullable(),
  /** null: not evaluated. */
  evaluation: Evaluation.nullable(),
  createdAt: z.iso.datetime(),
});
export type Student = z.infer<typeof Student>;

/** A student as the API shows it; `forgottenRows`: of the version that it was trained on, forgotten since; null while nobody can say. */
export const StudentView = Student.extend({ forgottenRows: z.number().int().nonnegative().nullable().default(null) });
export type StudentView = z.infer<typeof StudentView>;
