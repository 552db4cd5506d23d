import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isStillhouseError } from '../../contracts/errors.ts';
import { parseChatRequest } from '../chat/chat-request.ts';
import { messagesToChat } from '../ways-in/messages/request.ts';
import { parseEmbeddingsRequest } from '../embeddings/embeddings-request.ts';
import { chatMessages } from './chat-messages.fixture.ts';
import { choice, completion, ShapedUpstream } from './openai-shaped.fixture.ts';

/** What a conversation becomes for providers that refuse what they don't know. */

const SERVED = ['azure-openai', 'openrouter', 'ollama', 'vllm'] as const;
const KINDS = ['groq', 'mistral', 'deepseek', 'together', 'fireworks', 'cerebras', 'sambanova', 'perplexity', ...SERVED] as const;
const upstream = new ShapedUpstream();

beforeAll(() => upstream.open());
afterAll(() => upstream.close());

const asked: ShapedUpstream['asked'] = (...body) => upstream.asked(...body);
const call: ShapedUpstream['call'] = (...body) => upstream.call(...body);

const calls = [{ id: 'call_of_another', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content: { google: {} } }];
/** An answer given back as a client got it from here, and a tool's result. */
const HISTORY = [
  { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] },
  {
    role: 'assistant',
    content: 'One moment',
    refusal: null,
    annotations: [],
    audio: null,
    function_call: null,
    reasoning_content: 'hm',
    thinking_blocks: [{ type: 'thinking', thinking: 'hm' }],
    tool_calls: calls,
  },
  { role: 'tool', tool_call_id: 'call_of_another', name: 'f', content: 'one', cache_control: { type: 'ephemeral' } },
];
const plainCall = { id: 'call_of_another', type: 'function', function: { name: 'f', arguments: '{}' } };
const plainHistory = (assistant: object) => [
  { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
  { role: 'assistant', content: 'One moment', ...assistant, tool_calls: [plainCall] },
  { role: 'tool', tool_call_id: 'call_of_another', name: 'f', content: 'one' },
];

test.each(['groq', 'cerebras', 'together', 'sambanova'] as const)('%s: an answer goes back in the fields that it knows', async (kind) => {
  expect((await asked(kind, { messages: HISTORY }))['messages']).toEqual(plainHistory({ reasoning: 'hm' }));
});

test('OpenRouter: all goes back as it came, with reasoning by its name', async () => {
  const [user, { reasoning_content: reasoning, ...assistant }, tool] = HISTORY as [object, (typeof HISTORY)[1], object];
  expect((await asked('openrouter', { messages: HISTORY }))['messages']).toEqual([user, { ...assistant, reasoning }, tool]);
});

test('vLLM: reasoning goes back by its name of today and its older one', async () => {
  expect((await asked('vllm', { messages: HISTORY }))['messages']).toEqual(plainHistory({ reasoning_content: 'hm', reasoning: 'hm' }));
});

test('Ollama: a tool’s result is one text', async () => {
  const parts = [
    { type: 'text', text: 'on' },
    { type: 'text', text: 'e' },
  ];
  const messages = HISTORY.map((message) => (message.role === 'tool' ? { ...message, content: parts } : message));
  expect((await asked('ollama', { messages }))['messages']).toEqual(plainHistory({ reasoning: 'hm' }));
});

test('Perplexity: reasoning does not go back', async () => {
  expect((await asked('perplexity', { messages: HISTORY }))['messages']).toEqual(plainHistory({}));
});

test('Mistral: reasoning goes back as a part, and ids of calls as short as it wants them, result and call alike', async () => {
  const [, assistant, tool] = (await asked('mistral', { messages: HISTORY }))['messages'] as Record<string, unknown>[];
  const content = [
    { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
    { type: 'text', text: 'One moment' },
  ];
  expect(assistant).toEqual({ role: 'assistant', content, tool_calls: [{ ...plainCall, id: expect.stringMatching(/^[a-z0-9]{9}$/) }] });
  expect(tool!['tool_call_id']).toBe((assistant!['tool_calls'] as { id: string }[])[0]!.id);
  const own = { role: 'assistant', content: null, tool_calls: [{ ...plainCall, id: 'aB3dE6gH9' }] };
  expect((await asked('mistral', { messages: [own] }))['messages']).toEqual([own]);
});

test('Fireworks: reasoning goes back as it came, without what it does not know', async () => {
  expect((await asked('fireworks', { messages: HISTORY }))['messages']).toEqual(plainHistory({ reasoning_content: 'hm' }));
});

test('DeepSeek: an answer goes back as it came', async () => {
  expect((await asked('deepseek', { messages: HISTORY }))['messages']).toEqual(HISTORY);
});

/** A conversation of a client of Anthropic's API, as the chat form has it. */
const OF_MESSAGES = messagesToChat({
  model: 'x',
  max_tokens: 9,
  system: [{ type: 'text', text: 'Rules', cache_control: { type: 'ephemeral' } }],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 's' },
        { type: 'thinking', thinking: 'another’s', signature: '' },
        { type: 'tool_use', id: 'a', name: 'f', input: {}, cache_control: { type: 'ephemeral' } },
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'no', is_error: true }] },
  ],
  tools: [{ name: 'f', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } }],
  cache_control: { type: 'ephemeral' },
});

