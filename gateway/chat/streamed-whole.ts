import { Readable } from 'node:stream';
import { isObject } from '../providers/chat-fields.ts';
import type { ProviderAnswer } from '../providers/provider.ts';

type Whole = Extract<ProviderAnswer, { form: 'whole' }>;
type Streamed = Extract<ProviderAnswer, { form: 'stream' }>;

/**
 * A whole completion as the stream that was asked for. Servers that can't stream answer so, and a client that waits for events
 * would take it for an answer of nothing. `text` is a completion.
 */
export function streamedWhole({ text, headers, ...answer }: Whole): Streamed {
  const { choices, usage, ...head } = JSON.parse(text) as { choices: unknown[]; usage?: unknown };
  const said = choices.filter(isObject);
  const chunk = (fields: object) => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...fields })}\n\n`;
  const frames = [
    chunk({
      choices: said.map(({ index, message, logprobs }, at) => ({
        index: index ?? at,
        delta: deltaOf(message),
        finish_reason: null,
        logprobs,
      })),
    }),
    chunk({
      choices: said.map(({ index, finish_reason: reason }, at) => ({ index: index ?? at, delta: {}, finish_reason: reason ?? 'stop' })),
    }),
    ...(usage == null ? [] : [chunk({ choices: [], usage })]),
    'data: [DONE]\n\n',
  ];
  return {
    ...answer,
    form: 'stream',
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
    body: Readable.from([Buffer.from(frames.join(''))]),
  };
}

/** Calls of tools are told apart by their index in a stream. */
function deltaOf(message: unknown): object {
  if (!isObject(message)) return {};
  const calls = message['tool_calls'];
  return Array.isArray(calls) ? { ...message, tool_calls: calls.map((call: object, index) => ({ index, ...call })) } : message;
}
