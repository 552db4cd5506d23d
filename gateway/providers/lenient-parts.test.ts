import { expect, test } from 'vitest';
import { anthropicRequest } from './anthropic/request.ts';
import { bedrockRequest } from './bedrock/request.ts';
import { cohereRequest } from './cohere/request.ts';
import type { DialectCall } from './dialect.ts';
import { googleRequest } from './google/request.ts';

/** Parts of messages that a provider can't do: refused by their place, left out for a lenient caller. */

const audio = { type: 'input_audio', input_audio: { data: 'QUJD', format: 'wav' } };
const image = { type: 'image_url', image_url: { url: 'https://example.test/a.png' } };
const archive = { type: 'file', file: { file_data: 'data:application/zip;base64,QUJD', filename: 'a.zip' } };
const picture = { type: 'image_url', image_url: { url: 'data:image/tiff;base64,QUJD' } };

const DIALECTS = {
  anthropic: anthropicRequest,
  bedrock: (call: DialectCall) => ({ body: JSON.stringify(bedrockRequest(call)) }),
  cohere: cohereRequest,
  google: googleRequest,
};
const sent = (dialect: keyof typeof DIALECTS, messages: object[], lenient: boolean) =>
  DIALECTS[dialect]({ model: 'gemini-2.0-flash', body: { messages }, stream: false, lenient, prefix: '', now: 1 }).body;

test.each([
  ['anthropic', audio, 'input_audio'],
  ['anthropic', archive, 'file'],
  ['bedrock', audio, 'input_audio'],
  ['bedrock', image, 'image_url'],
  ['bedrock', picture, 'image_url'],
  ['bedrock', archive, 'file'],
  ['cohere', audio, 'input_audio'],
  ['google', image, 'image_url'],
] as const)('%s: %o', (dialect, part, field) => {
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'Look' }, part] }];
  expect(() => sent(dialect, messages, false)).toThrow(
    expect.objectContaining({ code: 'invalid_request', param: `messages[0].content[1].${field}` }),
  );
  expect(sent(dialect, messages, true)).toBe(sent(dialect, [{ role: 'user', content: [{ type: 'text', text: 'Look' }] }], false));
});

test.each(['anthropic', 'bedrock', 'cohere', 'google'] as const)('%s: what is no text in a system message, or in a result', (dialect) => {
  const rules = { type: 'text', text: 'Rules' };
  const user = { role: 'user', content: 'Hi' };
  const messages = [{ role: 'system', content: [rules, audio] }, user];
  expect(() => sent(dialect, messages, false)).toThrow(expect.objectContaining({ param: 'messages[0].content[1].input_audio' }));
  expect(sent(dialect, messages, true)).toBe(sent(dialect, [{ role: 'system', content: [rules] }, user], false));
});

test('what is malformed is so for a lenient caller, too', () => {
  const odd = [{ role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image_url' }] }];
  expect(() => sent('anthropic', odd, true)).toThrow(expect.objectContaining({ param: 'messages[0].content[1].image_url.url' }));
  // And nothing at all is no message.
  expect(() => sent('anthropic', [{ role: 'user', content: [audio] }], true)).toThrow(
    expect.objectContaining({ param: 'messages[0].content' }),
  );
});
