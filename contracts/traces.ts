import { z } from 'zod';
import { Feedback, VERDICTS } from './feedback.ts';
import { page } from './http.ts';

/** How a call ended. `interrupted`: a crash cut it off and its cost is an estimate; `cancelled`: the caller went away. */
export const TRACE_STATUSES = ['ok', 'error', 'interrupted', 'cancelled'] as const;
export type TraceStatus = (typeof TRACE_STATUSES)[number];

/** Who made the call: an app, a stage of the pipeline (by service key only), or an app that called elsewhere, by a log that was imported. */
export const ORIGINS = ['app', 'pipeline', 'import'] as const;
export type Origin = (typeof ORIGINS)[number];
/** What was called: chat in any of its APIs, or one of the families of paths that have others. */
export const TRACE_KINDS = ['chat', 'embeddings', 'files', 'batches', 'images', 'audio', 'moderations'] as const;
export type TraceKind = (typeof TRACE_KINDS)[number];

/** Of a call that comes through the gateway. */
export type CallOrigin = Exclude<Origin, 'import'>;

/** Why a trace has no bodies: its project stores a share of them; the spool was over its quota; too long for the project's own patterns. */
export const BODIES_LEFT_OUT = ['not_stored', 'shed', 'too_long_to_mask'] as const;
export type BodiesLeftOut = (typeof BODIES_LEFT_OUT)[number];

/** An error's message is kept so far, once it is masked. */
export const LONGEST_ERROR_MESSAGE = 2000;

/** One call the gateway made to one target on behalf of a trace; one element of `traces.attempts`. */
export interface AttemptRow {
  target: string;
  provider: string;
  model: string;
  /** HTTP status of the target's answer; 0 where none came. */
  status: number;
  /** An error code of ours, or empty. */
  error_class: string;
  latency_ms: number;
  tokens_in: number;
  tokens_out: number;
  /** null = unpriced, never 0 for unknown. */
  cost_usd: number | null;
}

/**
 * One row of `traces`, exactly as it lies in the spool and goes to ClickHouse (JSONEachRow): the spool's line is the
 * insert's line, so that shipping parses nothing.
 */
export interface TraceRow {
  /** Version of the record: 2 has what is optional here. Shippers take both, for a spool may be of the program before. */
  v: 1 | 2;
  project: string;
  /** UUIDv7. */
  id: string;
  /** UTC, `YYYY-MM-DD hh:mm:ss.SSS`, the id's own time. */
  ts: string;
  origin: Origin;
  /** Absent: `chat`. */
  kind?: TraceKind | undefined;
  key_id: string;
  /** The alias asked for; empty where a target was named. */
  alias: string;
  alias_version: number;
  /** A `RouterDecision` as JSON; empty where there was no choice. */
  router_decision?: string;
  /** The target that answered, or the last that was tried. */
  target: string;
  provider: string;
  /** `model` as the caller wrote it. */
  model_asked: string;
  /** `model` as the target reported it. */
  model_answered: string;
  status: TraceStatus;
  http_status: number;
  error_class: string;
  error_message: string;
  streamed: boolean;
  /** The request's body as it came, without what the gateway consumes; images by reference (`stillhouse:image/<sha256>`). */
  request: string;
  /** The answer's body; of a stream, the completion put together from its chunks. */
  response: string;
  /** Text of the last user message, for search and embedding. */
  prompt_text: string;
  /** Text of the first choice. */
  answer_text: string;
  /** Why the four above are empty; empty where nobody left them out. */
  bodies?: BodiesLeftOut | '';
  /** Names of the tools that were offered, and of those that the first choice calls. */
  tools?: string[];
  tools_called?: string[];
  /** What was asked for besides messages and tools (temperature, limits, …), as JSON. */
  parameters?: string;
  finish_reason: string;
  tokens_in: number;
  tokens_out: number;
  /** Of `tokens_in`: read from, and written to, the provider's prompt cache. */
  tokens_cached: number;
  tokens_cache_write?: number;
  tokens_reasoning: number;
  cost_usd: number | null;
  /**
   * What it counts with in budgets beside `cost_usd`: where that is null, what it may have cost; what attempts without an answer may have.
   * Absent: nothing.
   */
  cost_estimated_usd?: number | null;
  /** Parts of `cost_usd`; null where only the whole is known. */
  cost_input_usd?: number | null;
  cost_output_usd?: number | null;
  cost_cached_usd?: number | null;
  cost_cache_write_usd?: number | null;
  latency_ms: number;
  /** To the first streamed token; 0 where not streamed. */
  first_token_ms: number;
  /** Of the bodies that were passed through; absent where nobody counted. */
  request_bytes?: number;
  response_bytes?: number;
  user_id: string;
  session_id: string;
  metadata: Record<string, string>;
  attempts: AttemptRow[];
  /** Set by the shipper: the spool segment that brought the row. */
  segment_id?: string;
}

/** Between which targets was chosen, and by what. */
export const RouterDecision = z.looseObject({ by: z.string(), targets: z.array(z.looseObject({ target: z.string() })) });
export type RouterDecision = z.infer<typeof RouterDecision>;

