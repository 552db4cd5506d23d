import { expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { mediaPricingOf } from './media-price.ts';
import { type MediaUsage, NO_USAGE } from './provider.ts';

const usage = (changes: Partial<MediaUsage>): MediaUsage => ({
  ...NO_USAGE,
  imageTokensIn: null,
  audioTokensIn: null,
  seconds: null,
  ...changes,
});
const published = mediaPricingOf(ProviderConfig.parse({ kind: 'openai' }));

test('published prices tell pictures and sound from text, and time from tokens', () => {
  // Of a million tokens: 5 dollars of text, 10 of given pictures, 40 of drawn ones.
  expect(published('gpt-image-1', usage({ tokensIn: 1000, imageTokensIn: 400, tokensOut: 1000 }))).toBeCloseTo(0.003 + 0.004 + 0.04, 9);
  // 10 dollars of text that is written, 32 of pictures that are drawn.
  const drawn = usage({ tokensIn: 1000, imageTokensIn: 0, tokensOut: 1000, tokensImageOut: 900 });
  expect(published('gpt-image-1.5', drawn)).toBeCloseTo(0.005 + 0.001 + 0.0288, 9);
  expect(published('gpt-4o-transcribe', usage({ tokensIn: 1000, audioTokensIn: 1000, tokensOut: 100 }))).toBeCloseTo(0.006 + 0.001, 9);
  expect(published('whisper-1', usage({ seconds: 600 }))).toBeCloseTo(0.06, 9);
});

test('what the list has no price for is null, never 0', () => {
  expect(published('whisper-1', usage({ tokensIn: 1000, tokensOut: 10 }))).toBeNull();
  expect(published('gpt-4o-transcribe', usage({ seconds: 60 }))).toBeNull();
  expect(published('gpt-image-1', usage({ tokensIn: 1000, tokensOut: 10 }))).toBeNull();
  expect(published('gpt-image-1.5', usage({ tokensIn: 1000, imageTokensIn: 0, tokensOut: 10 }))).toBeNull();
  expect(published('omni-moderation-latest', usage({ tokensIn: 10 }))).toBeNull();
  expect(published('tts-1', usage({ tokensIn: 10, tokensOut: 10 }))).toBeNull();
});

test('a price of stillhouse.yaml counts, and a server of one’s own has no other', () => {
  const models = [{ id: 'gpt-image-1', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }];
  const own = mediaPricingOf(ProviderConfig.parse({ id: 'own', kind: 'openai-compatible', baseUrl: 'http://127.0.0.1:1/v1', models }));
  expect(own('gpt-image-1', usage({ tokensIn: 1000, tokensOut: 1000 }))).toBeCloseTo(0.003, 9);
  expect(own('whisper-1', usage({ seconds: 60 }))).toBeNull();
});

test('text that is spoken goes by its characters, and sound by its minutes, where stillhouse.yaml says so', () => {
  const models = [{ id: 'tts-1', inputUsdPerMChar: 15 }, { id: 'whisper-1', audioUsdPerMinute: 0.006 }, { id: 'both', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }]; // prettier-ignore
  const own = mediaPricingOf(ProviderConfig.parse({ kind: 'openai', models }));
  expect(own('tts-1', usage({ characters: 2000 }))).toBeCloseTo(0.03, 9);
  expect(own('tts-1', usage({ characters: 0 }))).toBe(0);
  expect(own('whisper-1', usage({ seconds: 90 }))).toBeCloseTo(0.009, 9);
  // A price by tokens says nothing of characters.
  expect(own('both', usage({ characters: 2000 }))).toBeNull();
  expect(own('both', usage({ seconds: 2000 }))).toBeNull();
  expect(published('tts-1', usage({ characters: 2000 }))).toBeNull();
  expect(published('gpt-4o-mini-tts', usage({ characters: 2000 }))).toBeNull();
});
