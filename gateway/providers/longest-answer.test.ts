import { expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { anthropicBound } from './anthropic/request.ts';
import { sent } from './anthropic/sent.fixture.ts';
import { providerOf } from './kinds.ts';

const longest = (config: object, model: string, body: object = {}) =>
  providerOf(ProviderConfig.parse(config), () => 'key').longestAnswer!(model, { ...body });

test.each([
  ['openai', 'gpt-4o-mini', 16_384],
  ['openai', 'ft:gpt-4.1-mini-2025-04-14:me::a', 32_768],
  ['openai', 'gpt-4-0613', 8192],
  ['openai', 'gpt-5.1', 128_000],
  ['openai', 'o4-mini', 100_000],
  ['google', 'gemini-2.0-flash', 8192],
  ['google', 'models/gemini-3-pro-preview', 65_536],
  ['bedrock', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 64_000],
  ['bedrock', 'anthropic.claude-3-5-sonnet-20240620-v1:0', 8192],
  ['groq', 'openai/gpt-oss-120b', 131_072],
  ['cohere', 'command-r-08-2024', 4096],
  // Nobody has published its longest answer: it is no longer than all that it can read and write.
  ['cerebras', 'llama3.1-8b', 32_768],
  ['together', 'a-model-of-mine', null],
])('%s: an answer of %s has at most %j tokens', (kind, model, tokens) => {
  expect(longest({ kind }, model)).toBe(tokens);
});

test.each([
  ['claude-3-haiku-20240307', {}],
  ['claude-sonnet-4-5', {}],
  ['claude-haiku-4-5', { reasoning_effort: 'xhigh' }],
  ['claude-haiku-4-5', { thinking: { type: 'enabled', budget_tokens: 60_000 } }],
  ['claude-opus-4-6', { reasoning_effort: 'high' }],
  ['claude-opus-4-8', { reasoning_effort: 'high' }],
  ['claude-haiku-4-5', { reasoning_effort: 'none' }],
])('Anthropic: what may be spent is what is sent: %s %j', (model, body) => {
  const { max_tokens: bound } = sent(body, { model });
  expect(anthropicBound(model, body)).toBe(bound);
  expect(longest({ kind: 'anthropic', models: [{ id: model, maxOutputTokens: 7 }] }, model, body)).toBe(bound);
});

test('the configuration’s word is above the published one', () => {
  const config = { kind: 'openai-compatible', id: 'mine', baseUrl: 'http://a', models: [{ id: 'gpt-4o', maxOutputTokens: 77 }] };
  expect(longest(config, 'gpt-4o')).toBe(77);
  expect(longest(config, 'own')).toBeNull();
});
