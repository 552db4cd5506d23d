import { createHash } from 'node:crypto';
import { lastUserText, textOf } from '../../contracts/chat.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { askedParameters, calledTools, offeredTools } from '../../core/chat/request-facts.ts';
import type { ImportedCall } from '../../core/imports/imported-call.ts';
import { LineFault } from '../../core/imports/imported-call.ts';
import { canonicalJson } from '../../platform/content-hash.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';

/** Where a row goes, and what holds for the whole file. */
export interface ImportPlace {
  project: string;
  /** Milliseconds since 1970 for calls of which the log does not say it; null: they are refused. */
  at: number | null;
  /** Calls before that (milliseconds since 1970) are kept no longer; null: all are. */
  keptSince: number | null;
}

/** Of a provider that the log does not name. */
const SOMEBODY = 'imported';

/** The trace of an imported call. Its id is made of time and source, so that the same call has the same id, whenever it comes. */
export function importRow(call: ImportedCall, { project, at, keptSince }: ImportPlace): TraceRow {
  const ms = call.at ?? at;
  if (ms === null) throw new LineFault('has no time: say with "at" when the calls of this file were made');
  if (keptSince !== null && ms < keptSince)
    throw new LineFault(`is of ${new Date(ms).toISOString()}: the project keeps traces no longer so long`);
  const request = canonicalOrder(call);
  const provider = call.provider || SOMEBODY;
  const model = call.modelAsked || call.modelAnswered || 'unknown';
  const target = `${provider}/${model}`;
  const errorClass = call.error === null ? '' : classOf(call.httpStatus);
  return {
    v: 2,
    id: importId(project, ms, call.sourceId ?? canonicalJson([request, call.answer])),
    ts: clickHouseTime(ms),
    project,
    origin: 'import',
    key_id: '',
    alias: '',
    alias_version: 0,
    router_decision: '',
    target,
    provider,
    model_asked: model,
    model_answered: call.modelAnswered,
    status: call.error === null ? 'ok' : 'error',
    http_status: call.httpStatus,
    error_class: errorClass,
    error_message: call.error ?? '',
    streamed: call.streamed,
    request: JSON.stringify(request),
    response: call.answer === null ? '' : JSON.stringify(completion(call, model)),
    prompt_text: lastUserText(call.messages),
    answer_text: textOf(call.answer ?? undefined),
    tools: offeredTools(call.parameters),
    tools_called: calledTools(call.answer),
    parameters: askedParameters(call.parameters),
    finish_reason: call.finishReason,
    tokens_in: call.usage.input,
    tokens_out: call.usage.output,
    tokens_cached: call.usage.cached,
    tokens_reasoning: call.usage.reasoning,
    cost_usd: call.costUsd,
    latency_ms: call.latencyMs,
    first_token_ms: call.firstTokenMs,
    user_id: call.userId,
    session_id: call.sessionId,
    metadata: { ...call.metadata },
    attempts: [
      {
        target,
        provider,
        model,
        status: call.httpStatus,
        error_class: errorClass,
        latency_ms: call.latencyMs,
        tokens_in: call.usage.input,
        tokens_out: call.usage.output,
        cost_usd: call.costUsd,
      },
    ],
  };
}

/** A UUID of version 7 (RFC 9562) of that time, its other bits of a hash instead of by chance. */
export function importId(project: string, ms: number, source: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([project, source]))
    .digest('hex');
  const time = ms.toString(16).padStart(12, '0');
  const variant = ((Number.parseInt(hash[3]!, 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}

function canonicalOrder({ modelAsked, messages, parameters }: ImportedCall): Record<string, unknown> {
  return { ...(modelAsked === '' ? {} : { model: modelAsked }), messages, ...parameters };
}

function completion({ answer, finishReason, usage }: ImportedCall, model: string): Record<string, unknown> {
  return {
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: answer, finish_reason: finishReason === '' ? null : finishReason }],
    usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output },
  };
}

/** As the gateway classes what a provider answers. */
function classOf(status: number): string {
  if (status === 401) return 'unauthorized';
  if (status === 429) return 'rate_limited';
  return status >= 400 && status < 500 ? 'invalid_request' : 'unavailable';
}
