import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { StreamRecorder } from '../../chat/stream-recorder.ts';
import { garbage, TOO_DEEP } from '../../ways-in/garbage.fixture.ts';
import { googleAnswer, googleError } from './answer.ts';
import { googleEmbeddings } from './embeddings.ts';
import { callOf } from './sent.fixture.ts';
import { GoogleChunks } from './stream.ts';

const usageMetadata = {
  promptTokenCount: 10,
  candidatesTokenCount: 4,
  thoughtsTokenCount: 6,
  cachedContentTokenCount: 3,
  totalTokenCount: 20,
};
const head = { responseId: 'r1', modelVersion: 'gemini-2.5-pro-001' };

test('whole and streamed answers are the same completion', () => {
  const parts = [
    { text: 'hm', thought: true },
    { text: 'Looking', thoughtSignature: 'of-text' },
    { functionCall: { name: 'f', args: { q: 1 } }, thoughtSignature: 'sig' },
    { functionCall: { name: 'g', args: {} } },
  ];
  const whole = googleAnswer(
    { ...head, candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP' }], usageMetadata },
    callOf(),
  );
  expect(whole).toMatchObject({
    id: 'r1',
    model: 'gemini-2.5-pro-001',
    choices: [
      {
        finish_reason: 'tool_calls',
        message: {
          content: 'Looking',
          reasoning_content: 'hm',
          extra_content: { google: { thought_signature: 'of-text' } },
          tool_calls: [
            { id: 'call_r1_0', function: { name: 'f', arguments: '{"q":1}' }, extra_content: { google: { thought_signature: 'sig' } } },
            { id: 'call_r1_1', function: { name: 'g', arguments: '{}' } },
          ],
        },
      },
    ],
    usage: {
      prompt_tokens: 10,
      completion_tokens: 10,
      prompt_tokens_details: { cached_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 6 },
    },
  });
  const chunks = new GoogleChunks(callOf());
  const recorder = new StreamRecorder();
  const events = [
    { ...head, candidates: [{ content: { parts: [{ text: 'h', thought: true }] } }], usageMetadata: { promptTokenCount: 10 } },
    {
      ...head,
      candidates: [
        {
          content: {
            parts: [
              { text: 'm', thought: true },
              { text: 'Look', thoughtSignature: 'of-text' },
            ],
          },
        },
      ],
    },
    { ...head, candidates: [{ content: { parts: [{ text: 'ing' }, parts[2]] } }] },
    { ...head, candidates: [{ content: { parts: [parts[3]] } }] },
    { ...head, candidates: [{ content: { parts: [{ text: '' }] }, finishReason: 'STOP' }], usageMetadata },
  ];
  for (const data of events) {
    expect(chunks.ended).toBe(false);
    for (const chunk of chunks.take({ name: '', data })) recorder.take(chunk);
  }
  expect(chunks.ended).toBe(true);
  const { choices, usage, id, model } = JSON.parse(recorder.completion());
  expect({ choices, usage, id, model }).toEqual({ choices: whole.choices, usage: whole.usage, id: whole.id, model: whole.model });
});

test('a blocked prompt and a blocked answer are refusals, whole and streamed', () => {
  for (const data of [
    { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata },
    { candidates: [{ finishReason: 'SAFETY' }], usageMetadata },
  ]) {
    expect(googleAnswer(data, callOf()).choices[0]).toMatchObject({
      finish_reason: 'content_filter',
      message: { content: null, refusal: expect.stringContaining('SAFETY') },
    });
    const chunks = new GoogleChunks(callOf());
    const recorder = new StreamRecorder();
    for (const chunk of chunks.take({ name: '', data })) recorder.take(chunk);
    expect([recorder.finishReason, chunks.ended]).toEqual(['content_filter', true]);
  }
});

test('log-probabilities in OpenAI’s shape', () => {
  const logprobsResult = {
    chosenCandidates: [{ token: 'a', logProbability: -0.5 }],
    topCandidates: [
      {
        candidates: [
          { token: 'a', logProbability: -0.5 },
          { token: 'b', logProbability: -2 },
        ],
      },
    ],
  };
  const { choices } = googleAnswer(
    { candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 'MAX_TOKENS', logprobsResult }] },
    callOf(),
  );
  expect(choices[0]).toMatchObject({
    finish_reason: 'length',
    logprobs: { content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'a' }, { token: 'b', logprob: -2 }] }] },
  });
});

