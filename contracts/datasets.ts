import { z } from 'zod';
import { Message, Metadata } from './chat.ts';
import { RowFilters } from './dataset-curation.ts';
import { Name, Sha256 } from './identifiers.ts';
import { VERDICTS } from './feedback.ts';
import { DEFAULT_PROJECT } from './names.ts';

export const SPLITS = ['train', 'validation', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** How a split is exported: to OpenAI's fine-tuning, as ShareGPT, or as lines that a dataset is built from. */
export const DATASET_EXPORT_FORMATS = ['openai', 'sharegpt', 'stillhouse'] as const;
export type DatasetExportFormat = (typeof DATASET_EXPORT_FORMATS)[number];
/** Besides lines of JSON: all columns of the rows as Parquet. */
export const DATASET_FILE_FORMATS = [...DATASET_EXPORT_FORMATS, 'parquet'] as const;
export type DatasetFileFormat = (typeof DATASET_FILE_FORMATS)[number];

/** What kind of answer the rows have. */
export const Task = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('label'),
    /** The closed set; default: the answers seen. An answer outside a closed set is an error that names the row. */
    labels: z.array(z.string().min(1)).min(2).max(10_000).optional(),
  }),
  z.strictObject({ kind: z.literal('json') }),
  z.strictObject({ kind: z.literal('text') }),
]);
export type Task = z.infer<typeof Task>;

/** Where rows come from: recorded traces, or a JSONL file uploaded by `POST /api/files`. */
export const DatasetSource = z.union([
  z.strictObject({
    traces: z.strictObject({
      alias: z.string().optional(),
      model: z.string().optional(),
      target: z.string().optional(),
      provider: z.string().optional(),
      /** Id of a cluster; its outliers stay out. */
      cluster: z.string().optional(),
      /** Id of the key that called. */
      key: z.string().optional(),
      session: z.string().optional(),
      user: z.string().optional(),
      /** What people said of the call: their newest thumbs, or that they corrected the answer. */
      verdict: z.enum(VERDICTS).optional(),
      metadata: Metadata.optional(),
      since: z.iso.datetime({ offset: true }).optional(),
      /** Default: now, fixed once when the build starts. */
      until: z.iso.datetime({ offset: true }).optional(),
    }),
  }),
  z.strictObject({ file: Sha256 }),
]);
export type DatasetSource = z.infer<typeof DatasetSource>;

/** Shares of the splits; they are applied to near-duplicate groups, by hash. */
export const SplitShares = z
  .strictObject({ train: z.number().positive(), validation: z.number().positive(), test: z.number().positive() })
  .refine((s) => Math.abs(s.train + s.validation + s.test - 1) < 1e-6, 'shares must add up to 1');
export const DEFAULT_SPLITS = { train: 0.6, validation: 0.15, test: 0.25 };

/** Body of `POST /api/datasets`: the same name and source joins, another source makes a new version. */
export const DatasetRequest = z.strictObject({
  name: Name,
  source: DatasetSource,
  task: Task,
  /** Default: those of the versions that there are, else 60 / 15 / 25 %. Another one is refused there: it would move test rows into training. */
  splits: SplitShares.optional(),
  /** Default: nothing but what can't be learned from is left out. */
  filters: RowFilters.optional(),
});
export type DatasetRequest = z.infer<typeof DatasetRequest>;

/** Input of the `buildDataset` workflow. */
export const BuildDatasetInput = DatasetRequest.extend({
  project: Name.default(DEFAULT_PROJECT),
  splits: SplitShares.default(DEFAULT_SPLITS),
  /** Up to when people's edits, and judges' verdicts, count, by the database's clock. Default: the start of the build. */
  curatedUntil: z.iso.datetime().optional(),
});
export type BuildDatasetInput = z.infer<typeof BuildDatasetInput>;

/** One line of an uploaded JSONL file. */
export const DatasetFileLine = z.looseObject({
  messages: z.array(Message).min(1),
  /** The reference answer; default: the last message where the assistant wrote it. */
  answer: z.string().optional(),
  gold: z.string().optional(),
  tools: z.array(z.unknown()).optional(),
  response_format: z.unknown().optional(),
});

/** One row of a dataset version: immutable. Gold answers lie apart. */
export interface DatasetRow {
  /** Stable over versions: hash of the trace id, or of a file's row with its number among equal ones. */
  rowId: string;
  /** Hash of the normalised prompt (messages, tools, response format): candidates belong to it. */
  promptHash: string;
  /** Near-duplicate group: hash of the last user text after trimming and case folding. A group never crosses splits. */
  group: string;
  split: Split;
  /** 0-based place within its split, in hash order: shards are ranges of it. */
  position: number;
  messages: Message[];
  tools: unknown[] | null;
  responseFormat: unknown;
  /** Sampling parameters of the recorded call, without `temperature`. */
  parameters: Record<string, unknown>;
  /** The trace's own answer. */
  reference: string;
  /** The target that gave the reference; empty for files. */
  referenceTarget: string;
  /** Prompt tokens that the recorded call was billed for; 0 where unknown. */
  promptTokens: number;
  traceId: string;
}

export const DATASET_STATUSES = ['building', 'ready', 'failed'] as const;

/** One version of a dataset, as it is recorded. */
export const Dataset = z.object({
  project: Name,
  name: Name,
  version: z.number().int().positive(),
  /** Content hash of rows, gold and splits; empty while building. */
  hash: z.string(),
  status: z.enum(DATASET_STATUSES),
  source: DatasetSource,
  sourceHash: z.string(),
  task: Task,
  splits: SplitShares,
  filters: RowFilters.optional(),
  curatedUntil: z.iso.datetime().optional(),
  rows: z.object({ train: z.number().int(), validation: z.number().int(), test: z.number().int() }),
  /** Rows with a gold answer. */
  goldRows: z.number().int(),
  /** Answers and how often each was given. */
  labels: z.record(z.string(), z.number().int()),
  /** Traces or lines left out, by reason. */
  skipped: z.record(z.string(), z.number().int()),
  warnings: z.array(z.string()),
  error: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Dataset = z.infer<typeof Dataset>;

/** `GET /api/datasets/{name}`: a version, and which one is the newest that can be used; null where none is ready. */
export const DatasetView = Dataset.extend({
  newestReady: z.number().int().positive().nullable(),
  /** Rows of this version that were forgotten since. */
  forgottenRows: z.number().int().nonnegative().default(0),
});
export type DatasetView = z.infer<typeof DatasetView>;
