import fc from 'fast-check';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import type { ChatChunk, ChatCompletion } from '../providers/dialect.ts';
import { chunkOf, chunksOf } from './chunks.fixture.ts';
import { completionOf, completions } from './completions.fixture.ts';
import { garbage } from './garbage.fixture.ts';
import { type OutputItem, statusOf } from './responses/answer.ts';
import { responsesWayIn } from './responses.ts';

const TRACE = '01a21749-9a90-75d3-a137-50f20dc284f8';
const asked = { model: 'smart', input: 'Hi' };

/** The official client, with our body for an answer. */
function client(body: string, type = 'application/json'): OpenAI {
  return new OpenAI({
    apiKey: 'k',
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers: { 'content-type': type } })),
  });
}
const whole = (completion: ChatCompletion) =>
  client(JSON.stringify(responsesWayIn.fromCompletion(completion, asked, TRACE))).responses.create(asked);
const framesOf = (completion: ChatCompletion, size: number) => {
  const frames = responsesWayIn.frames(asked, TRACE);
  return (
    chunksOf(completion, size)
      .map((chunk) => frames.take(chunk))
      .join('') + frames.end()
  );
};
const streamed = (completion: ChatCompletion, size: number) =>
  client(framesOf(completion, size), 'text/event-stream').responses.stream(asked).finalResponse();
/** What the client itself adds to a parsed response. */
const bare = (response: unknown) =>
  JSON.parse(
    JSON.stringify(response, (key, value: unknown) =>
      key === 'parsed' || key === 'parsed_arguments' || key === 'output_parsed' || key === 'output_text' ? undefined : value,
    ),
  ) as unknown;

test('whole and streamed, the official client reads the same response', async () => {
  await fc.assert(
    fc.asyncProperty(completions, fc.integer({ min: 1, max: 9 }), async (completion, size) => {
      const response = await whole(completion);
      expect(bare(await streamed(completion, size))).toEqual(bare(response));
      expect(response.output_text).toBe(completion.choices[0]!.message.content ?? '');
      const calls = response.output.filter((item) => item.type === 'function_call').map((item) => item.arguments);
      expect(calls).toEqual((completion.choices[0]!.message.tool_calls ?? []).map((call) => call.function.arguments));
      expect(response.status).toBe(completion.choices[0]!.finish_reason === 'length' ? 'incomplete' : 'completed');
    }),
    { numRuns: 60 },
  );
});

test('events come in order: numbered, each delta inside its item, the last one the response', () => {
  fc.assert(
    fc.property(completions, (completion) => {
      const events = framesOf(completion, 4)
        .split('\n\n')
        .filter((frame) => frame !== '')
        .map((frame) => JSON.parse(frame.slice(frame.indexOf('data: ') + 6)));
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
      let open: string | null = null;
      for (const { type, item, item_id } of events) {
        if (type === 'response.output_item.added') {
          expect(open).toBeNull();
          open = item.id;
        } else if (type === 'response.output_item.done') {
          expect(item.id).toBe(open);
          open = null;
        } else if (item_id !== undefined) expect(item_id).toBe(open);
      }
      expect(open).toBeNull();
      expect(events.at(-1).type).toMatch(/^response\.(completed|incomplete)$/);
    }),
  );
});

test('structured answers are parsed by the client', async () => {
  const completion = completionOf({ content: '{"n":5}' });
  const text = { format: zodTextFormat(z.object({ n: z.number() }), 'number') };
  const response = await client(JSON.stringify(responsesWayIn.fromCompletion(completion, { ...asked, text }, TRACE))).responses.parse({
    ...asked,
    text,
  });
  expect(response.output_parsed).toEqual({ n: 5 });
  expect(responsesWayIn.toChat({ ...asked, text })).toMatchObject({
    response_format: { type: 'json_schema', json_schema: { name: 'number', strict: true } },
  });
});

test('a stream that breaks off is an error to the client, and never a response', async () => {
  const frames = responsesWayIn.frames(asked, TRACE);
  const [completion] = fc.sample(completions, 1);
  const text = frames.take(chunksOf(completion!, 3)[0]!) + frames.fail(new StillhouseError('upstream_reset', 'cut'));
  await expect(client(text, 'text/event-stream').responses.stream(asked).finalResponse()).rejects.toThrow();
});

test('a provider’s own thoughts come back as they were', () => {
  const blocks = [
    { type: 'thinking', thinking: 'hm', signature: 's' },
    { type: 'redacted_thinking', data: 'x' },
  ];
  const completion = completionOf({ content: 'yes', reasoning_content: 'hm', thinking_blocks: blocks });
  const { output } = responsesWayIn.fromCompletion(completion, asked, TRACE) as { output: object[] };
  const { messages } = responsesWayIn.toChat({
    ...asked,
    input: [{ role: 'user', content: 'Hi' }, ...output, { role: 'user', content: 'And?' }],
  });
  expect(messages).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'yes', reasoning_content: 'hm', thinking_blocks: blocks },
    { role: 'user', content: 'And?' },
  ]);
});

