import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProviderKind } from '../../contracts/provider-kinds.ts';
import { ask, completionOf, PROVIDER_KEY, providerAt, readStream } from './provider-bench.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

/** What differs from OpenAI: how it goes out, what is refused by name, and how answers come back in the chat form. */

let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream?.stop());

const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };
const FULL = {
  messages: [
    { role: 'developer', content: 'Be brief' },
    { role: 'user', content: 'Hi' },
  ],
  max_completion_tokens: 9,
  temperature: 0.5,
  stop: ['x'],
};

interface Shape {
  kind: ProviderKind;
  /** Of the body that goes out for `FULL` and `asked`. */
  asked?: object;
  sent: object;
  absent?: string[];
  developer: 'developer' | 'system';
  refused: object;
  /** How it is told its key, where not as a bearer's. */
  keyHeader?: string;
}

const SHAPES: Shape[] = [
  { kind: 'openai', sent: { max_completion_tokens: 9 }, developer: 'developer', refused: {} },
  { kind: 'groq', sent: { max_completion_tokens: 9 }, developer: 'developer', refused: { logprobs: true } },
  {
    kind: 'mistral',
    asked: { seed: 3, tools: [tool], tool_choice: 'required' },
    sent: { max_tokens: 9, random_seed: 3, tool_choice: 'any' },
    absent: ['max_completion_tokens', 'seed'],
    developer: 'system',
    refused: { logprobs: true },
  },
  { kind: 'deepseek', sent: { max_tokens: 9 }, absent: ['max_completion_tokens'], developer: 'system', refused: { n: 2 } },
  {
    kind: 'together',
    asked: { logprobs: true },
    sent: { max_tokens: 9, logprobs: 1 },
    developer: 'system',
    refused: { service_tier: 'flex', verbosity: 'low' },
  },
  { kind: 'fireworks', sent: { max_tokens: 9 }, developer: 'system', refused: { verbosity: 'low' } },
  { kind: 'cerebras', sent: { max_completion_tokens: 9 }, developer: 'system', refused: { frequency_penalty: 0.5 } },
  { kind: 'sambanova', sent: { max_tokens: 9 }, developer: 'system', refused: { logit_bias: { 5: 1 } } },
  { kind: 'perplexity', sent: { max_tokens: 9 }, developer: 'system', refused: { tools: [tool] } },
  { kind: 'azure-openai', sent: { max_completion_tokens: 9 }, developer: 'developer', refused: {}, keyHeader: 'api-key' },
  { kind: 'openrouter', sent: { max_tokens: 9 }, absent: ['max_completion_tokens'], developer: 'developer', refused: { n: 2 } },
  {
    kind: 'ollama',
    asked: { tools: [tool], tool_choice: 'none' },
    sent: { max_tokens: 9 },
    absent: ['max_completion_tokens', 'tools', 'tool_choice'],
    developer: 'system',
    refused: { tool_choice: 'required' },
  },
  { kind: 'vllm', sent: { max_completion_tokens: 9 }, developer: 'system', refused: { prediction: { type: 'content', content: 'x' } } },
];

test.each(SHAPES)('$kind: what goes out', async ({ kind, asked = {}, sent, absent = [], developer, keyHeader }) => {
  upstream.answer = answerWith('fine');
  const answer = await ask(
    providerAt(kind, `${upstream.url}/base`, { apiKeyEnv: 'KEY' }),
    { ...FULL, ...asked, metadata: { gold: 'secret' } },
    { model: 'their/model' },
  );
  expect(completionOf(answer).choices[0]!.message['content']).toBe('fine');
  const { body, headers } = upstream.asked.at(-1)!;
  expect(headers[keyHeader ?? 'authorization']).toBe(keyHeader ? PROVIDER_KEY : `Bearer ${PROVIDER_KEY}`);
  if (keyHeader) expect(headers).not.toHaveProperty('authorization');
  expect(body).toMatchObject({ model: 'their/model', temperature: 0.5, stop: ['x'], ...sent });
  expect((body['messages'] as { role: string }[]).map(({ role }) => role)).toEqual([developer, 'user']);
  for (const field of [...absent, 'metadata']) expect(body).not.toHaveProperty(field);
});

