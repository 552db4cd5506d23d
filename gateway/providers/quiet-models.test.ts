import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseChatRequest } from '../chat/chat-request.ts';
import { messagesToChat } from '../ways-in/messages/request.ts';
import { anthropicRequest } from './anthropic/request.ts';
import { bedrockRequest } from './bedrock/request.ts';
import { cohereRequest } from './cohere/request.ts';
import { googleRequest } from './google/request.ts';
import { completion, choice, ShapedUpstream } from './openai-shaped.fixture.ts';

/** What becomes of a caller's wish that the model should not think, provider by provider. */

const upstream = new ShapedUpstream();
beforeAll(() => upstream.open());
afterAll(() => upstream.close());

/** As a client of Anthropic's API asks for it. */
const asked = (thinking: object) => messagesToChat({ model: 'x', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], thinking });
const OFF = asked({ type: 'disabled' });
const refusal = (param: string) => expect.objectContaining({ code: 'invalid_request', param });

const DIALECTS = { anthropic: anthropicRequest, google: googleRequest, cohere: cohereRequest };
const call = (model: string, body: Record<string, unknown>, lenient = false) => ({
  model,
  body,
  stream: false,
  lenient,
  prefix: '',
  now: 1,
});
const sent = (kind: keyof typeof DIALECTS, ...asking: Parameters<typeof call>) =>
  JSON.parse(DIALECTS[kind](call(...asking)).body) as Record<string, unknown>;

test.each([
  ['anthropic', 'claude-haiku-4-5', { thinking: undefined }],
  ['anthropic', 'claude-sonnet-5', { thinking: { type: 'disabled' } }],
  ['google', 'gemini-2.0-flash', { generationConfig: { maxOutputTokens: 9 } }],
  ['google', 'gemini-2.5-flash', { generationConfig: { maxOutputTokens: 9, thinkingConfig: { thinkingBudget: 0 } } }],
  ['cohere', 'command-a-reasoning-08-2025', { thinking: { type: 'disabled' } }],
] as const)('%s: %s is told by %j', (kind, model, expected) => {
  const wire = sent(kind, model, OFF);
  expect({ ...wire, ...expected }).toEqual(wire);
});

test.each([
  ['anthropic', 'claude-opus-5-5'],
  ['google', 'gemini-2.5-pro'],
  ['google', 'gemini-3-pro-preview'],
] as const)('%s: %s always thinks, and is not asked', (kind, model) => {
  expect(() => sent(kind, model, OFF)).toThrow(refusal('reasoning_effort'));
  sent(kind, model, OFF, true);
});

test('thinking between tools is for the models that know it, and refused by name by all others', async () => {
  const between = asked({ type: 'between_tools' });
  expect(sent('anthropic', 'claude-sonnet-5-5', between)['thinking']).toEqual({ type: 'between_tools' });
  for (const model of ['claude-sonnet-5', 'claude-haiku-4-5', 'claude-opus-5-5'])
    expect(() => sent('anthropic', model, between)).toThrow(refusal('thinking'));
  expect(sent('anthropic', 'claude-sonnet-5', between, true)['thinking']).toEqual({ type: 'disabled' });
  expect(() => sent('google', 'gemini-2.5-flash', between)).toThrow(refusal('thinking'));
  expect(() => sent('cohere', 'command-a', between)).toThrow(refusal('thinking'));
  expect(sent('cohere', 'command-a', between, true)).not.toHaveProperty('thinking');
  expect(() => bedrockRequest(call('amazon.nova-pro-v1:0', between))).toThrow(refusal('thinking'));
  for (const kind of ['openai', 'openai-compatible', 'groq', 'deepseek', 'fireworks', 'mistral', 'together'] as const) {
    await expect(upstream.call(kind, between, { translated: true })).rejects.toMatchObject({ code: 'invalid_request', param: 'thinking' });
    expect(await upstream.asked(kind, between, { translated: true, lenient: true })).not.toHaveProperty('thinking');
  }
});

