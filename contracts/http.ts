import { z } from 'zod';
import { TuningPrice } from './hosted.ts';
import { Name } from './identifiers.ts';

/** Problem details (RFC 9457): the error body of `/api`. `code` is an `ErrorCode`. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  param: z.string().nullable(),
  /** Numbers and names for programs; `errors` lists every field at fault. */
  data: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** OpenAI's error body: that of `/v1`. */
export interface OpenAIError {
  error: { message: string; type: string; param: string | null; code: string | null };
}

/** A page of a list: pass `nextCursor` as `cursor` for what follows; null = the end. */
export function page<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** Response headers of a data-plane call. */
export const HEADERS = {
  traceId: 'x-stillhouse-trace-id',
  target: 'x-stillhouse-target',
  costUsd: 'x-stillhouse-cost-usd',
  attempts: 'x-stillhouse-attempts',
  /** `true` where the answer is an earlier one, by `Idempotency-Key`. */
  idempotentReplay: 'x-stillhouse-idempotent-replay',
  /** `hit` or `miss`, at aliases with a cache. */
  cache: 'x-stillhouse-cache',
} as const;

/** Header of a request for files or batches: at which provider. */
export const PROVIDER_HEADER = 'x-stillhouse-provider';

/** `POST /api/files` answer: the file's content hash is its id in a dataset's source. */
export const UploadedFile = z.object({ file: z.string(), bytes: z.number().int(), lines: z.number().int() });
export type UploadedFile = z.infer<typeof UploadedFile>;

/** `GET /api/overview`: the last 24 hours in numbers, for the console's first page and `stillhouse status`. */
export const Overview = z.object({
  /** The key's project. */
  project: Name,
  calls: z.number().int(),
  errors: z.number().int(),
  costUsd: z.number().nullable(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  byTarget: z.array(
    z.object({
      target: z.string(),
      calls: z.number().int(),
      errors: z.number().int(),
      costUsd: z.number().nullable(),
      p50Ms: z.number().nullable(),
    }),
  ),
  /** Calls by hour, oldest first. */
  byHour: z.array(z.object({ at: z.iso.datetime(), calls: z.number().int(), errors: z.number().int(), costUsd: z.number().nullable() })),
  spool: z.object({ segments: z.number().int(), bytes: z.number().int(), oldestAgeS: z.number() }),
  temporal: z.enum(['up', 'down']),
  clickhouse: z.enum(['up', 'down']),
  temporalUi: z.string().nullable(),
});
export type Overview = z.infer<typeof Overview>;

/** `GET /api/targets`: what can be called, at what price, and why not where it can't. */
export const TargetInfo = z.object({
  target: z.string(),
  kind: z.enum(['provider', 'student']),
  /** null = unpriced. */
  inputUsdPerMTok: z.number().nullable(),
  outputUsdPerMTok: z.number().nullable(),
  /** Of fine-tuning it at its provider, where the configuration states it. */
  tuning: TuningPrice.optional(),
  ready: z.boolean(),
  /** A sentence; empty where it is ready. */
  reason: z.string(),
});
export type TargetInfo = z.infer<typeof TargetInfo>;
