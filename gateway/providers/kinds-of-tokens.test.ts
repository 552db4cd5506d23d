import { expect, test } from 'vitest';
import { usageOf } from '../chat/completion-facts.ts';
import { usageOf as anthropicUsage } from './anthropic/answer.ts';
import { usageOf as bedrockUsage } from './bedrock/answer.ts';
import { usageOf as googleUsage } from './google/answer.ts';

/** What of a provider's count has prices of its own reaches the price through the chat form. */

test('Anthropic and Bedrock: what is kept for an hour', () => {
  const written = { input_tokens: 10, output_tokens: 2, cache_creation_input_tokens: 700 };
  const hour = { ...written, cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 400 } };
  expect(usageOf(anthropicUsage(hour))).toMatchObject({ tokensIn: 710, tokensCacheWrite: 700, tokensCacheWriteHour: 400 });
  expect(anthropicUsage(written)!.prompt_tokens_details).toEqual({ cached_tokens: 0, cache_write_tokens: 700 });
  const details = [
    { ttl: '5m', inputTokens: 300 },
    { ttl: '1h', inputTokens: 400 },
  ];
  const bedrock = { inputTokens: 10, outputTokens: 2, cacheWriteInputTokens: 700, cacheDetails: details };
  expect(usageOf(bedrockUsage(bedrock))).toMatchObject({ tokensIn: 710, tokensCacheWrite: 700, tokensCacheWriteHour: 400 });
  for (const odd of [null, 7, [null], [{ ttl: '1h', inputTokens: 'x' }]])
    expect(usageOf(bedrockUsage({ ...bedrock, cacheDetails: odd }))).not.toHaveProperty('tokensCacheWriteHour');
});

test('Google: sound and pictures', () => {
  const usage = {
    promptTokenCount: 100,
    candidatesTokenCount: 1300,
    cachedContentTokenCount: 50,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: 20 },
      { modality: 'AUDIO', tokenCount: 80 },
    ],
    cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 40 }],
    candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }],
  };
  expect(usageOf(googleUsage(usage))).toEqual({
    tokensIn: 100,
    tokensOut: 1300,
    tokensCached: 50,
    tokensCacheWrite: 0,
    tokensReasoning: 0,
    tokensAudioIn: 80,
    tokensAudioCached: 40,
    tokensImageOut: 1290,
  });
  expect(usageOf(googleUsage({ promptTokenCount: 1, promptTokensDetails: 'x' }))).not.toHaveProperty('tokensAudioIn');
});

test('OpenAI: sound', () => {
  const usage = {
    prompt_tokens: 100,
    completion_tokens: 50,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 80 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 40 },
  };
  expect(usageOf(usage)).toEqual({
    tokensIn: 100,
    tokensOut: 50,
    tokensCached: 0,
    tokensCacheWrite: 0,
    tokensReasoning: 0,
    tokensAudioIn: 80,
    tokensAudioOut: 40,
  });
});
