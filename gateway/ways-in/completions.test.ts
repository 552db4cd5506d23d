import fc from 'fast-check';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import { chunkOf, chunksOf } from './chunks.fixture.ts';
import { completions } from './completions.fixture.ts';
import type { ChatChunk, ChatCompletion } from '../providers/dialect.ts';
import { garbage, garbageIn, TOO_DEEP } from './garbage.fixture.ts';
import { completionsWayIn } from './completions.ts';

const TRACE = '01a21749-9a90-75d3-a137-50f20dc284f8';
const asked = { model: 'smart', prompt: 'Once' };

function client(body: string, type = 'application/json'): OpenAI {
  return new OpenAI({
    apiKey: 'k',
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers: { 'content-type': type } })),
  });
}

test('whole and streamed, the official client reads the same text', async () => {
  await fc.assert(
    fc.asyncProperty(completions, fc.integer({ min: 1, max: 9 }), async (completion, size) => {
      const whole = await client(JSON.stringify(completionsWayIn.fromCompletion(completion, asked, TRACE))).completions.create(asked);
      const [choice] = whole.choices;
      expect(choice!.text).toBe(completion.choices[0]!.message.content ?? '');
      const frames = completionsWayIn.frames({ ...asked, stream_options: { include_usage: true } }, TRACE);
      const text =
        chunksOf(completion, size)
          .map((chunk) => frames.take(chunk))
          .join('') + frames.end();
      let streamed = '';
      let finish: string | null = null;
      let usage: unknown;
      for await (const chunk of await client(text, 'text/event-stream').completions.create({ ...asked, stream: true })) {
        streamed += chunk.choices[0]?.text ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
        usage = chunk.usage ?? usage;
      }
      expect([streamed, finish, usage]).toEqual([choice!.text, choice!.finish_reason, whole.usage]);
    }),
    { numRuns: 40 },
  );
});

test('a prompt is a user’s message, with the API’s own bound', () => {
  expect(completionsWayIn.toChat({ ...asked, prompt: ['Once'], stop: 'x', echo: false, best_of: 1, stream: true })).toEqual({
    model: 'smart',
    messages: [{ role: 'user', content: 'Once' }],
    max_completion_tokens: 16,
    stop: 'x',
    stream: true,
    stream_options: { include_usage: true },
  });
});

test.each([
  [{ echo: true }, 'echo'],
  [{ best_of: 3 }, 'best_of'],
  [{ suffix: 'end' }, 'suffix'],
  [{ logprobs: 2 }, 'logprobs'],
  [{ tools: [] }, 'tools'],
  [{ prompt: ['a', 'b'] }, 'prompt'],
  [{ prompt: [1, 2] }, 'prompt'],
  [{ prompt: undefined }, 'prompt'],
  [{ logit_bias: TOO_DEEP }, 'logit_bias'],
])('what a chat can’t do is refused by name: %#', (more, param) => {
  expect(() => completionsWayIn.toChat({ ...asked, ...more })).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

test('usage that nobody asked for is left out; an error ends the stream without an end mark', () => {
  const frames = completionsWayIn.frames(asked, TRACE);
  const [completion] = fc.sample(completions, 1);
  expect(
    chunksOf(completion!, 3)
      .map((chunk) => frames.take(chunk))
      .join(''),
  ).not.toContain('prompt_tokens');
  expect(frames.fail(new StillhouseError('upstream_reset', 'cut'))).toContain('"upstream_reset"');
});

test('usage comes once, however often the provider counts', () => {
  const chunk = (text: string, tokens: number) => ({
    ...chunkOf({ content: text }),
    usage: { prompt_tokens: 1, completion_tokens: tokens, total_tokens: 1 + tokens },
  });
  const frames = completionsWayIn.frames({ ...asked, stream_options: { include_usage: true } }, TRACE);
  const text = frames.take(chunk('a', 1)) + frames.take(chunk('b', 2)) + frames.end();
  expect(text.match(/"usage":\{[^}]*\}/g)).toEqual(['"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}']);
});

test('garbage is no other error than ours, nor is a provider’s', () => {
  fc.assert(
    fc.property(garbageIn('prompt', 'stop', 'logit_bias', 'metadata', 'echo'), garbage, (given, choice) => {
      try {
        completionsWayIn.toChat({ ...asked, ...given });
      } catch (error) {
        if (!isStillhouseError(error, 'invalid_request')) throw error;
      }
      completionsWayIn.fromCompletion({ choices: [choice] } as unknown as ChatCompletion, asked, TRACE);
      completionsWayIn.frames(asked, TRACE).take({ choices: [choice] } as unknown as ChatChunk);
    }),
    { numRuns: 1000 },
  );
});
