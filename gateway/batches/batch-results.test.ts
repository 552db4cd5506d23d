import { expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { openAICompatible } from '../providers/openai-compatible.ts';
import { BatchShares } from './batch-results.ts';
import { worstOfLine } from './line-price.ts';

const lab = (extra: object = {}) =>
  openAICompatible(
    ProviderConfig.parse({
      id: 'lab',
      kind: 'openai-compatible',
      baseUrl: 'http://lab.test/v1',
      models: [
        {
          id: 'm',
          inputUsdPerMTok: 2,
          outputUsdPerMTok: 8,
          cachedInputUsdPerMTok: 1,
          tiers: [{ aboveInputTokens: 1000, inputUsdPerMTok: 4, outputUsdPerMTok: 16 }],
        },
        { id: 'm-mini', inputUsdPerMTok: 1, outputUsdPerMTok: 1, serviceTiers: { batch: { inputUsdPerMTok: 0.3, outputUsdPerMTok: 0.4 } } },
        { id: 'picture', inputUsdPerMTok: 5, outputUsdPerMTok: 40 },
      ],
      ...extra,
    }),
    () => undefined,
  );
const HALF = { serviceTierShares: { batch: 0.5 } };
const chat = (model: string, tokensIn: number, tokensOut: number, details: object = {}) =>
  JSON.stringify({
    custom_id: 'a',
    response: { status_code: 200, body: { model, usage: { prompt_tokens: tokensIn, completion_tokens: tokensOut, ...details } } },
  });
const sharesOf = (models: string[], lines: string[], { extra = HALF as object, endpoint = '/v1/chat/completions' } = {}) => {
  const shares = new BatchShares({ provider: lab(extra), models, endpoint });
  for (const line of lines) shares.add(line);
  return shares.all();
};

test('each answer is priced on its own: by the length of its prompt, by what the cache had, by its model', () => {
  const cached = { prompt_tokens_details: { cached_tokens: 400 } };
  const lines = [chat('m-2024', 1000, 10), chat('m-2024', 1001, 10), chat('m-2024', 1000, 0, cached), chat('m-mini-2', 1000, 1000)];
  const shares = sharesOf(['m', 'm-mini'], lines);
  expect(shares).toMatchObject([
    { model: 'm', answered: 'm-2024', lines: 3, usage: { tokensIn: 3001, tokensOut: 20, tokensCached: 400 } },
    { model: 'm-mini', answered: 'm-mini-2', lines: 1 },
  ]);
  expect(shares[0]!.costUsd).toBeCloseTo((1000 * 1 + 10 * 4 + 1001 * 2 + 10 * 8 + 600 * 1 + 400 * 0.5) / 1e6, 12);
  expect(shares[1]!.costUsd).toBeCloseTo(0.0007, 12);
});

test('of a provider that says nothing of batches they cost what calls do', () => {
  expect(sharesOf(['m'], [chat('m', 1000, 0)], { extra: {} })[0]!.costUsd).toBeCloseTo(0.002, 12);
});

test('what has no price stands apart, and what is no answer is not charged', () => {
  const failed = JSON.stringify({ custom_id: 'b', response: { status_code: 400, body: { error: {} } } });
  const lines = [chat('m', 10, 1), chat('other', 20, 2), failed, '', 'no JSON', '{"response":null,"error":{"code":"batch_expired"}}'];
  expect(sharesOf(['m', 'else'], lines)).toMatchObject([
    { model: '', answered: 'other', costUsd: null, usage: { tokensIn: 20 } },
    { model: 'm', lines: 1, costUsd: (10 * 1 + 1 * 4) / 1e6 },
  ]);
  const silent = JSON.stringify({ response: { status_code: 200, body: { model: 'm' } } });
  expect(sharesOf(['m'], [silent, chat('m', 10, 1)])).toMatchObject([
    { lines: 1, costUsd: 0.000014 },
    { lines: 1, costUsd: null },
  ]);
});

test('responses and pictures have words of their own for what they used', () => {
  const usage = { input_tokens: 500, input_tokens_details: { cached_tokens: 100 }, output_tokens: 50, total_tokens: 550 };
  const line = JSON.stringify({ response: { status_code: 200, body: { model: 'm', usage } } });
  expect(sharesOf(['m'], [line], { endpoint: '/v1/responses' })[0]!.costUsd).toBeCloseTo((400 * 1 + 100 * 0.5 + 50 * 4) / 1e6, 12);
  const drawn = { input_tokens: 10, output_tokens: 1000, input_tokens_details: { image_tokens: 0, text_tokens: 10 } };
  const picture = JSON.stringify({ response: { status_code: 200, body: { usage: drawn } } });
  expect(sharesOf(['picture'], [picture], { endpoint: '/v1/images/generations' })).toMatchObject([
    { model: 'picture', usage: { tokensOut: 1000 }, costUsd: (10 * 2.5 + 1000 * 20) / 1e6 },
  ]);
});

test('more tokens than a column holds are several rows', () => {
  const most = 2 ** 31 - 1;
  const shares = sharesOf(['m'], [chat('m', most, 1), chat('m', most, 1), chat('m', most, 1)]);
  expect(shares.map(({ usage }) => usage.tokensIn)).toEqual([most, most, most]);
  expect(shares.reduce((sum, { costUsd }) => sum + costUsd!, 0)).toBeCloseTo((3 * (most * 2 + 8)) / 1e6, 3);
});

test('a line is sized as a call of its own', () => {
  const provider = lab(HALF);
  const worst = (endpoint: string, model: string, body: object) =>
    worstOfLine(provider, { endpoint, model, line: 'x'.repeat(300), body: { model, ...body } });
  expect(worst('/v1/chat/completions', 'm', { messages: [], max_completion_tokens: 50 })).toBeCloseTo((100 * 1 + 50 * 0) / 1e6, 12);
  const said = { messages: [{ role: 'user', content: 'x' }], n: 2 };
  expect(worst('/v1/chat/completions', 'm', { ...said, max_completion_tokens: 50 })).toBeCloseTo((100 * 1 + 100 * 4) / 1e6, 12);
  expect(worst('/v1/responses', 'm', { input: 'x', max_output_tokens: 50 })).toBeCloseTo((100 * 1 + 50 * 4) / 1e6, 12);
  const seen = [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'x' },
        { type: 'input_image', image_url: 'https://a' },
      ],
    },
  ];
  expect(worst('/v1/responses', 'm-mini', { input: seen, max_output_tokens: 0 })).toBeCloseTo((2100 * 0.3 + 4096 * 0.4) / 1e6, 9);
  expect(worst('/v1/completions', 'm', { prompt: ['a', 'b', 'c'], max_tokens: 50 })).toBeCloseTo((100 * 1 + 150 * 4) / 1e6, 12);
  expect(worst('/v1/embeddings', 'm', { input: 'x' })).toBeCloseTo((100 * 1) / 1e6, 12);
  expect(worst('/v1/images/generations', 'picture', { prompt: 'abc', n: 2 })).toBeCloseTo((1 * 2.5 + 2 * 6240 * 20) / 1e6, 9);
  expect(worst('/v1/chat/completions', 'unheard-of', said)).toBeNull();
});
