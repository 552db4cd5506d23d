import { expect, test } from 'vitest';
import { StreamRecorder } from './stream-recorder.ts';

const chunk = (choices: object[], rest: object = {}) => JSON.stringify({ id: 'c', created: 1, model: 'm', choices, ...rest });

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

test('what is no chunk does no harm', () => {
  const recorder = new StreamRecorder();
  for (const data of [
    '',
    'nonsense',
    'null',
    '[]',
    '{"choices":[{"delta":{"__proto__":{"polluted":true},"tool_calls":[null,{"index":-1}]}}]}',
  ])
    recorder.take(data);
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
  expect(recorder.take(odd)).toBe(false);
  recorder.take(chunk([{ index: 0, delta: { content: 'a' } }]));
  recorder.take(chunk([{ index: 0, delta: { content: 'b' }, finish_reason: 'stop' }]));
  expect([recorder.answerText, recorder.finishReason]).toEqual(['ab', 'stop']);
});

test('an error inside the stream is kept', () => {
  const recorder = new StreamRecorder();
  recorder.take('{"error":{"message":"out of memory"}}');
  expect(recorder.error).toBe('out of memory');
});