test.each(SHAPES.filter(({ refused }) => Object.keys(refused).length > 0))(
  '$kind: what it can’t do is refused by name, and left out for a lenient caller',
  async ({ kind, refused }) => {
    const provider = providerAt(kind, upstream.url);
    const [field, value] = Object.entries(refused).at(-1)!;
    const before = upstream.asked.length;
    await expect(ask(provider, { ...FULL, [field]: value })).rejects.toMatchObject({ code: 'invalid_request', param: field });
    expect(upstream.asked).toHaveLength(before);
    upstream.answer = answerWith('fine');
    await ask(provider, { ...FULL, [field]: value }, { lenient: true });
    expect(upstream.asked.at(-1)!.body).not.toHaveProperty(field);
    // A value that asks for nothing is no reason to refuse.
    await ask(provider, { ...FULL, [field]: null });
  },
);

test.each(SHAPES)('$kind: streamed usage is asked for where it must be', async ({ kind }) => {
  upstream.answer = (_asked, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: [DONE]\n\n');
  await readStream(await ask(providerAt(kind, upstream.url), { ...FULL, stream: true, stream_options: null }));
  const options = upstream.asked.at(-1)!.body['stream_options'];
  expect(options).toEqual(kind === 'mistral' || kind === 'perplexity' ? undefined : { include_usage: true });
});

const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
/** The same answer, whole and as the chunks of a stream, in a provider's own way; and what both come to. */
const ANSWERS: {
  kind: ProviderKind;
  message: object;
  deltas: object[];
  last?: object;
  whole?: object;
  finish: string;
  expected: object;
  cached?: number;
  finished?: string;
}[] = [
  {
    kind: 'groq',
    message: { role: 'assistant', content: 'yes', reasoning: 'hm hm' },
    deltas: [{ role: 'assistant', reasoning: 'hm' }, { reasoning: ' hm' }, { content: 'yes' }],
    last: { x_groq: { id: 'req', usage } },
    finish: 'stop',
    expected: { content: 'yes', reasoning_content: 'hm hm' },
  },
  {
    kind: 'mistral',
    message: {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
        { type: 'text', text: 'yes' },
      ],
    },
    deltas: [
      { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] },
      { content: [{ type: 'text', text: 'y' }] },
      { content: 'es' },
    ],
    last: { usage },
    finish: 'model_length',
    finished: 'length',
    expected: { content: 'yes', reasoning_content: 'hm' },
  },
  {
    kind: 'deepseek',
    message: { role: 'assistant', content: 'yes', reasoning_content: 'hm' },
    deltas: [{ reasoning_content: 'hm' }, { content: 'yes' }],
    last: { usage: { ...usage, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4 } },
    whole: { usage: { ...usage, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4 } },
    finish: 'stop',
    cached: 6,
    expected: { content: 'yes', reasoning_content: 'hm' },
  },
  {
    kind: 'together',
    message: { role: 'assistant', content: 'yes' },
    deltas: [{ content: 'yes' }],
    last: { usage },
    finish: 'eos',
    finished: 'stop',
    expected: { content: 'yes' },
  },
  {
    kind: 'sambanova',
    message: {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: { q: 1 } } }],
    },
    deltas: [{ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: { q: 1 } } }] }],
    last: { usage },
    finish: 'tool_calls',
    expected: { tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"q":1}' } }] },
  },
  {
    kind: 'cerebras',
    message: { role: 'assistant', content: 'yes', reasoning: 'hm' },
    deltas: [{ reasoning: 'hm' }, { content: 'yes' }],
    last: { usage },
    finish: 'stop',
    expected: { content: 'yes', reasoning_content: 'hm' },
  },
  {
    kind: 'openrouter',
    message: { role: 'assistant', content: 'yes', reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] },
    deltas: [{ reasoning: 'hm' }, { content: 'yes' }],
    last: { usage: { ...usage, cost: 0.1, prompt_tokens_details: { cached_tokens: 6 } } },
    whole: { usage: { ...usage, cost: 0.1, prompt_tokens_details: { cached_tokens: 6 } } },
    finish: 'stop',
    cached: 6,
    expected: { content: 'yes', reasoning_content: 'hm' },
  },
  ...(['ollama', 'vllm'] as const).map((kind) => ({
    kind,
    message: { role: 'assistant', content: 'yes', reasoning: 'hm' },
    deltas: [{ role: 'assistant', content: '', reasoning: 'hm' }, { content: 'yes' }],
    last: { usage },
    finish: 'stop',
    expected: { content: 'yes', reasoning_content: 'hm' },
  })),
];

