import { splitTarget } from '../../contracts/identifiers.ts';
import type { TraceRow, TraceStart } from '../../contracts/traces.ts';

const MESSAGE = 'The gateway process ended before the call did; tokens and cost are estimates';

/** The trace of a call that a crash cut off: what its start tells, with the estimated spend. */
export function interruptedRow(start: TraceStart): TraceRow {
  const { provider, model } = splitTarget(start.target) ?? { provider: '', model: start.target };
  return {
    v: 2,
    id: start.id,
    ts: start.ts,
    project: start.project,
    origin: start.origin,
    ...(start.kind === undefined ? {} : { kind: start.kind }),
    key_id: start.key_id,
    alias: start.alias,
    alias_version: start.alias_version,
    target: start.target,
    provider,
    model_asked: start.model_asked,
    model_answered: '',
    status: 'interrupted',
    http_status: 0,
    error_class: '',
    error_message: MESSAGE,
    streamed: false,
    request: '',
    response: '',
    prompt_text: '',
    answer_text: '',
    finish_reason: '',
    tokens_in: start.tokens_in,
    tokens_out: 0,
    tokens_cached: 0,
    tokens_reasoning: 0,
    cost_usd: start.cost_usd,
    latency_ms: 0,
    first_token_ms: 0,
    user_id: '',
    session_id: '',
    metadata: start.metadata,
    attempts: [
      {
        target: start.target,
        provider,
        model,
        status: 0,
        error_class: '',
        latency_ms: 0,
        tokens_in: start.tokens_in,
        tokens_out: 0,
        cost_usd: start.cost_usd,
      },
    ],
  };
}
