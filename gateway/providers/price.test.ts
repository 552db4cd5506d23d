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
