import type { Message } from '../../contracts/chat.ts';
import { answer, count, dollars, isTrue, list, messages, number, object, pairs, text, time } from './fields.ts';
import { type ImportedCall, LineFault, type LogReader, type Loose } from './imported-call.ts';

/** OpenTracy: rows of its `llm_traces` as JSON, or its agents' traces (`{trace_id, request, response, history}`). */
export function opentracyLog(nowMs: number): LogReader {
  return {
    knows: (line) => 'selected_model' in line || ('trace_id' in line && 'duration_ms' in line && 'success' in line),
    read: (line) => ('selected_model' in line ? engineCall(line, nowMs) : agentCall(line, nowMs)),
  };
}

function engineCall(line: Loose, nowMs: number): ImportedCall | null {
  // A question to the router alone.
  if (text(line, 'request_type') === 'route') return null;
  const failed = isTrue(line['is_error']);
  const given = list(line['input_messages']);
  const asked = text(line, 'input_text');
  const calls = list(line['response_tool_calls']) ?? [];
  const read = failed ? null : (answer(line['output_message']) ?? answer(line['output_text']));
  if (!read && calls.length === 0 && !failed)
    throw new LineFault('output_message: there is no answer; OpenTracy keeps it where it is told to');
  const message: Message | null = failed ? null : { role: 'assistant', content: null, ...read?.message };
  const tools = list(line['request_tools']) ?? [];
  return {
    ...blank(line, nowMs),
    sourceId: text(line, 'request_id') || null,
    provider: text(line, 'provider'),
    modelAsked: text(line, 'selected_model'),
    parameters: tools.length > 0 ? { tools } : {},
    messages: given && given.length > 0 ? messages(given, 'input_messages') : textMessage(asked, 'input_messages'),
    answer: message && calls.length > 0 && !('tool_calls' in message) ? { ...message, tool_calls: calls } : message,
    finishReason: text(line, 'finish_reason') || (read?.finishReason ?? ''),
    costUsd: costOf(line, 'total_cost_usd'),
    latencyMs: count(line, 'latency_ms'),
    firstTokenMs: isTrue(line['is_stream']) ? count(line, 'ttft_ms') : 0,
    streamed: isTrue(line['is_stream']),
    error: failed ? text(line, 'error_message', 'error_category') || 'the call failed' : null,
    httpStatus: failed ? 0 : 200,
  };
}

function agentCall(line: Loose, nowMs: number): ImportedCall {
  const failed = line['success'] === false;
  const read = failed ? null : answer(line['response']);
  if (!read && !failed) throw new LineFault('response: there is no answer');
  const routed = (list(line['stages']) ?? []).map((stage) => text(object(stage) ?? {}, 'routing_model')).find((model) => model !== '');
  const history = list(line['history']) ?? [];
  const slash = routed?.indexOf('/') ?? -1;
  return {
    ...blank(line, nowMs),
    sourceId: text(line, 'trace_id') || null,
    provider: slash > 0 ? routed!.slice(0, slash) : '',
    modelAsked: routed?.slice(slash + 1) ?? '',
    messages: [...(history.length > 0 ? messages(history, 'history') : []), ...textMessage(text(line, 'request'), 'request')],
    answer: read?.message ?? null,
    costUsd: costOf(line, 'cost_usd'),
    latencyMs: count(line, 'duration_ms'),
    error: failed ? text(line, 'error') || 'the call failed' : null,
    httpStatus: failed ? 0 : 200,
    metadata: pairs(line['metadata'], { agent_version: text(line, 'agent_version'), channel: text(line, 'channel') }),
  };
}

function textMessage(content: string, where: string): Message[] {
  if (content === '') throw new LineFault(`${where}: there are no messages`);
  return [{ role: 'user', content }];
}

function costOf(line: Loose, name: string): number | null {
  return dollars(number(line, name), count(line, 'tokens_in') + count(line, 'tokens_out'));
}

function blank(line: Loose, nowMs: number): ImportedCall {
  return {
    sourceId: null,
    at: time(line, nowMs, 'timestamp'),
    provider: '',
    modelAsked: '',
    modelAnswered: '',
    parameters: {},
    messages: [],
    answer: null,
    finishReason: '',
    usage: { input: count(line, 'tokens_in'), output: count(line, 'tokens_out'), cached: 0, reasoning: 0 },
    costUsd: null,
    latencyMs: 0,
    firstTokenMs: 0,
    streamed: false,
    error: null,
    httpStatus: 200,
    userId: text(line, 'user_id'),
    sessionId: text(line, 'session_id'),
    metadata: {},
  };
}