test('OpenAI gets of a client of Anthropic’s API what it knows, and of its own what came', async () => {
  const plain = {
    model: 'm',
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Rules' }] },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'a', content: 'no' },
    ],
    max_completion_tokens: 9,
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
  };
  expect(await asked('openai', OF_MESSAGES, { translated: true })).toEqual(plain);
  expect(await asked('openai', OF_MESSAGES)).toEqual({ ...OF_MESSAGES, model: 'm' });
  expect(await asked('openai-compatible', OF_MESSAGES, { translated: true })).toEqual({ ...OF_MESSAGES, model: 'm' });
});

test.each(['openai', 'azure-openai'] as const)(
  '%s, by an alias: hints for its other targets stay here, all else goes on as it came',
  async (kind) => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const marked = tools.map((tool) => ({ ...tool, cache_control: { type: 'ephemeral' } }));
    const [user, assistant, result] = HISTORY as [object, (typeof HISTORY)[1], object];
    const body = { messages: [user, assistant, result], tools: marked, cache_control: { type: 'ephemeral' } };
    const { reasoning_content: _, thinking_blocks: __, ...plain } = assistant;
    expect(await asked(kind, body, { byAlias: true })).toEqual({
      model: 'm',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { ...plain, tool_calls: [plainCall] },
        { role: 'tool', tool_call_id: 'call_of_another', name: 'f', content: 'one' },
      ],
      tools,
    });
    // Without any it goes on byte for byte.
    await asked(kind, { messages: [{ role: 'user', content: 'Hi', x: 1.0 }], y: 1e3 }, { byAlias: true });
    expect(upstream.sentText).toBe('{"model":"m","messages":[{"role":"user","content":"Hi","x":1}],"y":1000}');
  },
);

test('a refusal goes back as what it said', async () => {
  const messages = [{ role: 'assistant', content: null, refusal: 'No' }];
  expect((await asked('groq', { messages }))['messages']).toEqual([{ role: 'assistant', content: 'No' }]);
});

test.each(['groq', 'mistral'] as const)('%s: a speaker’s name is refused by its path, and left out for a lenient caller', async (kind) => {
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'user', content: 'Hi', name: 'Ann' },
  ];
  await expect(call(kind, { messages })).rejects.toMatchObject({ code: 'invalid_request', param: 'messages[1].name' });
  expect((await asked(kind, { messages }, { lenient: true }))['messages']).toEqual([messages[0], messages[0]]);
});

const schema = { type: 'json_schema', json_schema: { name: 'n', schema: {} } };

test.each([
  ['deepseek', 'response_format', schema],
  ['deepseek', 'parallel_tool_calls', false],
  ['perplexity', 'response_format', { type: 'json_object' }],
  ['sambanova', 'logprobs', true],
  ['together', 'parallel_tool_calls', false],
  ['groq', 'thinking', { type: 'enabled', budget_tokens: 2000 }],
  ['mistral', 'top_k', 4],
  ['cerebras', 'web_search_options', { search_context_size: 'low' }],
  ['deepseek', 'functions', [{ name: 'f', parameters: {} }]],
] as const)('%s: %s %j is refused by name, and left out for a lenient caller', async (kind, field, value) => {
  await expect(call(kind, { [field]: value })).rejects.toMatchObject({ code: 'invalid_request', param: field });
  expect(await asked(kind, { [field]: value }, { lenient: true })).not.toHaveProperty(field);
});

