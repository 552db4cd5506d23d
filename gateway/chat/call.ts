import type { ErrorCode } from '../../contracts/errors.ts';
import { ERROR_CODES } from '../../contracts/errors.ts';
import type { AttemptRow, TraceRow, TraceStart, TraceStatus } from '../../contracts/traces.ts';
import type { Route } from '../aliases/route.ts';
import { originOf, type Caller } from '../keys/caller.ts';
import { type CostSplit, NO_USAGE, type Usage } from '../providers/provider.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import { traceId } from '../tracing/trace-id.ts';
import type { CallKind, NamedKind } from './call-kind.ts';
import { promptText, type ChatRequest } from './chat-request.ts';
import { askedParameters, offeredTools } from '../../core/chat/request-facts.ts';

/** One call in the making: what its trace is written from. */
export interface Call<Kind extends NamedKind = CallKind> {
  id: string;
  ts: string;
  /** `performance.now()` when it came. */
  beganMs: number;
  /** Milliseconds since 1970. */
  beganAt: number;
  /** Of its time, what went into waiting for targets and for retries. */
  waitedMs: number;
  /** The caller's `traceparent`. */
  parent: string | undefined;
  /** What limits say of it, for its answer. */
  limitHeaders: Readonly<Record<string, string>>;
  kind: Kind;
  caller: Caller;
  request: ChatRequest;
  route: Route;
  attempts: AttemptRow[];
  /** US dollars that targets may charge which another one was faster than. */
  lostUsd: number;
  /** US dollars that attempts without an answer may charge: estimated, and beside what the call cost. */
  unsureUsd: number;
  /** Once it is over. */
  outcome: Outcome | null;
}

/** How a call ended; what is left out is empty or unknown. */
export interface Outcome {
  status: TraceStatus;
  httpStatus: number;
  errorClass?: ErrorCode | '';
  errorMessage?: string;
  modelAnswered?: string;
  response?: string;
  answerText?: string;
  finishReason?: string;
  usage?: Usage;
  costUsd?: number | null;
  /** What it counts with in budgets where `costUsd` is null. */
  estimatedUsd?: number | null;
  costSplit?: CostSplit | null;
  toolsCalled?: string[];
  firstTokenMs?: number;
  /** Of bodies that were passed through. */
  requestBytes?: number;
  responseBytes?: number;
}

interface NewCall<Kind> {
  kind: Kind;
  caller: Caller;
  request: ChatRequest;
  route: Route;
  nowMs: number;
  parent: string | undefined;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** Begins a call. */
export function newCall<Kind extends NamedKind>({ nowMs, ...call }: NewCall<Kind>): Call<Kind> {
  return {
    ...call,
    id: traceId(nowMs),
    ts: clickHouseTime(nowMs),
    beganMs: performance.now(),
    beganAt: nowMs,
    waitedMs: 0,
    limitHeaders: NO_HEADERS,
    attempts: [],
    lostUsd: 0,
    unsureUsd: 0,
    outcome: null,
  };
}

/** What the spool keeps of a call until it ends. */
export function startOf(call: Call<NamedKind>, estimate: Usage, costUsd: number | null): TraceStart {
  return {
    s: 1,
    // Nothing new in it: a gateway of the release before may adopt this spool.
    v: 1,
    id: call.id,
    project: call.caller.project,
    ts: call.ts,
    origin: originOf(call.caller),
    kind: call.kind.name,
    key_id: call.caller.keyId,
    alias: call.route.alias,
    alias_version: call.route.aliasVersion,
    target: call.route.targets[0]!,
    model_asked: call.request.model,
    tokens_in: estimate.tokensIn,
    cost_usd: costUsd,
    metadata: call.request.metadata,
  };
}

/** The trace. Its first fields stand where the shipper looks for them (`segment-lines.ts`). */
export function rowOf(call: Call<NamedKind>, outcome: Outcome): TraceRow {
  const { request, caller, route } = call;
  const last = call.attempts.at(-1);
  const usage = outcome.usage ?? NO_USAGE;
  const { user } = request.body;
  const split = outcome.costSplit;
  const estimatedUsd = estimatedOf(call, outcome);
  return {
    v: 2,
    id: call.id,
    ts: call.ts,
    project: caller.project,
    origin: originOf(caller),
    kind: call.kind.name,
    key_id: caller.keyId,
    alias: route.alias,
    alias_version: route.aliasVersion,
    router_decision: route.decision ?? '',
    target: last?.target ?? route.targets[0]!,
    provider: last?.provider ?? '',
    model_asked: request.model,
    model_answered: outcome.modelAnswered ?? '',
    status: outcome.status,
    http_status: outcome.httpStatus,
    error_class: outcome.errorClass ?? '',
    error_message: outcome.errorMessage ?? '',
    streamed: request.stream,
    request: request.recorded,
    response: outcome.response ?? '',
    prompt_text: promptText(request),
    answer_text: outcome.answerText ?? '',
    tools: offeredTools(request.body),
    tools_called: outcome.toolsCalled ?? [],
    parameters: askedParameters(request.body),
    finish_reason: outcome.finishReason ?? '',
    tokens_in: usage.tokensIn,
    tokens_out: usage.tokensOut,
    tokens_cached: usage.tokensCached,
    tokens_cache_write: usage.tokensCacheWrite,
    tokens_reasoning: usage.tokensReasoning,
    cost_usd: outcome.costUsd ?? null,
    ...(estimatedUsd === null ? {} : { cost_estimated_usd: estimatedUsd }),
    cost_input_usd: split?.inputUsd ?? null,
    cost_output_usd: split?.outputUsd ?? null,
    cost_cached_usd: split?.cachedUsd ?? null,
    cost_cache_write_usd: split?.cacheWriteUsd ?? null,
    latency_ms: Math.round(performance.now() - call.beganMs),
    first_token_ms: Math.round(outcome.firstTokenMs ?? 0),
    ...(outcome.requestBytes === undefined ? {} : { request_bytes: outcome.requestBytes }),
    ...(outcome.responseBytes === undefined ? {} : { response_bytes: outcome.responseBytes }),
    user_id: typeof user === 'string' ? user : '',
    session_id: request.metadata['session_id'] ?? '',
    metadata: request.metadata,
    attempts: call.attempts,
  };
}

/** What counts in budgets beside the cost; null where there is nothing to estimate. */
function estimatedOf({ unsureUsd }: Call<NamedKind>, { costUsd, estimatedUsd }: Outcome): number | null {
  const ofAnswer = costUsd == null ? (estimatedUsd ?? null) : null;
  return ofAnswer === null && unsureUsd === 0 ? null : (ofAnswer ?? 0) + unsureUsd;
}

/** The class of error that a provider's own HTTP status stands for. */
export function classOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not_found';
    case 408:
    case 504:
      return 'upstream_timeout';
    case 413:
      return 'body_too_large';
    case 429:
      return 'rate_limited';
    default:
      return status >= 500 ? 'unavailable' : 'invalid_request';
  }
}

/** Whether a provider's error status says that another target, or a later call, may do better. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || ERROR_CODES[classOfStatus(status)].retryable;
}
