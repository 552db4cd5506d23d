import { randomBytes } from 'node:crypto';
import type { AttemptRow, TraceRow } from '../../contracts/traces.ts';

/** A UUIDv7 of that millisecond. */
export function uuidAt(ms: number): string {
  const random = randomBytes(10).toString('hex');
  const hex = `${ms.toString(16).padStart(12, '0')}7${random.slice(0, 3)}8${random.slice(3, 18)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A row as the gateway's spool has it. */
export function traceRow(ms: number, values: Partial<TraceRow> = {}): TraceRow {
  return {
    v: 1,
    project: 'default',
    id: uuidAt(ms),
    ts: new Date(ms).toISOString().replace('T', ' ').replace('Z', ''),
    origin: 'app',
    key_id: 'key',
    alias: 'support',
    alias_version: 1,
    target: 'mock/gpt',
    provider: 'mock',
    model_asked: 'support',
    model_answered: 'gpt-2024',
    status: 'ok',
    http_status: 200,
    error_class: '',
    error_message: '',
    streamed: false,
    request: '{"messages":[{"role":"user","content":"where is my card?"}]}',
    response: '{"choices":[]}',
    prompt_text: 'where is my card?',
    answer_text: 'card_arrival',
    finish_reason: 'stop',
    tokens_in: 12,
    tokens_out: 3,
    tokens_cached: 0,
    tokens_reasoning: 0,
    cost_usd: 0.001,
    latency_ms: 432.1,
    first_token_ms: 0,
    user_id: '',
    session_id: '',
    metadata: {},
    attempts: [],
    segment_id: 'segment',
    ...values,
  };
}

/** An attempt that was answered. */
export function answeredAttempt(costUsd: number | null): AttemptRow {
  const of = { target: 'a/b', provider: 'a', model: 'b', status: 200, error_class: '' } as const;
  return { ...of, latency_ms: 1, tokens_in: 1, tokens_out: 1, cost_usd: costUsd };
}

/** Rows as the lines of a segment. */
export function linesOf(rows: readonly TraceRow[]): Buffer {
  return Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n') + '\n');
}
