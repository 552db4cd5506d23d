import { createHash } from 'node:crypto';
import type { TraceRow } from '../../contracts/traces.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import type { ProviderBatch } from '../../store/clickhouse/provider-batches.ts';
import { NO_USAGE } from '../providers/provider.ts';
import { uuidV7 } from '../tracing/trace-id.ts';
import type { BatchShare } from './batch-results.ts';

/** What a batch's traces say besides what it used. */
export interface BatchEnd {
  /** As its provider says; empty where it says nothing. */
  status: string;
  /** How many of its lines came to what, as its provider says. */
  counts: unknown;
  /** Why its cost is an estimate; empty where it is none. */
  estimated: string;
  /** Of the call that made it, as it is stored. */
  metadata: Readonly<Record<string, string>>;
}

/**
 * The traces of a batch that has ended, one for each model, at the time of the call that made it. Their ids are made of that call's
 * and of what they are: the same batch has the same traces, whoever records them.
 */
export function batchTraces(batch: ProviderBatch, shares: readonly BatchShare[], end: BatchEnd): TraceRow[] {
  return shares.map((share, index) => ({
    v: 2,
    id: traceIdOf(batch, index),
    ts: clickHouseTime(batch.createdMs),
    project: batch.project,
    origin: batch.origin,
    kind: 'batches',
    key_id: batch.keyId,
    alias: '',
    alias_version: 0,
    target: `${batch.provider}/${share.model || share.answered || 'batches'}`,
    provider: batch.provider,
    model_asked: share.model,
    model_answered: share.answered,
    // Of an interrupted one the cost is an estimate, as of a call that a crash has cut off.
    status: end.estimated === '' ? 'ok' : 'interrupted',
    http_status: end.estimated === '' ? 200 : 0,
    error_class: '',
    error_message: end.estimated,
    streamed: false,
    request: JSON.stringify({ batch: batch.id, endpoint: batch.endpoint, input_file_id: batch.inputFileId }),
    response: JSON.stringify({ status: end.status, request_counts: end.counts ?? null, answers: share.lines }),
    prompt_text: '',
    answer_text: '',
    finish_reason: '',
    tokens_in: share.usage.tokensIn,
    tokens_out: share.usage.tokensOut,
    tokens_cached: share.usage.tokensCached,
    tokens_cache_write: share.usage.tokensCacheWrite,
    tokens_reasoning: share.usage.tokensReasoning,
    cost_usd: share.costUsd,
    // Hours would tell nothing of how long calls take.
    latency_ms: 0,
    first_token_ms: 0,
    user_id: '',
    session_id: end.metadata['session_id'] ?? '',
    metadata: { ...end.metadata, batch: batch.id, batch_call: batch.callId },
    attempts: [],
  }));
}

/** The share of a batch of which nobody says what it used: all that it may have cost. */
export function worstShare({ models, worstUsd }: ProviderBatch): BatchShare {
  return { model: models.length === 1 ? models[0]! : '', answered: '', lines: 0, usage: NO_USAGE, costUsd: worstUsd };
}

/** A UUIDv7 of the call's time whose other bits are a hash. */
function traceIdOf({ createdMs, project, callId }: ProviderBatch, index: number): string {
  return uuidV7(createdMs, createHash('sha256').update(`${project}\n${callId}\n${index}`).digest());
}
