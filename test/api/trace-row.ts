import type { TraceRow } from '../../contracts/traces.ts';

/** The n-th recorded call of a test; each is a second younger than the one before. */
export function traceRow(n: number, changes: Partial<TraceRow> = {}): TraceRow {
  const ms = Date.now() - 3_600_000 + n * 1000;
  const hex = ms.toString(16).padStart(12, '0');
  return {
    v: 1,
    project: 'default',
    id: `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${String(n).padStart(12, '0')}`,
    ts: new Date(ms).toISOString().replace('T', ' ').slice(0, 23),
    origin: 'app',
    key_id: 'admin',
    alias: 'support',
    alias_version: 1,
    target: 'lab/oracle-large',
    provider: 'lab',
    model_asked: 'support',
    model_answered: 'oracle-large',
    status: 'ok',
    http_status: 200,
    error_class: '',
    error_message: '',
    streamed: false,
    request: JSON.stringify({ model: 'support', messages: [{ role: 'user', content: `message ${n}` }] }),
    response: JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'yes' } }] }),
    prompt_text: `message ${n}`,
    answer_text: n % 3 ? 'yes' : 'no',
    finish_reason: 'stop',
    tokens_in: 12,
    tokens_out: 1,
    tokens_cached: 0,
    tokens_reasoning: 0,
    cost_usd: 0.0001,
    latency_ms: 40,
    first_token_ms: 0,
    user_id: '',
    session_id: '',
    metadata: {},
    attempts: [
      {
        target: 'lab/oracle-large',
        provider: 'lab',
        model: 'oracle-large',
        status: 200,
        error_class: '',
        latency_ms: 39,
        tokens_in: 12,
        tokens_out: 1,
        cost_usd: 0.0001,
      },
    ],
    ...changes,
  };
}
