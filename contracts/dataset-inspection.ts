import { z } from 'zod';
import { EmbedderIdentity } from './clusters.ts';
import { Name } from './identifiers.ts';
import { DEFAULT_PROJECT } from './names.ts';

/** Input of the `inspectDataset` workflow. */
export const InspectDatasetInput = z.strictObject({
  project: Name.default(DEFAULT_PROJECT),
  dataset: Name,
  version: z.number().int().positive(),
});
export type InspectDatasetInput = z.infer<typeof InspectDatasetInput>;

/** Test rows beside the training rows: what is nearly the same in both is learned by heart, not understood. */
export const Leakage = z.object({
  testRows: z.number().int(),
  /** Near-duplicate groups with rows in both: 0, or the splits are broken. */
  sharedGroups: z.number().int(),
  /** Test rows with the letters and digits of a training row, whatever stands between them. */
  sameWords: z.number().int(),
  /** Cosine from which on a row counts as nearly the same. */
  nearFrom: z.number(),
  /** Test rows with a training row that near. */
  near: z.number().int(),
  /** Cosine of test rows to their nearest training row: quantiles; null where there are no test or no training rows. */
  nearest: z.object({ p10: z.number(), p50: z.number(), p90: z.number(), p99: z.number(), max: z.number() }).nullable(),
  /** Test rows by that cosine: `count` of them at `from` and above, below the next. */
  histogram: z.array(z.object({ from: z.number(), count: z.number().int() })),
  /** The nearest pairs. */
  pairs: z.array(z.object({ testRow: z.string(), trainRow: z.string(), cosine: z.number() })),
});
export type Leakage = z.infer<typeof Leakage>;

/** What an inspection of a version found. */
export const InspectionCard = z.object({
  dataset: Name,
  version: z.number().int().positive(),
  embedder: EmbedderIdentity,
  rows: z.number().int(),
  /** Rows whose neighbours mostly have another answer. */
  suspects: z.number().int(),
  leakage: Leakage,
});
export type InspectionCard = z.infer<typeof InspectionCard>;

/** `GET /api/datasets/{name}/inspection`. */
export const Inspection = z.object({
  dataset: Name,
  version: z.number().int().positive(),
  status: z.enum(['none', 'running', 'completed', 'failed']),
  error: z.string().nullable(),
  card: InspectionCard.nullable(),
});
export type Inspection = z.infer<typeof Inspection>;