test.each([
  ['length', 'ab', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [{ status: 'incomplete' }] }],
  ['content_filter', '', { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [{ status: 'incomplete' }] }],
  ['stop', 'ab', { status: 'completed', incomplete_details: null, output: [{ status: 'completed' }] }],
] as const)('an answer that ended by %s, whole and streamed', async (finish_reason, content, expected) => {
  const completion = completionOf({ content }, finish_reason);
  expect(await whole(completion)).toMatchObject(expected);
  expect(await streamed(completion, 1)).toMatchObject(expected);
});

test('a refusal is a part of its own, and whole', async () => {
  const completion = completionOf({ content: 'Well', refusal: 'No.' }, 'content_filter');
  for (const response of [await whole(completion), await streamed(completion, 2)]) {
    expect(response.status).toBe('completed');
    expect(response.output).toMatchObject([
      {
        content: [
          { type: 'output_text', text: 'Well' },
          { type: 'refusal', refusal: 'No.' },
        ],
      },
    ]);
  }
});

test('log-probabilities are of the text that they came with', () => {
  const frames = responsesWayIn.frames(asked, TRACE);
  const chunk = (delta: object, token?: string) => chunkOf(delta, token ? { logprobs: { content: [{ token, logprob: -1 }] } } : {});
  const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
  const text =
    frames.take(chunk({ content: 'a' }, 'a')) +
    frames.take(chunk({ tool_calls: [call] })) +
    frames.take(chunk({ content: 'b' }, 'b')) +
    frames.end();
  const { response } = JSON.parse(text.slice(text.lastIndexOf('data: ') + 6)) as {
    response: { output: { content?: { logprobs: { token: string }[] }[] }[] };
  };
  const tokens = response.output.map(({ content }) => content?.flatMap(({ logprobs }) => logprobs.map(({ token }) => token)));
  expect(tokens).toEqual([['a'], undefined, ['b']]);
});

test('two calls of one index are two; a piece of one that is over is no answer', async () => {
  const chunk = (...tool_calls: object[]) => chunkOf({ tool_calls });
  const begun = (id: string) => ({ index: 0, id, function: { name: 'f', arguments: `{"id":"${id}"}` } });
  const frames = responsesWayIn.frames(asked, TRACE);
  const text = frames.take(chunk(begun('a'))) + frames.take(chunk(begun('b'))) + frames.end();
  const { output } = await client(text, 'text/event-stream').responses.stream(asked).finalResponse();
  expect(output).toMatchObject([
    { call_id: 'a', arguments: '{"id":"a"}' },
    { call_id: 'b', arguments: '{"id":"b"}' },
  ]);
  for (const next of [chunk({ ...begun('b'), index: 1 }), chunkOf({ content: 'So' })]) {
    const other = responsesWayIn.frames(asked, TRACE);
    other.take(chunk(begun('a')));
    other.take(next);
    expect(() => other.take(chunk({ index: 0, function: { arguments: '}' } }))).toThrow(
      expect.objectContaining({ code: 'upstream_invalid' }),
    );
  }
});

test('a provider’s garbage is read as far as it goes', () => {
  fc.assert(
    fc.property(garbage, (choice) => {
      responsesWayIn.fromCompletion({ choices: [choice] } as unknown as ChatCompletion, asked, TRACE);
      const frames = responsesWayIn.frames(asked, TRACE);
      try {
        frames.take({ choices: [choice] } as unknown as ChatChunk);
      } catch (error) {
        if (!isStillhouseError(error, 'upstream_invalid')) throw error;
      }
      frames.end();
    }),
    { numRuns: 1000 },
  );
});

test('blocks that OpenRouter wants back come back as they were, whole and streamed', async () => {
  const details = [
    { type: 'reasoning.summary', summary: 'hm hm', format: 'openai-responses-v1', index: 0 },
    { type: 'reasoning.encrypted', data: 'gAAAAAB', id: 'rs_1', format: 'openai-responses-v1', index: 0 },
  ];
  const call = { id: 'c1', type: 'function' as const, function: { name: 'f', arguments: '{"q":1}' } };
  for (const message of [
    { content: null, reasoning_content: 'hm hm', reasoning_details: details, tool_calls: [call] },
    { content: 'yes', reasoning_details: details.slice(1) },
  ]) {
    const completion = completionOf(message, message.content === null ? 'tool_calls' : 'stop');
    for (const { output } of [await whole(completion), await streamed(completion, 3)]) {
      const { messages } = responsesWayIn.toChat({ ...asked, input: [{ role: 'user', content: 'Hi' }, ...output] });
      expect((messages as object[])[1]).toEqual({ role: 'assistant', ...message });
    }
  }
});

test('the items of a stream are not all looked at again as each one ends', () => {
  let looks = 0;
  const refusing: OutputItem[] = [
    { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'refusal', refusal: 'No' }] },
  ];
  const watched = new Proxy(refusing, { get: (items, name) => (looks++, Reflect.get(items, name) as unknown) });
  expect([statusOf('stop', watched), statusOf('tool_calls', watched), statusOf('length', watched), looks]).toEqual([
    'completed',
    'completed',
    'incomplete',
    0,
  ]);
  expect(statusOf('content_filter', watched)).toBe('completed');
});