test('log-probabilities of a stream come with the text that they are of', () => {
  const logprobsResult = { chosenCandidates: [{ token: 'a', logProbability: -0.5 }] };
  const [chunk] = streamed({ ...head, candidates: [part('a', { logprobsResult })] }).taken;
  expect(chunk!.choices).toEqual([
    {
      index: 0,
      delta: { role: 'assistant', content: 'a' },
      finish_reason: null,
      logprobs: { content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [] }], refusal: null },
    },
  ]);
});

test('what tools brought into the prompt is part of it', () => {
  const counted = { promptTokenCount: 10, toolUsePromptTokenCount: 5, candidatesTokenCount: 1 };
  const { usage } = googleAnswer({ ...head, candidates: [part('a')], usageMetadata: counted }, callOf());
  expect(usage).toMatchObject({ prompt_tokens: 15, completion_tokens: 1, total_tokens: 16 });
});

test('a call that is too deep to be written is no answer', () => {
  const data = { ...head, candidates: [{ content: { parts: [{ functionCall: { name: 'f', args: { a: TOO_DEEP } } }] } }] };
  const failure = expect.objectContaining({ code: 'upstream_invalid' });
  expect(() => googleAnswer(data, callOf())).toThrow(failure);
  expect(() => streamed(data)).toThrow(failure);
});

test('an error that calls itself a success keeps its words', () => {
  const error = { code: 503, message: 'overloaded', status: 'UNAVAILABLE' };
  const failure = expect.objectContaining({ code: 'unavailable', message: expect.stringContaining('overloaded') });
  expect(() => googleAnswer({ error }, callOf())).toThrow(failure);
  expect(() => googleAnswer([{ error }], callOf())).toThrow(failure);
  expect(() => streamed([{ error }])).toThrow(failure);
});

