import { expect, test } from 'vitest';
import { parseChatRequest } from './chat-request.ts';
import { estimatePrompt, estimateUsage } from './completion-facts.ts';

const requestWith = (...parts: object[]) =>
  parseChatRequest(
    JSON.stringify({ model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, ...parts] }] }),
    undefined,
  );
const base64 = 'A'.repeat(1_400_000);

test('a picture is some tokens, not as many as its file has letters', () => {
  const bare = estimatePrompt(requestWith());
  const image = (url: string) => estimatePrompt(requestWith({ type: 'image_url', image_url: { url } })) - bare;
  expect(image(`data:image/png;base64,${base64}`)).toBeLessThan(1700);
  expect(image('https://example.com/a.png')).toBeGreaterThan(1599);
  // Servers of OpenAI's dialect take it so, too.
  expect(estimatePrompt(requestWith({ type: 'image_url', image_url: `data:image/png;base64,${base64}` }))).toBeLessThan(2000);
  expect(estimateUsage(requestWith({ type: 'image_url', image_url: { url: `data:image/png;base64,${base64}` } })).tokensIn).toBeLessThan(
    2000,
  );
});

test('a document has about 2,000 tokens a page, and sound no more', () => {
  const bare = estimatePrompt(requestWith());
  for (const part of [
    { type: 'file', file: { file_data: base64 } },
    { type: 'input_audio', input_audio: { data: base64, format: 'wav' } },
  ])
    expect((estimatePrompt(requestWith(part)) - bare) / (base64.length / 32)).toBeCloseTo(1, 1);
  for (const odd of [
    { type: 'file' },
    { type: 'file', file: null },
    { type: 'image_url', image_url: null },
    { type: 'input_audio', input_audio: { data: 5 } },
  ])
    expect(estimatePrompt(requestWith(odd))).toBeLessThan(bare + 1650);
});
