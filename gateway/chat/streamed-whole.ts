import { Readable } from 'node:stream';
import { parseWritable } from '../../core/json-nesting.ts';
import { isObject } from '../providers/chat-fields.ts';
import type { ProviderAnswer } from '../providers/provider.ts';

/**
 * A whole answer of a server that was asked for a stream and cannot, as a stream of it: clients that wait for one would take the other for
 * an empty answer. As it came where it is no completion.
 */
export function streamedWhole(answer: Extract<ProviderAnswer, { form: 'whole' }>): ProviderAnswer {
  const chunks = chunksOf(answer.text);
  if (!chunks) return answer;
  const { text: _, ...rest } = answer;
  const frames = [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'];
  const headers = { ...answer.headers, 'content-type': 'text/event-stream; charset=utf-8' };
  return { ...rest, form: 'stream', headers, body: Readable.from([Buffer.from(frames.join(''))], { objectMode: false }) };
}

function chunksOf(text: string): object[] | null {
  let completion: unknown;
  try {
    completion = parseWritable(text);
  } catch {
    return null;
  }
  if (!isObject(completion) || !Array.isArray(completion['choices'])) return null;
  const { choices, usage, ...head } = completion;
  const all = (choices as unknown[]).filter(isObject).map((choice, index) => ({ index, ...choice }));
  const chunk = (made: object[], more: object = {}) => ({ ...head, object: 'chat.completion.chunk', choices: made, ...more });
  return [
    chunk(all.map(({ message, ...choice }: Record<string, unknown>) => ({ ...choice, delta: deltaOf(message), finish_reason: null }))),
    chunk(all.map(({ index, finish_reason: finish }: Record<string, unknown>) => ({ index, delta: {}, finish_reason: finish ?? 'stop' }))),
    ...(usage ? [chunk([], { usage })] : []),
  ];
}

/** Calls of tools are counted in a stream. */
function deltaOf(message: unknown): object {
  if (!isObject(message)) return {};
  const { tool_calls: calls } = message;
  return Array.isArray(calls)
    ? { ...message, tool_calls: calls.map((call: unknown, index) => (isObject(call) ? { index, ...call } : call)) }
    : message;
}
