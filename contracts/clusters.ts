import { z } from 'zod';
import { Metadata } from './chat.ts';
import { ArtifactRef, Name, Sha256, Target } from './identifiers.ts';
import { DEFAULT_PROJECT } from './names.ts';

/** Stages of a run of `clusterTraces`, in order. Without a model `check` is left out. A run with `mode: "assign"` skips all but `assign` and `record`. */
export const CLUSTER_STAGES = ['sample', 'embed', 'cluster', 'check', 'match', 'name', 'assign', 'record'] as const;
export type ClusterStage = (typeof CLUSTER_STAGES)[number];

/** Which traces: those of apps; the pipeline's own stay out. */
export const ClusterSource = z.strictObject({
  alias: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  metadata: Metadata.optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  /** Exclusive. Default: the moment of the start. */
  until: z.iso.datetime({ offset: true }).optional(),
});
export type ClusterSource = z.infer<typeof ClusterSource>;

/** Body of `POST /api/clusters`. */
export const ClusterRequest = z.strictObject({
  /** Default: from the hash of the request. */
  name: Name.optional(),
  /** `cluster` finds clusters anew; `assign` puts traces that came since into those that are there. */
  mode: z.enum(['cluster', 'assign']).default('cluster'),
  source: ClusterSource.default({}),
  /** How many; default: found. */
  clusters: z.number().int().min(2).max(1000).nullable().default(null),
  /** From 0 (few, wide) to 1 (many, narrow). */
  granularity: z.number().min(0).max(1).default(0.5),
  /** Texts that are clustered; all others are assigned to what these came to. */
  maxSample: z.number().int().min(10).max(20_000).default(20_000),
  /** Target of the model that names the clusters; null: keywords. */
  naming: Target.nullable().default(null),
  /**
   * Borders of clusters that the same model looks at, at most: half of them clusters that may be two, half pairs that may be one.
   * 0: none. Without `naming` none are.
   */
  checks: z.number().int().min(0).max(500).default(40),
  /** Hard cap on what checks (half of it at most) and naming cost in US dollars. */
  maxUsd: z.number().positive().max(1_000_000).default(1),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(7),
});
export type ClusterRequest = z.infer<typeof ClusterRequest>;

/** Input of the `clusterTraces` workflow. */
export const ClusterTracesInput = ClusterRequest.extend({ project: Name.default(DEFAULT_PROJECT) });
export type ClusterTracesInput = z.infer<typeof ClusterTracesInput>;

/** What made the vectors: model and precision in one hash. Vectors of different ones are never compared. */
export const EmbedderIdentity = z.object({ name: z.string(), sha256: Sha256, dimensions: z.number().int().positive() });
export type EmbedderIdentity = z.infer<typeof EmbedderIdentity>;

/** What a run came to, in numbers; null where its stage has not ended. */
export const ClusterCounts = z.object({
  /** Traces that the source held at the start. */
  traces: z.number().int().nullable(),
  /** Traces that were read for the sample. */
  sampled: z.number().int().nullable(),
  /** Texts in the sample once near-duplicates are one. */
  texts: z.number().int().nullable(),
  clusters: z.number().int().nullable(),
  /** Borders that the model has looked at; null: none were to be. */
  checked: z.number().int().nullable().default(null),
  /** Clusters that went into another one by it. */
  merged: z.number().int().nullable().default(null),
  /** Clusters that were made two by it. */
  split: z.number().int().nullable().default(null),
  /** Borders of which the model has said nothing usable: they stay as they were. */
  unchecked: z.number().int().nullable().default(null),
  /** Clusters that were there before and kept their identity. */
  kept: z.number().int().nullable(),
  /** Clusters that a model has named in this run. */
  named: z.number().int().nullable(),
  assigned: z.number().int().nullable(),
  outliers: z.number().int().nullable(),
  /** Traces without a text (pictures only, bodies that are not stored), which are in no cluster. */
  withoutText: z.number().int().nullable(),
});
export type ClusterCounts = z.infer<typeof ClusterCounts>;

/** `GET /api/clusters/runs/{name}`: a run of `clusterTraces`. */
export const ClusterRun = z.object({
  project: Name,
  name: Name,
  runId: z.string(),
  workflowId: z.string(),
  status: z.enum(['running', 'completed', 'failed', 'cancelled']),
  stage: z.enum(CLUSTER_STAGES).nullable(),
  /** Hash of what chooses traces without the times: runs of one scope continue each other's clusters. */
  scope: z.string(),
  input: ClusterTracesInput,
  counts: ClusterCounts,
  embedder: EmbedderIdentity.nullable(),
  /** Points of the sample in two dimensions, without texts. */
  map: ArtifactRef.nullable(),
  /** US dollars that checks and names have cost. */
  spentUsd: z.number(),
  warnings: z.array(z.string()),
  error: z.string().nullable(),
  startedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** The last recorded state, while Temporal can't be asked. */
  stale: z.boolean(),
});
export type ClusterRun = z.infer<typeof ClusterRun>;

