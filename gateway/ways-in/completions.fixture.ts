import fc from 'fast-check';
import type { ChatAnswerMessage, ChatCompletion, FinishReason } from '../providers/dialect.ts';

const text = fc.string({ maxLength: 30, unit: 'grapheme' });
const toolCalls = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('f', 'g'),
    input: fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.jsonValue(), { maxKeys: 2 }),
  }),
  { maxLength: 3 },
);

/** Completions as providers give them: text, reasoning with and without a signature, tool calls, usage with a cache. */
export const completions: fc.Arbitrary<ChatCompletion> = fc
  .record({
    content: text,
    thought: fc.option(fc.record({ thinking: fc.string({ minLength: 1, maxLength: 20 }), signature: fc.option(fc.constant('sig')) })),
    calls: toolCalls,
    usage: fc.record({ fresh: fc.nat(99), cached: fc.nat(9), written: fc.nat(9), out: fc.nat(99) }),
    cut: fc.boolean(),
  })
  .map(({ content, thought, calls, usage, cut }) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion' as const,
    created: 1,
    model: 'm-1',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant' as const,
          content: content === '' && calls.length > 0 ? null : content,
          ...(thought ? { reasoning_content: thought.thinking } : {}),
          ...(thought?.signature
            ? { thinking_blocks: [{ type: 'thinking', thinking: thought.thinking, signature: thought.signature }] }
            : {}),
          ...(calls.length > 0
            ? {
                tool_calls: calls.map(({ name, input }, at) => ({
                  id: `call_${at}`,
                  type: 'function' as const,
                  function: { name, arguments: JSON.stringify(input) },
                })),
              }
            : {}),
        },
        finish_reason: calls.length > 0 ? ('tool_calls' as const) : cut ? ('length' as const) : ('stop' as const),
      },
    ],
    usage: {
      prompt_tokens: usage.fresh + usage.cached + usage.written,
      completion_tokens: usage.out,
      total_tokens: usage.fresh + usage.cached + usage.written + usage.out,
      prompt_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: usage.written },
    },
  }));

/** A completion that says this. */
export function completionOf(message: Omit<ChatAnswerMessage, 'role'>, finish_reason: FinishReason = 'stop'): ChatCompletion {
  const choices = [{ index: 0, message: { role: 'assistant' as const, ...message }, finish_reason }];
  return { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices };
}