test.each([
  ['deepseek', { reasoning_effort: 'high' }, { reasoning_effort: 'high' }],
  ['deepseek', { reasoning_effort: 'none' }, { thinking: { type: 'disabled' }, reasoning_effort: undefined }],
  ['deepseek', { response_format: { type: 'json_object' } }, { response_format: { type: 'json_object' } }],
  ['perplexity', { response_format: schema }, { response_format: schema }],
  ['fireworks', { seed: 3, prediction: { type: 'content', content: 'x' } }, { seed: 3 }],
  ['fireworks', { max_completion_tokens: 5, max_tokens: 9 }, { max_tokens: 5, max_completion_tokens: undefined }],
  ['fireworks', { max_completion_tokens: null, max_tokens: 9 }, { max_tokens: 9, max_completion_tokens: undefined }],
  ['sambanova', { presence_penalty: 0.5 }, { presence_penalty: 0.5 }],
  ['groq', { thinking: { type: 'disabled' } }, { thinking: undefined }],
  ['deepseek', { thinking: { type: 'enabled' } }, { thinking: { type: 'enabled' } }],
  ['together', { logprobs: true, top_logprobs: 4, stop: 'x' }, { logprobs: 4, top_logprobs: undefined, stop: ['x'] }],
  ['together', { logprobs: false }, { logprobs: undefined }],
  ['mistral', { user: 'u' }, { user: undefined }],
  ['cerebras', { user: 'u', service_tier: 'auto' }, { user: 'u', service_tier: 'auto' }],
] as const)('%s: %j goes out as %j', async (kind, body, expected) => {
  const got = await asked(kind, body);
  for (const [field, value] of Object.entries(expected)) expect(got[field]).toEqual(value);
});

test.each(['groq', 'cerebras', 'mistral', 'fireworks', 'perplexity'] as const)(
  '%s: what is of OpenAI’s books only is left out',
  async (kind) => {
    const books = { store: false, safety_identifier: 's', prompt_cache_key: 'k', prompt_cache_retention: '24h' };
    const got = await asked(kind, books);
    for (const field of Object.keys(books)) expect(got).not.toHaveProperty(field);
  },
);

test('a number beyond 2^53 keeps its digits under another name', async () => {
  upstream.json(completion(choice({ role: 'assistant', content: 'ok' })));
  const text = '{"model":"x","messages":[{"role":"user","content":"Hi"}],"seed":9007199254740993}';
  await upstream.perform('mistral', (provider, rest) => provider.call({ ...rest, request: parseChatRequest(text, undefined) }));
  expect(upstream.sentText).toContain('"random_seed":9007199254740993');
});

test('embeddings: Mistral’s fields, and none where they are not offered', async () => {
  upstream.json({ object: 'list', model: 'm', data: [] });
  const text = '{"model":"x","input":"Hi","dimensions":256,"user":"u"}';
  const request = parseEmbeddingsRequest(text, undefined, false);
  await upstream.perform('mistral', (provider, rest) => provider.embed!({ ...rest, request }));
  expect(upstream.sent).toEqual({ model: 'm', input: 'Hi', output_dimension: 256 });
  await upstream.perform('together', (provider, rest) => provider.embed!({ ...rest, request }));
  expect(upstream.sent).toEqual({ model: 'm', input: 'Hi', dimensions: 256, user: 'u' });
  const none = KINDS.filter((kind) => !upstream.provider(kind).embed);
  expect(none).toEqual(['groq', 'deepseek', 'cerebras', 'perplexity']);
});

test.each(['groq', 'cerebras', 'mistral', 'fireworks'] as const)('%s: tools go out without marks for a cache', async (kind) => {
  const tool = { type: 'function', function: { name: 'f', parameters: {} } };
  expect((await asked(kind, { tools: [{ ...tool, cache_control: { type: 'ephemeral' } }] }))['tools']).toEqual([tool]);
});

test('whatever the conversation, it goes out or is refused by name', async () => {
  upstream.json(completion(choice({ role: 'assistant', content: 'ok' })));
  await fc.assert(
    fc.asyncProperty(chatMessages, fc.constantFrom(...KINDS), async (messages, kind) => {
      try {
        await call(kind, { messages });
        expect((upstream.sent['messages'] as object[]).length).toBe(messages.length);
      } catch (error) {
        if (!isStillhouseError(error, 'invalid_request')) throw error;
      }
    }),
    { numRuns: 200 },
  );
});
