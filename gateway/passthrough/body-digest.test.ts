import { expect, test } from 'vitest';
import { BodyDigest } from './body-digest.ts';
import { mediaFacts } from './media-usage.ts';

function digestOf(text: string, { size = 7, contentType = 'application/json', longest = 64 } = {}) {
  const digest = new BodyDigest(contentType, longest);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) digest.take(bytes.subarray(at, at + size));
  expect(digest.bytes).toBe(bytes.length);
  return digest.digest;
}

test('JSON stays JSON: long strings alone are cut, wherever its pieces part', () => {
  const hard = 'fourteen bytes\\"\n\u0007cd\u0001\\\\"xyz';
  const body = { created: 1, data: [{ b64_json: 'A'.repeat(5000), hard, short: 'a\\b' }], usage: { input_tokens: 3, output_tokens: 4 } };
  const text = JSON.stringify(body);
  for (let size = 1; size < 40; size++) {
    // Keys are strings, too: the longest has 13 bytes.
    for (let longest = 13; longest < 48; longest++) {
      const { text: kept, whole } = digestOf(text, { size, longest });
      const read = JSON.parse(kept) as typeof body;
      expect(whole).toBe(true);
      expect(read.usage).toEqual(body.usage);
      expect(hard.startsWith(read.data[0]!.hard)).toBe(true);
      expect(read.data[0]!.b64_json.length).toBe(longest);
    }
  }
});

test('of a long stream the end is kept, where its usage is', () => {
  const delta = `data: ${JSON.stringify({ type: 'speech.audio.delta', audio: 'QUJD'.repeat(1000) })}\n\n`;
  const done = `data: ${JSON.stringify({ type: 'speech.audio.done', usage: { input_tokens: 5, output_tokens: 9, total_tokens: 14 } })}\n\n`;
  const { text, whole } = digestOf(delta.repeat(30_000) + done, { size: 65_536, contentType: 'text/event-stream; charset=utf-8' });
  expect(whole).toBe(false);
  expect(text.length).toBeLessThan(1024 * 1024 + 1);
  expect(mediaFacts(text).usage).toMatchObject({ tokensIn: 5, tokensOut: 9, seconds: null });
});

test('what is no text leaves nothing', () => {
  expect(digestOf('ID3"""', { contentType: 'audio/mpeg' })).toEqual({ text: '', whole: true });
  expect(digestOf('1\n00:00 --> 00:01\n"four"', { contentType: 'text/plain' }).text).toBe('1\n00:00 --> 00:01\n"four"');
});

test('usage in each of the words that there are', () => {
  const of = (body: object) => mediaFacts(JSON.stringify(body)).usage;
  expect(of({ usage: { type: 'duration', seconds: 12.5 } })).toMatchObject({ seconds: 12.5, tokensIn: 0 });
  expect(of({ task: 'transcribe', duration: '8.47', text: 'x' })).toMatchObject({ seconds: 8.47 });
  const images = { input_tokens: 50, output_tokens: 7, input_tokens_details: { text_tokens: 10, image_tokens: 40 } };
  expect(of({ usage: images })).toMatchObject({ tokensIn: 50, tokensOut: 7, imageTokensIn: 40, audioTokensIn: null });
  expect(of({ usage: images })).not.toHaveProperty('tokensImageOut');
  const drawn = { ...images, output_tokens_details: { text_tokens: 2, image_tokens: 5 } };
  expect(of({ usage: drawn })).toMatchObject({ tokensOut: 7, tokensImageOut: 5 });
  const heard = { type: 'tokens', input_tokens: 14, input_token_details: { text_tokens: 10, audio_tokens: 4 }, output_tokens: 101 };
  expect(of({ usage: heard })).toMatchObject({ tokensIn: 14, tokensOut: 101, audioTokensIn: 4 });
  for (const odd of [
    {},
    { usage: null },
    { usage: { input_tokens: -1, output_tokens: 1 } },
    { usage: { input_tokens: 1e300 } },
    { duration: 'long' },
  ])
    expect(of(odd)).toBeNull();
});
