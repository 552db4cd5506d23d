import { answer, count, field, isTrue, list, messages, number, object, pairs, parameters, text, time } from './fields.ts';
import { type ImportedCall, LineFault, type LogReader } from './imported-call.ts';

/** What `traces export` writes. Calls of a pipeline were no traffic, and stay out. */
export function stillhouseLog(nowMs: number): LogReader {
  return {
    knows: (line) => 'aliasVersion' in line && 'modelAsked' in line,
    read(line) {
      if (text(line, 'origin') === 'pipeline') return null;
      const status = text(line, 'status');
      if (status === 'interrupted' || status === 'cancelled') return null;
      const request = object(line['request']);
      const response = object(line['response']);
      if (!request) throw new LineFault('request: is missing; this trace was kept without its bodies');
      if (!Array.isArray(request['messages'])) return null;
      const failed = status !== 'ok';
      const read = failed ? null : answer(response);
      if (!read && !failed) throw new LineFault('response: there is no answer');
      const cost = field(line, 'costUsd');
      return {
        sourceId: text(line, 'id') || null,
        at: time(line, nowMs, 'at'),
        provider: text(line, 'provider'),
        modelAsked: text(line, 'modelAsked'),
        modelAnswered: text(line, 'modelAnswered'),
        parameters: parameters(request),
        messages: messages(request['messages'], 'request.messages'),
        answer: read?.message ?? null,
        finishReason: text(line, 'finishReason'),
        usage: {
          input: count(line, 'tokensIn'),
          output: count(line, 'tokensOut'),
          cached: count(line, 'tokensCached'),
          reasoning: count(line, 'tokensReasoning'),
        },
        // Here 0 is a price.
        costUsd: cost === undefined ? null : (number(line, 'costUsd') ?? null),
        latencyMs: count(line, 'latencyMs'),
        firstTokenMs: count(line, 'firstTokenMs'),
        streamed: isTrue(line['streamed']),
        error: failed ? text(line, 'errorMessage', 'errorClass') || 'the call failed' : null,
        httpStatus: count(line, 'httpStatus'),
        userId: text(line, 'userId'),
        sessionId: text(line, 'sessionId'),
        metadata: pairs(list(line['metadata']) ? undefined : line['metadata']),
      } satisfies ImportedCall;
    },
  };
}
