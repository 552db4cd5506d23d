import type { ChatChunk, ChatCompletion, ChatDelta } from '../providers/dialect.ts';

/** The chunks by which a completion would have been streamed, its texts cut at every `size` characters. */
export function chunksOf(completion: ChatCompletion, size: number): ChatChunk[] {
  const { id, created, model, usage } = completion;
  const { message, finish_reason } = completion.choices[0]!;
  const head = { id, object: 'chat.completion.chunk' as const, created, model };
  const chunk = (delta: ChatDelta, finish: typeof finish_reason | null = null): ChatChunk => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const pieces = (text: string) => Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
  return [
    chunk({ role: 'assistant', content: '' }),
    ...pieces(message.reasoning_content ?? '').map((text) => chunk({ reasoning_content: text })),
    ...(message.thinking_blocks ?? []).map((block) => chunk({ thinking_blocks: [block] })),
    ...(message.reasoning_details ?? []).map((block) => chunk({ reasoning_details: [block] })),
    ...pieces(message.content ?? '').map((text) => chunk({ content: text })),
    ...pieces(message.refusal ?? '').map((text) => chunk({ refusal: text })),
    ...(message.tool_calls ?? []).flatMap((call, index) => [
      chunk({ tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.function.name, arguments: '' } }] }),
      ...pieces(call.function.arguments).map((text) => chunk({ tool_calls: [{ index, function: { arguments: text } }] })),
    ]),
    chunk({}, finish_reason),
    ...(usage ? [{ ...head, choices: [], usage }] : []),
  ];
}

/** A chunk that brings this, which need not be well formed. */
export function chunkOf(delta: object, more: object = {}): ChatChunk {
  const choices = [{ index: 0, delta, finish_reason: null, ...more }];
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices } as ChatChunk;
}