/** One border that a model was asked about: `GET /api/clusters/runs/{name}/checks`. */
export const ClusterCheck = z.object({
  /** `split`: whether a cluster is two; `merge`: whether two are one. */
  kind: z.enum(['split', 'merge']),
  /** What the model says of the two sides; null: nothing usable. */
  verdict: z.enum(['one', 'two', 'unsure']).nullable(),
  /** `guarded`: the model says one, but a person has named both, it says two of another pair of them, or too many would become one. */
  outcome: z.enum(['split', 'merged', 'kept', 'guarded']),
  /** A sentence, the model's where it has said one. */
  reason: z.string(),
  model: z.string(),
  promptVersion: z.number().int(),
  /** What its answers cost when they were given, which may have been in an earlier run; null where that is not known. */
  costUsd: z.number().nullable(),
  /** The call that decided it; null: none was answered. */
  traceId: z.string().nullable(),
  /** Cosine of the sides' centres once what all texts share is taken off. */
  cosine: z.number(),
  /** Texts of either side, and the cluster that it is in now. */
  sides: z.array(z.object({ texts: z.number().int(), clusterId: z.string(), name: z.string() })).length(2),
});
export type ClusterCheck = z.infer<typeof ClusterCheck>;

/** Who gave a cluster its name. */
export const NAMED_BY = ['person', 'model', 'keywords'] as const;

/** What a cluster is called and which traces belong to it, in words. */
export const ClusterNaming = z.object({
  name: z.string(),
  namedBy: z.enum(NAMED_BY),
  description: z.string(),
  inclusion: z.string(),
  exclusion: z.string(),
});
export type ClusterNaming = z.infer<typeof ClusterNaming>;

/** Body of `PATCH /api/clusters/{id}`. A person's words win over a model's and are kept over runs. */
export const ClusterChanges = z
  .strictObject({
    name: z.string().trim().min(1).max(80).optional(),
    description: z.string().trim().max(1_000).optional(),
    inclusion: z.string().trim().max(1_000).optional(),
    exclusion: z.string().trim().max(1_000).optional(),
  })
  .refine((changes) => Object.keys(changes).length > 0, 'nothing to change is named');
export type ClusterChanges = z.infer<typeof ClusterChanges>;

/** Whether a cluster's answers look like one task, by their shape. */
export const ClusterTask = z.object({
  looksLikeOneTask: z.boolean(),
  /** Of most answers; null where there are none. */
  kind: z.enum(['label', 'json', 'text', 'long']).nullable(),
  /** A sentence. */
  reason: z.string(),
  /** Of label tasks the most frequent answers, of JSON tasks the fields that nearly all have. */
  labels: z.array(z.string()),
  fields: z.array(z.string()),
  /** The smallest that usually learns it, as `student` of a distillation names it; null where it is not one task. */
  student: z.string().nullable(),
});
export type ClusterTask = z.infer<typeof ClusterTask>;

/** One cluster with its figures. */
export const Cluster = ClusterNaming.extend({
  id: z.string(),
  keywords: z.array(z.string()),
  /** The run that it comes from. */
  run: Name,
  scope: z.string(),
  alias: z.string().nullable(),
  /** Traces in it, outliers left out. */
  size: z.number().int(),
  outliers: z.number().int(),
  /** Of all assigned traces. */
  share: z.number(),
  /** US dollars; null where no call has a price. */
  costUsd: z.number().nullable(),
  costShare: z.number().nullable(),
  errors: z.number().int(),
  errorShare: z.number(),
  p50Ms: z.number().nullable(),
  /** Mean cosine between a member and the others. */
  coherence: z.number(),
  /** By how much traces that came after the run are further from the centre, as a mean cosine; null where there are too few. */
  drift: z.number().nullable(),
  task: ClusterTask,
  /** US dollars a month that `task.student` would save at this traffic; null where nothing can be said. */
  savingUsdPerMonth: z.number().nullable(),
  /** Place of its centre on the map. */
  x: z.number(),
  y: z.number(),
});
export type Cluster = z.infer<typeof Cluster>;

/** A trace in a cluster, as the detail shows it. */
export const ClusterMember = z.object({
  traceId: z.string(),
  at: z.iso.datetime(),
  similarity: z.number(),
  outlier: z.boolean(),
  prompt: z.string(),
  answer: z.string(),
});
export type ClusterMember = z.infer<typeof ClusterMember>;

/** `GET /api/clusters/{id}`. */
export const ClusterDetail = Cluster.extend({
  /** Nearest the centre, equal prompts once. */
  nearest: z.array(ClusterMember),
  /** Nearly another cluster's. */
  borderline: z.array(ClusterMember.extend({ otherId: z.string(), otherName: z.string(), margin: z.number() })),
});
export type ClusterDetail = z.infer<typeof ClusterDetail>;

/** `GET /api/clusters/map`: where centres and the sample lie. */
export const ClusterMap = z.object({
  run: Name.nullable(),
  points: z.array(z.object({ x: z.number(), y: z.number(), clusterId: z.string(), outlier: z.boolean() })),
});
export type ClusterMap = z.infer<typeof ClusterMap>;

/** Body of `POST /api/clusters/schedule`: the request, again and again; `everyMinutes: 0` ends it. */
export const ClusterScheduleRequest = z.strictObject({
  everyMinutes: z
    .number()
    .int()
    .min(0)
    .max(60 * 24 * 31),
  request: ClusterRequest.omit({ name: true }).prefault({ mode: 'assign' }),
});
export type ClusterScheduleRequest = z.infer<typeof ClusterScheduleRequest>;

/** A schedule as it stands in Temporal. */
export const ClusterSchedule = z.object({
  id: z.string(),
  everyMinutes: z.number().int(),
  request: ClusterRequest.omit({ name: true }),
  nextAt: z.iso.datetime().nullable(),
});
export type ClusterSchedule = z.infer<typeof ClusterSchedule>;
