import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProviderKind } from '../../contracts/provider-kinds.ts';
import { framesOf } from '../chat/stream-frames.ts';
import { StreamRecorder } from '../chat/stream-recorder.ts';
import { choice, chunk, completion, ShapedUpstream } from './openai-shaped.fixture.ts';

/** How providers' own ways of answering are mended, whole and streamed. */

const upstream = new ShapedUpstream();

beforeAll(() => upstream.open());
afterAll(() => upstream.close());

const call: ShapedUpstream['call'] = (...body) => upstream.call(...body);

/** Reads a stream as the gateway records it. */
async function recorded(kind: ProviderKind) {
  const answer = await call(kind, { stream: true });
  if (answer.form !== 'stream') throw new Error('a whole answer came');
  const bytes: Buffer[] = [];
  for await (const one of answer.body as AsyncIterable<Buffer>) bytes.push(one);
  const frames = framesOf(Buffer.concat(bytes).toString()).filter(({ data, isDone }) => data !== '' && !isDone);
  const chunks = frames.map(({ data }) => JSON.parse(data) as { choices: Record<string, unknown>[] });
  const recorder = new StreamRecorder();
  for (const one of chunks) recorder.take(one);
  return { chunks, completion: JSON.parse(recorder.completion()) as { choices: { message: object }[] } };
}

test.each(['together', 'sambanova'] as const)('%s: reasoning is told apart, whole and streamed', async (kind) => {
  upstream.json(completion(choice({ role: 'assistant', content: 'yes', reasoning: 'hm' })));
  const whole = await call(kind, {});
  if (whole.form !== 'whole') throw new Error('a stream came');
  expect(JSON.parse(whole.text)).toMatchObject({ choices: [{ message: { content: 'yes', reasoning_content: 'hm' } }] });
  upstream.sse(chunk({ reasoning: 'h' }), chunk({ reasoning: 'm' }), chunk({ content: 'yes' }, { finish_reason: 'eos' }));
  const { completion: made } = await recorded(kind);
  expect(made.choices[0]).toMatchObject({ message: { content: 'yes', reasoning_content: 'hm' }, finish_reason: 'stop' });
});

test('Together: log-probabilities come in OpenAI’s shape, whole and streamed', async () => {
  const logprobs = { tokens: ['a', 'b'], token_logprobs: [-0.5, -1], top_logprobs: [{ a: -0.5, c: -2 }] };
  upstream.json(completion(choice({ role: 'assistant', content: 'ab' }, { logprobs })));
  const whole = await call('together', { logprobs: true });
  if (whole.form !== 'whole') throw new Error('a stream came');
  const top = [
    { token: 'a', logprob: -0.5, bytes: [97] },
    { token: 'c', logprob: -2, bytes: [99] },
  ];
  const content = [
    { token: 'a', logprob: -0.5, bytes: [97], top_logprobs: top },
    { token: 'b', logprob: -1, bytes: [98], top_logprobs: [] },
  ];
  expect(JSON.parse(whole.text)).toMatchObject({ choices: [{ logprobs: { content, refusal: null } }] });
  upstream.sse(chunk({ content: 'a' }, { logprobs: -0.5 }));
  const { chunks } = await recorded('together');
  expect(chunks[0]!.choices[0]!['logprobs']).toEqual({ content: [{ ...top[0], top_logprobs: [] }], refusal: null });
});

test.each([
  ['deepseek', 'insufficient_system_resource', 'unavailable'],
  ['mistral', 'error', 'unavailable'],
] as const)('%s: an answer that ended with %s is none', async (kind, reason, code) => {
  upstream.json(completion(choice({ role: 'assistant', content: 'half' }, { finish_reason: reason })));
  await expect(call(kind, {})).rejects.toMatchObject({ code });
  upstream.sse(chunk({ content: 'half' }), chunk({}, { finish_reason: reason }));
  await expect(recorded(kind)).rejects.toMatchObject({ code });
});

test('Groq: an error within the stream is none of its ends', async () => {
  upstream.sse(chunk({ content: 'half' }), { ...chunk({}, { finish_reason: 'stop' }), x_groq: { id: 'r', error: 'over capacity' } });
  await expect(recorded('groq')).rejects.toMatchObject({ code: 'upstream_invalid', message: expect.stringContaining('over capacity') });
});

test('a mended stream that is destroyed while it is waited for closes its connection', async () => {
  const before = upstream.closed;
  upstream.stall();
  const answer = await call('groq', { stream: true });
  if (answer.form !== 'stream') throw new Error('a whole answer came');
  const chunks = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  await chunks.next();
  const next = chunks.next();
  next.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  answer.body.destroy();
  await expect.poll(() => upstream.closed).toBe(before + 1);
});