test.each(ANSWERS)(
  '$kind: whole and streamed answers come back in the chat form',
  async ({ kind, message, deltas, last, whole, finish, finished = finish, expected, cached = 0 }) => {
    const provider = providerAt(kind, upstream.url);
    const head = { id: 'a', created: 1, model: 'their-model' };
    const body = { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }], usage, ...whole };
    upstream.answer = (_asked, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const given = completionOf(await ask(provider, {}));
    expect(given.choices[0]).toMatchObject({ message: expected, finish_reason: finished });
    const chunks = [
      ...deltas.map((delta) => ({ ...head, choices: [{ index: 0, delta, finish_reason: null }] })),
      { ...head, choices: [{ index: 0, delta: {}, finish_reason: finish }], ...last },
    ];
    upstream.answer = (_asked, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end([...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join(''));
    };
    const { completion, recorder, done } = await readStream(await ask(provider, { stream: true }));
    expect(completion.choices[0]).toMatchObject({ message: expected, finish_reason: finished });
    expect(recorder.usage).toMatchObject({ tokensIn: 10, tokensOut: 4, tokensCached: cached });
    expect(done).toBe(true);
  },
);

test.each([['mistral'], ['deepseek']] as const)('%s goes on from a prefix', async (kind) => {
  const provider = providerAt(kind, `${upstream.url}/beta`);
  expect(provider.continuesPrefix).toBe(true);
  upstream.answer = answerWith(' rest');
  await ask(provider, {}, { prefix: 'The' });
  expect((upstream.asked.at(-1)!.body['messages'] as object[]).at(-1)).toEqual({ role: 'assistant', content: 'The', prefix: true });
});

test('vLLM goes on from a prefix by fields of the body', async () => {
  const provider = providerAt('vllm', upstream.url);
  expect(provider.continuesPrefix).toBe(true);
  upstream.answer = answerWith(' rest');
  await ask(provider, {}, { prefix: 'The' });
  const { body } = upstream.asked.at(-1)!;
  expect(body).toMatchObject({ continue_final_message: true, add_generation_prompt: false });
  expect((body['messages'] as object[]).at(-1)).toEqual({ role: 'assistant', content: 'The' });
});

test('OpenRouter gave the answer up', async () => {
  const choices = [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'error', error: { code: 502, message: 'x' } }];
  upstream.answer = answerWith('', { choices });
  await expect(ask(providerAt('openrouter', upstream.url), {})).rejects.toMatchObject({ code: 'unavailable' });
});

test('DeepSeek goes on from a prefix at its address for that only', () => {
  expect(providerAt('deepseek', `${upstream.url}/v1`).continuesPrefix).toBe(false);
});

test('an error goes on as it came', async () => {
  const text = '{"message":"no such model","request_id":"r"}';
  upstream.answer = (_asked, response) => void response.writeHead(422, { 'content-type': 'application/json' }).end(text);
  expect(await ask(providerAt('mistral', upstream.url), {})).toMatchObject({ form: 'whole', status: 422, text });
});
