import { expect, test } from 'vitest';
import { StreamRecorder } from './stream-recorder.ts';

const chunk = (choices: object[], rest: object = {}) => ({ id: 'c', created: 1, model: 'm', choices, ...rest });

test('several choices, unknown fields of a delta, and usage', () => {
  const recorder = new StreamRecorder();
  recorder.take(
    chunk([
      { index: 1, delta: { role: 'assistant', content: 'b' } },
      { index: 0, delta: { content: 'a', reasoning_content: 'hm' } },
    ]),
  );
  recorder.take(chunk([{ index: 0, delta: { content: 'A', reasoning_content: 'm' }, finish_reason: 'stop' }]));
  expect(
    recorder.take(chunk([], { usage: { prompt_tokens: 3, completion_tokens: 2, completion_tokens_details: { reasoning_tokens: 1 } } })),
  ).toBe(true);
  expect([recorder.answerText, recorder.finishReason, recorder.model]).toEqual(['aA', 'stop', 'm']);
  expect(recorder.usage).toEqual({ tokensIn: 3, tokensOut: 2, tokensCached: 0, tokensCacheWrite: 0, tokensReasoning: 1 });
  const completion = JSON.parse(recorder.completion()) as { choices: { index: number; message: object }[] };
  expect(completion.choices.map((choice) => [choice.index, choice.message])).toEqual([
    [1, { role: 'assistant', content: 'b' }],
    [0, { role: 'assistant', content: 'aA', reasoning_content: 'hmm' }],
  ]);
});

test('names of the language itself are no fields', () => {
  const recorder = new StreamRecorder();
  recorder.take(JSON.parse('{"choices":[{"delta":{"__proto__":{"polluted":true},"tool_calls":[null,{"index":-1}]}}]}') as object);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(recorder.answerText).toBe('');
});

test.each([
  ['{"choices":[{"delta":null,"finish_reason":"stop"}]}'],
  ['{"choices":[null]}'],
  ['{"choices":{}}'],
  ['{"choices":[{"index":"one","delta":"text"}]}'],
  ['{"choices":[{"delta":{"odd":{"parts":["text"]}}},{"delta":{"odd":{"parts":[{"index":0,"more":1}]}}}]}'],
])('a chunk of another shape is passed over where it says nothing: %s', (odd) => {
  const recorder = new StreamRecorder();
  expect(recorder.take(JSON.parse(odd) as object)).toBe(false);
  recorder.take(chunk([{ index: 0, delta: { content: 'a' } }]));
  recorder.take(chunk([{ index: 0, delta: { content: 'b' }, finish_reason: 'stop' }]));
  expect([recorder.answerText, recorder.finishReason]).toEqual(['ab', 'stop']);
});

test('only the beginning of one plain text can be gone on from', () => {
  const after = (...chunks: object[]) => {
    const recorder = new StreamRecorder();
    for (const one of chunks) recorder.take(one);
    return recorder.isPlainText;
  };
  const text = chunk([{ index: 0, delta: { role: 'assistant', content: 'a', refusal: null } }]);
  expect(after()).toBe(false);
  expect(after(text)).toBe(true);
  expect(after(chunk([{ index: 0, delta: { tool_calls: [], annotations: [], reasoning: '' } }]), text)).toBe(true);
  expect(after(text, chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]))).toBe(false);
  expect(after(text, chunk([{ index: 1, delta: { content: 'b' } }]))).toBe(false);
  expect(after(text, chunk([{ index: 0, delta: { tool_calls: [{ index: 0, id: 'c' }] } }]))).toBe(false);
  // Thoughts are over once the text has begun; before, there is no text to go on from.
  const thought = chunk([{ index: 0, delta: { reasoning_content: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] } }]);
  expect(after(thought, text)).toBe(true);
  expect(after(thought)).toBe(false);
});

test.each([
  ['text', { content: 'a' }],
  ['a thought', { reasoning_content: 'hm' }],
  ['a call of a tool', { tool_calls: [{ index: 0, id: 'c', function: { name: 'look_up', arguments: '' } }] }],
  ['a refusal', { refusal: 'No' }],
])('the first token is %s', (_what, delta) => {
  const recorder = new StreamRecorder();
  recorder.take(chunk([{ index: 0, delta: { role: 'assistant', content: '' } }]));
  expect(recorder.firstTokenAt).toBeNull();
  recorder.take(chunk([{ index: 0, delta }]));
  expect(recorder.firstTokenAt).not.toBeNull();
});
