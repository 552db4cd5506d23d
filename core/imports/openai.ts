import { answer, field, isTrue, list, messages, object, pairs, parameters, text, time, usage } from './fields.ts';
import { type ImportedCall, LineFault, type LogReader, type Loose } from './imported-call.ts';

/**
 * OpenAI's own forms: a fine-tuning example (`{messages}`, the last one the assistant's), a preference example
 * (`{input, preferred_output}`), and a request with its completion (`{request, response}`, `{messages, choices}`).
 */
export function openaiLog(nowMs: number): LogReader {
  return {
    knows: (line) =>
      Array.isArray(line['messages']) ||
      'preferred_output' in line ||
      'custom_id' in line ||
      (object(line['request']) !== undefined && 'response' in line),
    read(line) {
      if ('custom_id' in line && !('request' in line))
        throw new LineFault(
          'response' in line
            ? 'is the output of a batch: it has an answer and no messages; put the request beside it, as {"request": …, "response": …}'
            : 'is the input of a batch: it has messages and no answer',
        );
      if ('preferred_output' in line) return preference(line, nowMs);
      const request = object(line['request']) ?? line;
      const given = line['response'] ?? (Array.isArray(line['choices']) ? line : undefined);
      return given === undefined ? example(line, nowMs) : completed(line, object(request['body']) ?? request, given, nowMs);
    },
  };
}

function example(line: Loose, nowMs: number): ImportedCall {
  const all = messages(line['messages'], 'messages');
  const last = all.at(-1)!;
  if (last.role !== 'assistant') throw new LineFault("messages: the last one is not the assistant's, so there is no answer");
  if (all.length === 1) throw new LineFault('messages: there is nothing but the answer');
  return { ...blank(line, nowMs), parameters: parametersOf(line), messages: all.slice(0, -1), answer: last };
}

function preference(line: Loose, nowMs: number): ImportedCall {
  const input = object(line['input']) ?? {};
  const preferred = answer(list(line['preferred_output'])?.at(-1));
  if (!preferred) throw new LineFault('preferred_output: there is no message');
  return {
    ...blank(line, nowMs),
    parameters: parametersOf(input),
    messages: messages(input['messages'], 'input.messages'),
    answer: preferred.message,
  };
}

function completed(line: Loose, request: Loose, given: unknown, nowMs: number): ImportedCall {
  const response = object(given);
  const body = object(response?.['body']) ?? response;
  const read = answer(body ?? given);
  const failed = object(body?.['error']);
  if (!read && !failed) throw new LineFault('response: is neither a completion nor an error');
  const status = response?.['status_code'];
  return {
    ...blank({ ...line, created: field(line, 'created') ?? body?.['created'], id: text(line, 'id') || text(body ?? {}, 'id') }, nowMs),
    modelAsked: text(request, 'model') || (read?.model ?? ''),
    modelAnswered: read?.model ?? '',
    parameters: parametersOf(request),
    messages: messages(request['messages'], 'messages'),
    answer: failed ? null : read!.message,
    finishReason: read?.finishReason ?? '',
    usage: usage(read?.usage),
    streamed: isTrue(request['stream']),
    error: failed ? text(failed, 'message') || 'the call failed' : null,
    httpStatus: typeof status === 'number' ? status : failed ? 0 : 200,
    metadata: pairs(line['metadata'] ?? request['metadata']),
    userId: text(request, 'user'),
  };
}

/** Of a completion and of a log, not of a request. */
const NO_PARAMETERS = new Set(
  'id object created created_at timestamp choices usage request response service_tier system_fingerprint custom_id user weight'.split(' '),
);

/** Of a line that is request and response in one. */
function parametersOf(line: Loose): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters(line)).filter(([name]) => !NO_PARAMETERS.has(name)));
}

function blank(line: Loose, nowMs: number): ImportedCall {
  return {
    sourceId: text(line, 'id', 'custom_id') || null,
    at: time(line, nowMs, 'created_at', 'created', 'timestamp'),
    provider: 'openai',
    modelAsked: text(line, 'model'),
    modelAnswered: '',
    parameters: {},
    messages: [],
    answer: null,
    finishReason: '',
    usage: usage(undefined),
    costUsd: null,
    latencyMs: 0,
    firstTokenMs: 0,
    streamed: false,
    error: null,
    httpStatus: 200,
    userId: '',
    sessionId: '',
    metadata: pairs(line['metadata']),
  };
}
