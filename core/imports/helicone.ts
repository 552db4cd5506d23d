import type { Message } from '../../contracts/chat.ts';
import { answer, count, dollars, field, list, messages, number, object, pairs, parameters, text, time, usage } from './fields.ts';
import { type ImportedCall, LineFault, type LogReader, type Loose } from './imported-call.ts';

const NAMES: Readonly<Record<string, string>> = { AWS: 'bedrock', BEDROCK: 'bedrock', X: 'xai', GOOGLE: 'google' };

/** Helicone: requests as its API and `@helicone/export` write them, with bodies. Anthropic's bodies are put into the chat form. */
export function heliconeLog(nowMs: number): LogReader {
  return {
    knows: (line) => typeof line['request_id'] === 'string' && ('request_created_at' in line || 'request_body' in line),
    read(line) {
      const body = object(line['request_body']);
      if (!body) throw new LineFault('request_body: is missing; @helicone/export writes it with --include-body');
      if (!Array.isArray(body['messages'])) return null;
      const status = number(line, 'response_status') ?? 200;
      const response = object(line['response_body']);
      const failed = status >= 400 || object(response?.['error']) !== undefined;
      const read = failed ? null : answerOf(response);
      if (!read && !failed) throw new LineFault('response_body: there is no answer');
      const tokens = usage(read?.usage);
      const input = count(line, 'prompt_tokens') || tokens.input;
      const output = count(line, 'completion_tokens') || tokens.output;
      const properties = object(field(line, 'request_properties', 'properties')) ?? {};
      return {
        sourceId: text(line, 'request_id') || null,
        at: time(line, nowMs, 'request_created_at', 'created_at'),
        provider: NAMES[text(line, 'provider')] ?? text(line, 'provider').toLowerCase(),
        modelAsked: text(body, 'model') || text(line, 'request_model', 'model'),
        modelAnswered: text(line, 'response_model') || (read?.model ?? ''),
        parameters: parameters({ ...body, system: undefined }),
        messages: chatMessages(body),
        answer: read?.message ?? null,
        finishReason: read?.finishReason ?? '',
        usage: {
          input,
          output,
          cached: Math.min(input, count(line, 'prompt_cache_read_tokens') || tokens.cached),
          reasoning: tokens.reasoning,
        },
        costUsd: dollars(number(line, 'costUSD', 'cost'), input + output),
        latencyMs: count(line, 'delay_ms'),
        firstTokenMs: body['stream'] === true ? count(line, 'time_to_first_token') : 0,
        streamed: body['stream'] === true,
        error: failed ? text(object(response?.['error']) ?? {}, 'message') || `the provider answered ${status}` : null,
        httpStatus: status,
        userId: text(line, 'request_user_id', 'helicone_user'),
        sessionId: text(properties, 'Helicone-Session-Id'),
        metadata: pairs(Object.fromEntries(Object.entries(properties).filter(([name]) => !name.startsWith('Helicone-')))),
      } satisfies ImportedCall;
    },
  };
}

/** Anthropic's system prompt stands beside its messages. */
function chatMessages(body: Loose): Message[] {
  const given = messages(body['messages'], 'request_body.messages');
  const system = body['system'];
  if (typeof system === 'string' && system !== '') return [{ role: 'system', content: system }, ...given];
  const parts = list(system);
  return parts ? [{ role: 'system', content: textsOf(parts) }, ...given] : given;
}

/** A completion, or a message of Anthropic's. */
function answerOf(response: Loose | undefined): ReturnType<typeof answer> {
  const parts = list(response?.['content']);
  if (!response || response['type'] !== 'message' || !parts) return answer(response);
  const calls = parts.flatMap((part) => {
    const tool = object(part);
    if (tool?.['type'] !== 'tool_use') return [];
    return [
      { id: text(tool, 'id'), type: 'function', function: { name: text(tool, 'name'), arguments: JSON.stringify(tool['input'] ?? {}) } },
    ];
  });
  const content = textsOf(parts);
  const message = { role: 'assistant', content: content === '' ? null : content, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
  const reason = text(response, 'stop_reason');
  const finishReason = { end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length', tool_use: 'tool_calls' }[reason] ?? reason;
  return { message, finishReason, model: text(response, 'model'), usage: object(response['usage']) };
}

function textsOf(parts: readonly unknown[]): string {
  return parts.map((part) => text(object(part) ?? {}, 'text')).join('');
}
