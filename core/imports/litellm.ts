import { answer, between, count, dollars, field, list, messages, number, object, pairs, parameters, text, time } from './fields.ts';
import { type ImportedCall, LineFault, type LogReader, type Loose } from './imported-call.ts';

const CHAT = new Set(['completion', 'acompletion', 'chat_completion', 'achat_completion', '']);

/** LiteLLM: its standard logging payload, or rows of `LiteLLM_SpendLogs` as JSON. */
export function litellmLog(nowMs: number): LogReader {
  return {
    knows: (line) => typeof line['call_type'] === 'string' || ('request_id' in line && 'spend' in line),
    read(line) {
      // Embeddings, images, speech.
      if (!CHAT.has(text(line, 'call_type'))) return null;
      const asked = object(line['proxy_server_request']) ?? {};
      const body = object(asked['body']) ?? asked;
      const given = list(line['messages']) ?? list(body['messages']);
      if (!given)
        throw new LineFault('messages: there are none; LiteLLM keeps them with store_prompts_in_spend_logs, or in its logging payload');
      const failed = text(line, 'status') === 'failure' || text(line, 'error_str') !== '';
      const read = failed ? null : answer(line['response']);
      if (!read && !failed) throw new LineFault('response: there is no answer');
      const metadata = object(line['metadata']) ?? {};
      const [began, ended, first] = [
        time(line, nowMs, 'startTime'),
        time(line, nowMs, 'endTime'),
        time(line, nowMs, 'completionStartTime'),
      ];
      const tokens = { input: count(line, 'prompt_tokens'), output: count(line, 'completion_tokens') };
      const details = object(read?.usage?.['prompt_tokens_details']) ?? {};
      const streamed = body['stream'] === true || object(line['model_parameters'])?.['stream'] === true;
      const hit = line['cache_hit'] === true || line['cache_hit'] === 'True';
      const cost = number(line, 'response_cost', 'spend');
      return {
        sourceId: text(line, 'request_id', 'id', 'litellm_call_id') || null,
        at: began,
        provider: providerOf(line),
        modelAsked: withoutProvider(text(line, 'model_group') || text(line, 'model'), providerOf(line)),
        modelAnswered: read?.model || withoutProvider(text(line, 'model'), providerOf(line)),
        parameters: { ...parameters(body), ...parameters(object(line['model_parameters'])) },
        messages: messages(given, 'messages'),
        answer: read?.message ?? null,
        finishReason: read?.finishReason ?? '',
        usage: { ...tokens, cached: Math.min(tokens.input, count(details, 'cached_tokens')), reasoning: 0 },
        costUsd: hit ? (cost ?? 0) : dollars(cost, tokens.input + tokens.output),
        latencyMs: between(began, ended),
        // Without a stream LiteLLM writes the end here.
        firstTokenMs: streamed ? between(began, first) : 0,
        streamed,
        error: failed ? text(line, 'error_str') || errorOf(metadata) : null,
        httpStatus: failed
          ? (number(object(line['error_information']) ?? object(metadata['error_information']) ?? {}, 'error_code') ?? 0)
          : 200,
        userId: text(line, 'end_user', 'user') || text(metadata, 'user_api_key_user_id'),
        sessionId: text(line, 'session_id', 'trace_id'),
        metadata: pairs(object(metadata['requester_metadata']) ?? metadata['spend_logs_metadata'], {
          litellm_key: text(metadata, 'user_api_key_alias'),
          litellm_team: text(metadata, 'user_api_key_team_alias'),
        }),
      } satisfies ImportedCall;
    },
  };
}

function providerOf(line: Loose): string {
  const model = text(line, 'model');
  return text(line, 'custom_llm_provider') || (model.includes('/') ? model.slice(0, model.indexOf('/')) : '');
}

function withoutProvider(model: string, provider: string): string {
  return provider !== '' && model.startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model;
}

function errorOf(metadata: Loose): string {
  const information = object(field(metadata, 'error_information')) ?? {};
  return text(information, 'error_message', 'error_class') || 'the call failed';
}
