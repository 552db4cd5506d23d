/** Names that cross a process boundary: an API of the product, changed only through `patched()` and a migration. */

/** Temporal task queues. `cuda` runs activities only, one at a time per device. */
export const QUEUES = { main: 'stillhouse', cuda: 'cuda' } as const;

/** Workflow types; every one takes one JSON object. */
export const WORKFLOWS = {
  distil: 'distil',
  registry: 'registry',
  buildDataset: 'buildDataset',
  clusterTraces: 'clusterTraces',
  /** A project's imports, one after the other. */
  importTraces: 'importTraces',
  judgeDataset: 'judgeDataset',
  forgetTraces: 'forgetTraces',
  inspectDataset: 'inspectDataset',
  /** One event to one address, a child of `clusterTraces`. */
  deliverWebhook: 'deliverWebhook',
  /** One training of a search, a child of `distil`. */
  trial: 'trial',
} as const;

/** Update, signal and query names of the workflows. */
export const MESSAGES = {
  /** registry: makes sure that the project's first snapshot exists */
  ensure: 'ensure',
  putAlias: 'putAlias',
  deleteAlias: 'deleteAlias',
  rollbackAlias: 'rollbackAlias',
  putStudent: 'putStudent',
  placeStudent: 'placeStudent',
  putKey: 'putKey',
  revokeKey: 'revokeKey',
  putSecret: 'putSecret',
  putProject: 'putProject',
  /** importTraces: one more file */
  importFile: 'importFile',
  /** distil */
  pause: 'pause',
  resume: 'resume',
  approve: 'approve',
  state: 'state',
} as const;

/** Custom search attributes, all of type Keyword. */
export const SEARCH_ATTRIBUTES = {
  project: 'StillhouseProject',
  stage: 'StillhouseStage',
  alias: 'StillhouseAlias',
  teacher: 'StillhouseTeacher',
  student: 'StillhouseStudent',
  decision: 'StillhouseDecision',
} as const;

/** Deterministic workflow ids: a second start joins the run that exists. */
export const workflowIds = {
  registry: (project: string) => `registry/${project}`,
  distil: (project: string, name: string) => `distil/${project}/${name}`,
  trial: (project: string, name: string, trial: number) => `distil/${project}/${name}/trial-${trial + 1}`,
  clusterTraces: (project: string, name: string) => `clusters/${project}/${name}`,
  importTraces: (project: string) => `imports/${project}`,
  forgetTraces: (project: string, name: string) => `forget/${project}/${name}`,
  judgeDataset: (project: string, dataset: string, name: string) => `judge/${project}/${dataset}/${name}`,
  inspectDataset: (project: string, dataset: string, version: number) => `inspect/${project}/${dataset}/${version}`,
  deliverWebhook: (project: string, webhook: string, event: string) => `webhook/${project}/${webhook}/${event}`,
  buildDataset: (project: string, name: string, sourceHash: string) => `dataset/${project}/${name}/${sourceHash.slice(0, 16)}`,
};

/** Processes of a stack, as `run/parts.json` names them. */
export const PARTS = ['temporal', 'clickhouse', 'gateway', 'worker', 'gpu-worker', 'student-server'] as const;
export type PartName = (typeof PARTS)[number];

/** One entry of `STILLHOUSE_HOME/run/parts.json`. */
export interface Part {
  name: PartName;
  /** The serving process; null while it is down. */
  pid: number | null;
  /** An http URL; `host:port` for Temporal; null for parts that listen on nothing. */
  address: string | null;
  restarts: number;
}

/** ClickHouse tables; snake_case plurals. */
export const TABLES = {
  traces: 'traces',
  attempts: 'attempts',
  stateVersions: 'state_versions',
  datasets: 'datasets',
  datasetRows: 'dataset_rows',
  datasetGold: 'dataset_gold',
  datasetVerdicts: 'dataset_verdicts',
  datasetJudgements: 'dataset_judgements',
  datasetEdits: 'dataset_edits',
  datasetLeftOut: 'dataset_left_out',
  datasetSuspicions: 'dataset_suspicions',
  candidates: 'candidates',
  distillations: 'distillations',
  distillationEvents: 'distillation_events',
  trainingMetrics: 'training_metrics',
  feedback: 'feedback',
  traceClusters: 'trace_clusters',
  usageMinutes: 'usage_minutes',
  usageDays: 'usage_days',
  imageUses: 'image_uses',
  clusters: 'clusters',
  clusterEdits: 'cluster_edits',
  clusterRuns: 'cluster_runs',
  clusterChecks: 'cluster_checks',
  forgotten: 'forgotten',
  providerObjects: 'provider_objects',
  providerBatches: 'provider_batches',
} as const;

/** The project of a caller that names none. */
export const DEFAULT_PROJECT = 'default';

/** Header of a request with the admin or the service key: whose data it is about. Keys of apps have a project. */
export const PROJECT_HEADER = 'x-stillhouse-project';
