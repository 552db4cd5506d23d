import { jsonOrText } from '../../core/json-nesting.ts';
import { z } from 'zod';
import {
  BODIES_LEFT_OUT,
  ORIGINS,
  RouterDecision,
  TRACE_KINDS,
  TRACE_STATUSES,
  type Trace,
  type TraceSummary,
} from '../../contracts/traces.ts';

/** Columns of a trace in a list: everything but its bodies. */
export const SUMMARY_COLUMNS = `id, ts, origin, kind, alias, alias_version, target, provider, model_asked, model_answered, status, http_status, error_class,
  error_message, streamed, substringUTF8(prompt_text, 1, 200) AS prompt, substringUTF8(answer_text, 1, 200) AS answer, finish_reason, tokens_in, tokens_out,
  cost_usd, latency_ms, first_token_ms, request_bytes, response_bytes, metadata, bodies`;

/** Columns of one whole trace. */
export const TRACE_COLUMNS = `${SUMMARY_COLUMNS}, key_id, user_id, session_id, tokens_cached, tokens_cache_write, tokens_reasoning,
  cost_estimated_usd, cost_input_usd, cost_output_usd, cost_cached_usd, cost_cache_write_usd, router_decision, tools, tools_called, request, response, attempts`;

/** A row of `SUMMARY_COLUMNS`. */
export const SummaryRow = z.object({
  id: z.string(),
  ts: z.string(),
  origin: z.enum(ORIGINS),
  kind: z.enum(TRACE_KINDS),
  alias: z.string(),
  alias_version: z.number(),
  target: z.string(),
  provider: z.string(),
  model_asked: z.string(),
  model_answered: z.string(),
  status: z.enum(TRACE_STATUSES),
  http_status: z.number(),
  error_class: z.string(),
  error_message: z.string(),
  streamed: z.boolean(),
  prompt: z.string(),
  answer: z.string(),
  finish_reason: z.string(),
  tokens_in: z.number(),
  tokens_out: z.number(),
  cost_usd: z.number().nullable(),
  latency_ms: z.number(),
  first_token_ms: z.number(),
  request_bytes: z.number().nullable(),
  response_bytes: z.number().nullable(),
  metadata: z.record(z.string(), z.string()),
  bodies: z.enum(['', ...BODIES_LEFT_OUT]),
});

/** A row of `TRACE_COLUMNS`. */
export const WholeRow = SummaryRow.extend({
  key_id: z.string(),
  user_id: z.string(),
  session_id: z.string(),
  tokens_cached: z.number(),
  tokens_cache_write: z.number(),
  tokens_reasoning: z.number(),
  cost_estimated_usd: z.number().nullable(),
  cost_input_usd: z.number().nullable(),
  cost_output_usd: z.number().nullable(),
  cost_cached_usd: z.number().nullable(),
  cost_cache_write_usd: z.number().nullable(),
  router_decision: z.string(),
  tools: z.array(z.string()),
  tools_called: z.array(z.string()),
  request: z.string(),
  response: z.string(),
  attempts: z.array(
    z.object({
      target: z.string(),
      provider: z.string(),
      model: z.string(),
      status: z.number(),
      error_class: z.string(),
      latency_ms: z.number(),
      tokens_in: z.number(),
      tokens_out: z.number(),
      cost_usd: z.number().nullable(),
    }),
  ),
});

/** A row as the API lists it. */
export function toSummary(row: z.output<typeof SummaryRow>): TraceSummary {
  return {
    id: row.id,
    at: row.ts,
    origin: row.origin,
    kind: row.kind,
    alias: row.alias,
    aliasVersion: row.alias_version,
    target: row.target,
    provider: row.provider,
    modelAsked: row.model_asked,
    modelAnswered: row.model_answered,
    status: row.status,
    httpStatus: row.http_status,
    errorClass: row.error_class,
    errorMessage: row.error_message,
    streamed: row.streamed,
    prompt: row.prompt,
    answer: row.answer,
    finishReason: row.finish_reason,
    tokensIn: row.tokens_in,
    tokensOut: row.tokens_out,
    costUsd: row.cost_usd,
    latencyMs: row.latency_ms,
    firstTokenMs: row.first_token_ms,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    metadata: row.metadata,
    bodies: row.bodies || 'stored',
  };
}

/** A row as the API shows one trace. */
export function toTrace(row: z.output<typeof WholeRow>): Trace {
  return {
    ...toSummary(row),
    keyId: row.key_id,
    userId: row.user_id,
    sessionId: row.session_id,
    tokensCached: row.tokens_cached,
    tokensCacheWrite: row.tokens_cache_write,
    tokensReasoning: row.tokens_reasoning,
    costEstimatedUsd: row.cost_estimated_usd,
    costSplit: {
      inputUsd: row.cost_input_usd,
      outputUsd: row.cost_output_usd,
      cachedUsd: row.cost_cached_usd,
      cacheWriteUsd: row.cost_cache_write_usd,
    },
    routerDecision: RouterDecision.safeParse(jsonOrText(row.router_decision)).data ?? null,
    tools: row.tools,
    toolsCalled: row.tools_called,
    request: jsonOrText(row.request),
    response: jsonOrText(row.response),
    attempts: row.attempts.map((attempt) => ({
      target: attempt.target,
      provider: attempt.provider,
      model: attempt.model,
      status: attempt.status,
      errorClass: attempt.error_class,
      latencyMs: attempt.latency_ms,
      tokensIn: attempt.tokens_in,
      tokensOut: attempt.tokens_out,
      costUsd: attempt.cost_usd,
    })),
  };
}
