import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { StreamRecorder } from '../../chat/stream-recorder.ts';
import { chatMessages } from '../chat-messages.fixture.ts';
import type { DialectCall } from '../dialect.ts';
import { googleAnswer, googleError } from './answer.ts';
import { googleEmbeddings } from './embeddings.ts';
import { googleRequest } from './request.ts';
import { GoogleChunks } from './stream.ts';

const call = (body: object = {}, more: Partial<DialectCall> = {}): DialectCall => ({
  model: 'gemini-2.5-pro',
  body: { messages: [{ role: 'user', content: 'Hi' }], ...body },
  stream: false,
  lenient: false,
  prefix: '',
  now: 1,
  ...more,
});
const sent = (body: object = {}, more: Partial<DialectCall> = {}) =>
  JSON.parse(googleRequest(call(body, more)).body) as Record<string, unknown>;
const PNG = 'data:image/png;base64,iVBORw0K';
const tools = [{ type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } }];

test('a conversation with tools and images', () => {
  const body = {
    messages: [
      { role: 'system', content: 'Rules' },
      { role: 'developer', content: 'Be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: PNG } },
        ],
      },
      { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'aaaa', format: 'mp3' } }] },
      {
        role: 'assistant',
        content: 'Looking',
        tool_calls: [
          {
            id: 'a',
            type: 'function',
            function: { name: 'f', arguments: '{"q":1}' },
            extra_content: { google: { thought_signature: 'sig' } },
          },
          { id: 'b', type: 'function', function: { name: 'g', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'b', content: 'plain' },
      { role: 'tool', tool_call_id: 'a', content: '{"found":2}' },
    ],
    tools,
    tool_choice: 'required',
  };
  expect(sent(body)).toEqual({
    systemInstruction: { parts: [{ text: 'Rules' }, { text: 'Be brief' }] },
    contents: [
      {
        role: 'user',
        parts: [
          { text: 'See' },
          { inlineData: { mimeType: 'image/png', data: 'iVBORw0K' } },
          { inlineData: { mimeType: 'audio/mp3', data: 'aaaa' } },
        ],
      },
      {
        role: 'model',
        parts: [
          { text: 'Looking' },
          { functionCall: { name: 'f', args: { q: 1 } }, thoughtSignature: 'sig' },
          { functionCall: { name: 'g', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'g', response: { result: 'plain' } } },
          { functionResponse: { name: 'f', response: { found: 2 } } },
        ],
      },
    ],
    tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parametersJsonSchema: { type: 'object' } }] }],
    toolConfig: { functionCallingConfig: { mode: 'ANY' } },
  });
});

test.each([
  [
    { temperature: 1.5, top_p: 0.9, seed: 3, stop: ['x'], max_tokens: 9, n: 2 },
    { temperature: 1.5, topP: 0.9, seed: 3, stopSequences: ['x'], maxOutputTokens: 9, candidateCount: 2 },
  ],
  [
    { frequency_penalty: 0.5, presence_penalty: -0.5 },
    { frequencyPenalty: 0.5, presencePenalty: -0.5 },
  ],
  [
    { logprobs: true, top_logprobs: 3 },
    { responseLogprobs: true, logprobs: 3 },
  ],
  [{ response_format: { type: 'json_object' } }, { responseMimeType: 'application/json' }],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } } },
    { responseMimeType: 'application/json', responseJsonSchema: { type: 'object' } },
  ],
  [{ reasoning_effort: 'medium' }, { thinkingConfig: { thinkingBudget: 8192, includeThoughts: true } }],
  [{ reasoning_effort: 'none' }, { thinkingConfig: { thinkingBudget: 0 } }],
])('%j', (body, generationConfig) => {
  expect(sent(body)['generationConfig']).toEqual(generationConfig);
});

test('a level of thinking for the third generation, and the path of a model and a stream', () => {
  expect(sent({ reasoning_effort: 'minimal' }, { model: 'gemini-3-pro' })['generationConfig']).toEqual({
    thinkingConfig: { thinkingLevel: 'low', includeThoughts: true },
  });
  expect(googleRequest(call({}, { model: 'a/b' })).path).toBe('/models/a%2Fb:generateContent');
  expect(googleRequest(call({}, { stream: true })).path).toBe('/models/gemini-2.5-pro:streamGenerateContent?alt=sse');
});

test.each([
  [{ logit_bias: { 5: 1 } }, 'logit_bias'],
  [{ parallel_tool_calls: false }, 'parallel_tool_calls'],
  [{ reasoning_effort: 'huge' }, 'reasoning_effort'],
  [
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }] }] },
    'messages[0].content[0].image_url',
  ],
  [{ messages: [{ role: 'tool', tool_call_id: 'nobody', content: 'x' }] }, 'messages[0].tool_call_id'],
])('what it can’t do is refused by name: %j', (body, param) => {
  expect(() => sent(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

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
    { text: 'Looking' },
    { functionCall: { name: 'f', args: { q: 1 } }, thoughtSignature: 'sig' },
    { functionCall: { name: 'g', args: {} } },
  ];
  const whole = googleAnswer(
    { ...head, candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP' }], usageMetadata },
    call(),
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
          tool_calls: [
            { id: 'call_0', function: { name: 'f', arguments: '{"q":1}' }, extra_content: { google: { thought_signature: 'sig' } } },
            { id: 'call_1', function: { name: 'g', arguments: '{}' } },
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
  const chunks = new GoogleChunks(call());
  const recorder = new StreamRecorder();
  const events = [
    { ...head, candidates: [{ content: { parts: [{ text: 'h', thought: true }] } }], usageMetadata: { promptTokenCount: 10 } },
    { ...head, candidates: [{ content: { parts: [{ text: 'm', thought: true }, { text: 'Look' }] } }] },
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
    expect(googleAnswer(data, call()).choices[0]).toMatchObject({
      finish_reason: 'content_filter',
      message: { content: null, refusal: expect.stringContaining('SAFETY') },
    });
    const chunks = new GoogleChunks(call());
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
    call(),
  );
  expect(choices[0]).toMatchObject({
    finish_reason: 'length',
    logprobs: { content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'a' }, { token: 'b', logprob: -2 }] }] },
  });
});

test('errors, whole, in a list, and in the stream', () => {
  const error = { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED' };
  for (const body of [{ error }, [{ error }]]) expect(googleError(body)).toEqual({ message: 'slow down', code: 'RESOURCE_EXHAUSTED' });
  expect(() => new GoogleChunks(call()).take({ name: '', data: { error: { ...error, status: 'UNAVAILABLE' } } })).toThrow(
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
  expect(() => googleEmbeddings.answer({})).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
});

test('whatever is asked, the turns alternate, or it is refused by name', () => {
  fc.assert(
    fc.property(chatMessages, (messages) => {
      try {
        const { contents } = sent({ messages }) as unknown as { contents: { role: string; parts: unknown[] }[] };
        for (const [index, { role, parts }] of contents.entries()) {
          expect(parts.length).toBeGreaterThan(0);
          if (index > 0) expect(role).not.toBe(contents[index - 1]!.role);
        }
      } catch (error) {
        if (!isStillhouseError(error, 'invalid_request')) throw error;
      }
    }),
  );
});

test('garbage is no other error than ours', () => {
  fc.assert(
    fc.property(fc.anything(), (garbage) => {
      for (const attempt of [
        () => googleAnswer(garbage, call()),
        () => new GoogleChunks(call()).take({ name: '', data: garbage }),
        () => googleError(garbage),
      ]) {
        try {
          attempt();
        } catch (error) {
          expect(isStillhouseError(error)).toBe(true);
        }
      }
    }),
  );
});