test.each([
  ['openai', 'gpt-4o', { reasoning_effort: undefined }],
  ['openai', 'gpt-5-mini', { reasoning_effort: 'minimal' }],
  ['openai', 'gpt-5-chat-latest', { reasoning_effort: undefined }],
  ['openai', 'gpt-5.1', { reasoning_effort: 'none' }],
  ['openai', 'ft:gpt-4.1-mini-2025-04-14:me::a', { reasoning_effort: undefined }],
  ['openai', 'gpt-6', { reasoning_effort: 'none' }],
  ['openai-compatible', 'llama-3', { reasoning_effort: undefined }],
  ['groq', 'qwen/qwen3-32b', { reasoning_effort: 'none' }],
  ['groq', 'llama-3.3-70b-versatile', { reasoning_effort: undefined }],
  ['cerebras', 'zai-glm-4.7', { reasoning_effort: 'none' }],
  ['cerebras', 'llama3.1-8b', { reasoning_effort: undefined }],
  ['mistral', 'mistral-small-latest', { reasoning_effort: 'none' }],
  ['mistral', 'open-mistral-nemo', { reasoning_effort: undefined }],
  ['deepseek', 'deepseek-chat', { reasoning_effort: undefined, thinking: { type: 'disabled' } }],
  ['together', 'deepseek-ai/DeepSeek-V3.1', { reasoning_effort: undefined, reasoning: { enabled: false } }],
  ['together', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', { reasoning_effort: undefined, reasoning: undefined }],
  ['sambanova', 'Meta-Llama-3.3-70B-Instruct', { reasoning_effort: undefined }],
  ['perplexity', 'sonar', { reasoning_effort: undefined }],
  ['azure-openai', 'my-deployment', { reasoning_effort: undefined }],
  ['openrouter', 'anthropic/claude-sonnet-4.5', { reasoning_effort: 'none' }],
  ['ollama', 'qwen3:8b', { reasoning_effort: 'none' }],
  ['ollama', 'deepseek-r1:8b', { reasoning_effort: 'none' }],
  ['vllm', 'Qwen/Qwen3-8B', { reasoning_effort: undefined, chat_template_kwargs: { enable_thinking: false, thinking: false } }],
  ['fireworks', 'accounts/fireworks/models/glm-4p6', { reasoning_effort: 'none' }],
] as const)('%s: %s is told by %j', async (kind, model, expected) => {
  const got = await upstream.asked(kind, OFF, { translated: true, model });
  for (const [field, value] of Object.entries(expected)) expect(got[field]).toEqual(value);
});

test.each([
  ['openai', 'o3', 'low'],
  ['openai', 'gpt-5-codex', 'low'],
  ['openai', 'gpt-5.2-pro', undefined],
  ['groq', 'openai/gpt-oss-120b', 'low'],
  ['cerebras', 'gpt-oss-120b', 'low'],
  ['sambanova', 'gpt-oss-120b', 'low'],
  ['together', 'openai/gpt-oss-20b', 'low'],
  ['mistral', 'magistral-medium-latest', undefined],
  ['perplexity', 'sonar-reasoning-pro', 'low'],
  ['ollama', 'gpt-oss:20b', 'low'],
  ['vllm', 'openai/gpt-oss-20b', 'low'],
  ['vllm', 'deepseek-ai/DeepSeek-R1', undefined],
  ['together', 'Qwen/Qwen3-235B-A22B-Thinking-2507', undefined],
] as const)('%s: %s always thinks: refused by name, and as little as it can for a lenient caller', async (kind, model, least) => {
  await expect(upstream.call(kind, OFF, { translated: true, model })).rejects.toMatchObject({
    code: 'invalid_request',
    param: 'reasoning_effort',
  });
  expect((await upstream.asked(kind, OFF, { translated: true, model, lenient: true }))['reasoning_effort']).toBe(least);
});

test('what a client of OpenAI’s chat says to OpenAI goes on as it came', async () => {
  upstream.json(completion(choice({ role: 'assistant', content: 'ok' })));
  const text = '{"messages": [ {"role":"user","content":"Hi"} ],"reasoning_effort":"none","thinking":{},"model":"x"}';
  for (const kind of ['openai', 'openai-compatible'] as const) {
    await upstream.perform(kind, (provider, rest) => provider.call({ ...rest, request: parseChatRequest(text, undefined) }));
    expect(upstream.sentText).toBe(text.replace('"x"', '"m"'));
  }
});