/** A call's start in the spool: what a crash leaves of a call that had not ended. Its line begins with `{"s":1`. */
export interface TraceStart {
  s: 1;
  v: 1 | 2;
  id: string;
  project: string;
  ts: string;
  origin: Origin;
  /** Absent: `chat`. */
  kind?: TraceKind | undefined;
  key_id: string;
  alias: string;
  alias_version: number;
  target: string;
  model_asked: string;
  /** Estimated prompt tokens and cost, should the call never end. */
  tokens_in: number;
  cost_usd: number | null;
  metadata: Record<string, string>;
}

/** An image that a row's body names, in the same segment before it. Its line begins with `{"i":1`. */
export interface SpooledImage {
  i: 1;
  project: string;
  sha256: string;
  base64: string;
}

/** Filters of `GET /api/traces`; `metadata` as `metadata[key]=value` in the query string. */
export const TraceFilter = z.object({
  alias: z.string().optional(),
  /** As asked for, as answered, or the target's with or without its provider. */
  model: z.string().optional(),
  target: z.string().optional(),
  provider: z.string().optional(),
  status: z.enum(TRACE_STATUSES).optional(),
  origin: z.enum(ORIGINS).optional(),
  kind: z.enum(TRACE_KINDS).optional(),
  cluster: z.string().optional(),
  /** Id of the key that called. */
  key: z.string().optional(),
  session: z.string().optional(),
  user: z.string().optional(),
  /** Unpriced calls have no cost to compare. */
  minCostUsd: z.coerce.number().optional(),
  maxCostUsd: z.coerce.number().optional(),
  minLatencyMs: z.coerce.number().optional(),
  maxLatencyMs: z.coerce.number().optional(),
  /** Words that are all in the last user message or the answer, whatever their case; what is no letter or digit parts them. */
  text: z.string().max(1000).optional(),
  /** What people said of it: their newest thumbs, or that they corrected the answer. */
  verdict: z.enum(VERDICTS).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  /** Whether to count all that match, beyond the page. */
  count: z.enum(['true', 'false']).optional(),
});
export type TraceFilter = z.infer<typeof TraceFilter>;

export const EXPORT_FORMATS = ['jsonl', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const Attempt = z.object({
  target: z.string(),
  provider: z.string(),
  model: z.string(),
  status: z.number(),
  errorClass: z.string(),
  latencyMs: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  costUsd: z.number().nullable(),
});

/** A trace as the API lists it: without its bodies. */
export const TraceSummary = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  origin: z.enum(ORIGINS),
  kind: z.enum(TRACE_KINDS),
  alias: z.string(),
  aliasVersion: z.number(),
  target: z.string(),
  provider: z.string(),
  modelAsked: z.string(),
  modelAnswered: z.string(),
  status: z.enum(TRACE_STATUSES),
  httpStatus: z.number(),
  errorClass: z.string(),
  errorMessage: z.string(),
  streamed: z.boolean(),
  /** First 200 characters each. */
  prompt: z.string(),
  answer: z.string(),
  finishReason: z.string(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  costUsd: z.number().nullable(),
  latencyMs: z.number(),
  firstTokenMs: z.number(),
  /** Of the bodies that were passed through; null where nobody counted, as of chat. */
  requestBytes: z.number().nullable(),
  responseBytes: z.number().nullable(),
  metadata: z.record(z.string(), z.string()),
  bodies: z.enum(['stored', ...BODIES_LEFT_OUT]),
});
export type TraceSummary = z.infer<typeof TraceSummary>;

/** A page of traces; `count` where it was asked for. */
export const TracePage = page(TraceSummary).extend({
  /** Counting ends at 10,001: then it is `capped`, and there are at least so many. */
  count: z.object({ traces: z.number().int(), capped: z.boolean() }).optional(),
});
export type TracePage = z.infer<typeof TracePage>;

/** One whole trace. */
export const Trace = TraceSummary.extend({
  keyId: z.string(),
  userId: z.string(),
  sessionId: z.string(),
  tokensCached: z.number(),
  tokensCacheWrite: z.number(),
  tokensReasoning: z.number(),
  /** What it counts with in budgets beside `costUsd` (where that is null: instead of it); null: nothing. */
  costEstimatedUsd: z.number().nullable().optional(),
  /** Parts of `costUsd`; null where only the whole is known. */
  costSplit: z.object({
    inputUsd: z.number().nullable(),
    outputUsd: z.number().nullable(),
    cachedUsd: z.number().nullable(),
    cacheWriteUsd: z.number().nullable(),
  }),
  /** null where there was no choice between targets. */
  routerDecision: RouterDecision.nullable(),
  /** Names of the tools that were offered, and of those that the first choice calls. */
  tools: z.array(z.string()),
  toolsCalled: z.array(z.string()),
  /** JSON where the body was JSON, else the text. */
  request: z.unknown(),
  response: z.unknown(),
  attempts: z.array(Attempt),
});
export type Trace = z.infer<typeof Trace>;

/** `GET /api/traces/{id}`: the trace, and what people said of it, oldest first. */
export const TraceView = Trace.extend({ feedback: z.array(Feedback) });
export type TraceView = z.infer<typeof TraceView>;
