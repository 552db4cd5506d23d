import { answer, between, count, dollars, field, list, messages, number, object, pairs, parameters, text, time } from './fields.ts';
import { type ImportedCall, LineFault, type LogReader, type Loose } from './imported-call.ts';

/** Langfuse: observations, as its API (`startTime`) or its export to a bucket (`start_time`) writes them. Only generations are calls. */
export function langfuseLog(nowMs: number): LogReader {
  return {
    knows: (line) =>
      typeof line['type'] === 'string' &&
      (typeof line['traceId'] === 'string' || typeof line['trace_id'] === 'string' || 'startTime' in line),
    read(line) {
      if (text(line, 'type') !== 'GENERATION') return null;
      const input = object(line['input']);
      const asked = input && Array.isArray(input['messages']) ? input : undefined;
      const failed = text(line, 'level') === 'ERROR';
      const read = failed ? null : answer(line['output']);
      if (!read && !failed) throw new LineFault('output: there is no answer');
      const [began, ended, first] = [
        time(line, nowMs, 'startTime', 'start_time'),
        time(line, nowMs, 'endTime', 'end_time'),
        time(line, nowMs, 'completionStartTime', 'completion_start_time'),
      ];
      const tokens = usageOf(line);
      const costs = object(field(line, 'costDetails', 'cost_details'));
      const cost = number(costs ?? {}, 'total') ?? number(line, 'calculatedTotalCost', 'totalCost', 'total_cost');
      return {
        sourceId: text(line, 'id') || null,
        at: began,
        provider: '',
        modelAsked: text(line, 'model', 'providedModelName', 'provided_model_name'),
        modelAnswered: read?.model ?? '',
        parameters: { ...parameters(object(field(line, 'modelParameters', 'model_parameters'))), ...parameters(asked) },
        messages: messagesOf(asked?.['messages'] ?? line['input']),
        answer: read?.message ?? null,
        finishReason: read?.finishReason ?? '',
        usage: tokens,
        costUsd: dollars(cost, tokens.input + tokens.output),
        latencyMs: between(began, ended),
        firstTokenMs: between(began, first),
        streamed: first !== null,
        error: failed ? text(line, 'statusMessage', 'status_message') || 'the call failed' : null,
        httpStatus: failed ? 0 : 200,
        userId: text(line, 'userId', 'user_id'),
        sessionId: text(line, 'sessionId', 'session_id'),
        metadata: pairs(line['metadata'], { langfuse_name: text(line, 'name'), langfuse_trace: text(line, 'traceId', 'trace_id') }),
      } satisfies ImportedCall;
    },
  };
}

/** A prompt may be a text, a message, or a list of them. */
function messagesOf(input: unknown) {
  if (list(input)) return messages(input, 'input');
  const one = object(input);
  if (one) return messages(typeof one['role'] === 'string' ? [one] : undefined, 'input');
  if (typeof input === 'string' && input !== '') return [{ role: 'user', content: input }];
  throw new LineFault('input: there are no messages');
}

function usageOf(line: Loose): ImportedCall['usage'] {
  const given = object(field(line, 'usageDetails', 'usage_details')) ?? object(line['usage']) ?? {};
  const cached = count(given, 'input_cached_tokens', 'cache_read_input_tokens', 'input_cache_read');
  return {
    // Langfuse counts the cached ones apart.
    input: (count(given, 'input') || count(line, 'promptTokens', 'prompt_tokens')) + cached,
    output: count(given, 'output') || count(line, 'completionTokens', 'completion_tokens'),
    cached,
    reasoning: count(given, 'output_reasoning_tokens', 'output_reasoning'),
  };
}
