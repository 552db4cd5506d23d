import { expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { pricingOf } from './price.ts';
import { NO_USAGE } from './provider.ts';

const usage = { ...NO_USAGE, tokensIn: 1000, tokensOut: 100, tokensCached: 600, tokensCacheWrite: 300 };
const config = (values: object) =>
  ProviderConfig.parse({ id: 'p', kind: 'openai-compatible', baseUrl: 'http://localhost:1/v1', ...values });

test('the parts of a price are its input, output, cache reads and cache writes, and add up to it', () => {
  const own = {
    id: 'm',
    inputUsdPerMTok: 10,
    outputUsdPerMTok: 40,
    cachedInputUsdPerMTok: 1,
    cacheWriteUsdPerMTok: 12.5,
  };
  const { cost, costSplit } = pricingOf(config({ models: [own] }));
  const split = costSplit('m', usage)!;
  expect(split.inputUsd).toBeCloseTo(0.001, 12);
  expect(split.outputUsd).toBeCloseTo(0.004, 12);
  expect(split.cachedUsd).toBeCloseTo(0.0006, 12);
  expect(split.cacheWriteUsd).toBeCloseTo(0.00375, 12);
  expect(split.inputUsd! + split.outputUsd! + split.cachedUsd! + split.cacheWriteUsd!).toBeCloseTo(cost('m', usage)!, 12);
  expect(costSplit('unknown', usage)).toBeNull();
});

test('a published price has parts, the first time and from memory', () => {
  const { cost, costSplit } = pricingOf(config({ id: 'openai', kind: 'openai', baseUrl: 'https://api.openai.com/v1', models: [] }));
  const plain = { ...NO_USAGE, tokensIn: 1_000_000, tokensOut: 1_000_000 };
  for (const split of [costSplit('gpt-4o', plain), costSplit('gpt-4o', plain)]) {
    expect(split!.inputUsd! + split!.outputUsd!).toBeCloseTo(cost('gpt-4o', plain)!, 9);
    expect(split).toMatchObject({ cachedUsd: 0, cacheWriteUsd: 0 });
  }
});

/** Of the published list, the first time and from memory. */
const published = (kind: string, model: string, usage: object) => {
  const { cost } = pricingOf(config({ id: kind, kind, baseUrl: 'https://example.test/v1' }));
  const all = { ...NO_USAGE, ...usage };
  const usd = cost(model, all);
  expect(cost(model, all)).toBe(usd);
  return usd;
};

test('tokens with a price of their own have it: an hour in the cache, sound, pictures, reasoning', () => {
  const million = 1_000_000;
  // Each is above or below what plain tokens of the same number would cost.
  const five = published('anthropic', 'claude-3-7-sonnet-latest', { tokensIn: 100_000, tokensCacheWrite: 100_000 })!;
  const hour = published('anthropic', 'claude-3-7-sonnet-latest', {
    tokensIn: 100_000,
    tokensCacheWrite: 100_000,
    tokensCacheWriteHour: 100_000,
  })!;
  expect(hour / five).toBeCloseTo(2 / 1.25, 9);
  const text = published('google', 'gemini-2.5-flash', { tokensIn: million })!;
  const sound = published('google', 'gemini-2.5-flash', { tokensIn: million, tokensAudioIn: million })!;
  expect(sound).toBeGreaterThan(3 * text);
  const heard = { tokensIn: million, tokensCached: million, tokensAudioIn: million, tokensAudioCached: million };
  expect(published('google', 'gemini-2.5-flash', heard)).toBeCloseTo(sound / 10, 9);
  // What the cache had of the sound is not said: no more than must be.
  expect(published('google', 'gemini-2.5-flash', { tokensIn: million, tokensCached: million / 2, tokensAudioIn: million / 2 })).toBeCloseTo(
    sound / 2 + text / 20,
    9,
  );
  expect(published('openai', 'gpt-audio', { tokensOut: million, tokensAudioOut: million })).toBeGreaterThan(
    5 * published('openai', 'gpt-audio', { tokensOut: million })!,
  );
  expect(published('google', 'gemini-2.5-flash-image', { tokensOut: 1290, tokensImageOut: 1290 })).toBeCloseTo(0.0387, 9);
  expect(published('perplexity', 'sonar-deep-research', { tokensOut: million, tokensReasoning: million })).toBeLessThan(
    published('perplexity', 'sonar-deep-research', { tokensOut: million })!,
  );
});

test('a model of the list without a price is unpriced and not free, but where its name says so', () => {
  expect(published('cerebras', 'qwen-3-coder-480b', { tokensIn: 10, tokensOut: 10 })).toBeNull();
  expect(published('openai', 'whisper-1', { tokensIn: 10, tokensOut: 10 })).toBeNull();
  expect(published('openai', 'text-embedding-3-small', { tokensIn: 1_000_000 })).toBeCloseTo(0.02, 9);
  expect(published('openrouter', 'deepseek/deepseek-r1:free', { tokensIn: 10, tokensOut: 10 })).toBe(0);
});

test('the configuration has prices of reasoning, of an hour in the cache, and of long prompts', () => {
  const own = {
    id: 'm',
    inputUsdPerMTok: 1,
    outputUsdPerMTok: 10,
    reasoningUsdPerMTok: 5,
    cacheWriteUsdPerMTok: 1.25,
    cacheWriteHourUsdPerMTok: 2,
    tiers: [
      { aboveInputTokens: 500_000, inputUsdPerMTok: 4 },
      { aboveInputTokens: 200_000, inputUsdPerMTok: 2, outputUsdPerMTok: 20 },
    ],
  };
  const { cost, costSplit } = pricingOf(config({ models: [own] }));
  const of = (usage: object) => cost('m', { ...NO_USAGE, ...usage });
  expect(of({ tokensOut: 1000, tokensReasoning: 400 })).toBeCloseTo((600 * 10 + 400 * 5) / 1e6, 12);
  expect(of({ tokensIn: 1000, tokensCacheWrite: 1000, tokensCacheWriteHour: 400 })).toBeCloseTo((600 * 1.25 + 400 * 2) / 1e6, 12);
  expect(of({ tokensIn: 200_000, tokensOut: 100 })).toBeCloseTo(0.2 + 0.001, 12);
  expect(of({ tokensIn: 200_001, tokensOut: 100 })).toBeCloseTo(0.400002 + 0.002, 12);
  // Cached tokens cost what others do where nothing else is said; the output is as without the step.
  expect(of({ tokensIn: 1_000_000, tokensCached: 500_000, tokensOut: 100 })).toBeCloseTo(4 + 0.001, 12);
  expect(costSplit('m', { ...NO_USAGE, tokensIn: 300_000, tokensOut: 100, tokensReasoning: 100 })).toMatchObject({ outputUsd: 0.002 });
});