test('errors, whole, in a list, and in the stream', () => {
  const error = { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED' };
  for (const body of [{ error }, [{ error }]]) expect(googleError(body)).toEqual({ message: 'slow down', code: 'RESOURCE_EXHAUSTED' });
  expect(() => new GoogleChunks(callOf()).take({ name: '', data: { error: { ...error, status: 'UNAVAILABLE' } } })).toThrow(
    expect.objectContaining({ code: 'unavailable' }),
  );
});

test('embeddings', () => {
  const { path, body } = googleEmbeddings.request('embed-1', ['one', 'two'], { dimensions: 8 });
  expect(path).toBe('/models/embed-1:batchEmbedContents');
  expect(JSON.parse(body)).toEqual({
    requests: ['one', 'two'].map((text) => ({ model: 'models/embed-1', content: { parts: [{ text }] }, outputDimensionality: 8 })),
  });
  expect(googleEmbeddings.answer({ embeddings: [{ values: [1] }, { values: [2] }] })).toEqual({ vectors: [[1], [2]], tokens: null });
});

test.each([{}, { embeddings: [{ values: [1] }, {}] }, { embeddings: [{ values: [] }] }, { embeddings: [{ values: [1, 'x'] }] }])(
  '%j is no list of vectors',
  (answer) => expect(() => googleEmbeddings.answer(answer)).toThrow(expect.objectContaining({ code: 'upstream_invalid' })),
);

test('a model without a name that could be sent is refused', () => {
  const refused = expect.objectContaining({ code: 'invalid_request', param: 'model' });
  expect(() => googleEmbeddings.request('\ud800', ['a'], {})).toThrow(refused);
});

/** What a client puts together, and whether the stream was whole. */
function streamed(...events: object[]) {
  const chunks = new GoogleChunks(callOf());
  const recorder = new StreamRecorder();
  const taken = events.flatMap((data) => chunks.take({ name: '', data }));
  for (const chunk of taken) recorder.take(chunk);
  const { choices, usage } = JSON.parse(recorder.completion()) as { choices: unknown; usage: unknown };
  return { taken, choices, usage, ended: chunks.ended };
}

const part = (text: string, more: object = {}) => ({ content: { parts: [{ text }] }, ...more });

test('several candidates, each with a role, whole when the last has finished', () => {
  const first = { ...head, candidates: [part('a', { index: 0, finishReason: 'STOP' }), part('b', { index: 1 })], usageMetadata };
  const last = { ...head, candidates: [part('c', { index: 1, finishReason: 'MAX_TOKENS' })], usageMetadata };
  expect(streamed(first)).toMatchObject({ ended: false, usage: null });
  const { taken, choices, usage, ended } = streamed(first, last);
  expect(choices).toEqual([
    { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
    { index: 1, message: { role: 'assistant', content: 'bc' }, finish_reason: 'length' },
  ]);
  expect(ended).toBe(true);
  expect(usage).toMatchObject({ total_tokens: 20 });
  expect(taken.map(({ choices: [choice] }) => choice?.delta.role)).toEqual(['assistant', 'assistant', undefined, undefined]);
});

test('usage that comes behind the end goes on too, and no usage goes on twice', () => {
  const end = { ...head, candidates: [part('a', { finishReason: 'STOP' })], usageMetadata: { promptTokenCount: 10 } };
  const { taken, usage } = streamed(end, { ...head, usageMetadata }, { ...head, usageMetadata });
  expect(usage).toMatchObject({ total_tokens: 20 });
  expect(taken.filter((chunk) => chunk.usage)).toHaveLength(2);
});

test('an answer of nothing is an empty text, whole and streamed', () => {
  const nothing = { ...head, candidates: [{ finishReason: 'MAX_TOKENS' }] };
  expect(streamed(nothing).choices).toEqual(googleAnswer(nothing, callOf()).choices);
  expect(streamed(nothing).choices).toMatchObject([{ message: { content: '' }, finish_reason: 'length' }]);
});

test('calls keep their own ids; those without one have ids that no other answer’s have', () => {
  const functionCall = (id?: string) => ({ functionCall: { ...(id ? { id } : {}), name: 'f' } });
  const candidates = [{ content: { parts: [functionCall('own'), functionCall()] } }, { content: { parts: [functionCall()] } }];
  const ids = (responseId: string) =>
    googleAnswer({ responseId, candidates }, callOf()).choices.map(({ message }) => message.tool_calls!.map(({ id }) => id));
  expect(ids('r1')).toEqual([['own', 'call_r1_1'], ['call_r1_1_0']]);
  expect(ids('r2')).toEqual([['own', 'call_r2_1'], ['call_r2_1_0']]);
});

test.each([
  ['STOP', 'stop'],
  ['OTHER', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['RECITATION', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['IMAGE_RECITATION', 'content_filter'],
])('%s is %s', (finishReason, finish) => {
  const data = { ...head, candidates: [part('a', { finishReason })] };
  expect(googleAnswer(data, callOf()).choices[0]!.finish_reason).toBe(finish);
  expect(streamed(data).choices).toEqual(googleAnswer(data, callOf()).choices);
});

test('a model that ends without an answer is a failure that another try may mend', () => {
  const data = { ...head, candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'print(f(' }] };
  const failure = expect.objectContaining({ code: 'upstream_invalid', retryable: true, message: expect.stringContaining('print(f(') });
  expect(() => googleAnswer(data, callOf())).toThrow(failure);
  expect(() => streamed({ ...head, candidates: [part('I call')] }, data)).toThrow(failure);
  const two = { ...head, candidates: [part('a', { index: 0, finishReason: 'STOP' }), { index: 1, ...data.candidates[0] }] };
  expect(googleAnswer(two, callOf()).choices).toHaveLength(2);
});

test('garbage is no other error than ours', () => {
  const candidate = fc.record(
    { content: fc.record({ parts: fc.array(garbage) }), finishReason: garbage, index: garbage, logprobsResult: garbage },
    { requiredKeys: [] },
  );
  const answers = fc.record(
    { candidates: fc.array(candidate), usageMetadata: garbage, promptFeedback: garbage, responseId: garbage, error: garbage },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(answers, garbage, fc.anything()), { maxLength: 4 }), (stream) => {
      const chunks = new GoogleChunks(callOf());
      for (const data of stream) {
        for (const attempt of [
          () => chunks.take({ name: '', data }),
          () => googleAnswer(data, callOf()),
          () => googleError(data),
          () => googleEmbeddings.answer(data),
        ]) {
          try {
            attempt();
          } catch (error) {
            if (!isStillhouseError(error)) throw error;
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});
