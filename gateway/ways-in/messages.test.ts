import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import type { ChatChunk, ChatCompletion } from '../providers/dialect.ts';
import { chunkOf, chunksOf } from './chunks.fixture.ts';
import { completionOf, completions } from './completions.fixture.ts';
import { garbage } from './garbage.fixture.ts';
import { countTokens, messagesWayIn } from './messages.ts';

const TRACE = '01a21749-9a90-75d3-a137-50f20dc284f8';
const asked = { model: 'smart', max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hi' }] };

/** The official client, with our body for an answer. */
function client(body: string, type = 'application/json', status = 200): Anthropic {
  const fetch = () => Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }));
  return new Anthropic({ apiKey: 'k', maxRetries: 0, fetch });
}
const whole = (completion: ChatCompletion) =>
  client(JSON.stringify(messagesWayIn.fromCompletion(completion, asked, TRACE))).messages.create(asked);
const streamed = (completion: ChatCompletion, size: number) => {
  const frames = messagesWayIn.frames(asked, TRACE);
  const text =
    chunksOf(completion, size)
      .map((chunk) => frames.take(chunk))
      .join('') + frames.end();
  return client(text, 'text/event-stream').messages.stream(asked).finalMessage();
};

test('whole and streamed, the official client reads the same message', async () => {
  await fc.assert(
    fc.asyncProperty(completions, fc.integer({ min: 1, max: 9 }), async (completion, size) => {
      const message = await whole(completion);
      const { parsed_output: _, ...live } = (await streamed(completion, size)) as Anthropic.Message & { parsed_output?: unknown };
      const bare = ({ content, ...rest }: Anthropic.Message) => ({
        ...rest,
        content: content.map((block) => ({ ...block, parsed_output: undefined })),
      });
      expect(JSON.parse(JSON.stringify(bare(live as Anthropic.Message)))).toEqual(JSON.parse(JSON.stringify(bare(message))));
      expect(message.usage.input_tokens + message.usage.cache_read_input_tokens! + message.usage.cache_creation_input_tokens!).toBe(
        completion.usage!.prompt_tokens,
      );
      const calls = message.content.filter((block) => block.type === 'tool_use').map(({ input }) => input);
      expect(calls).toEqual((completion.choices[0]!.message.tool_calls ?? []).map((call) => JSON.parse(call.function.arguments)));
    }),
    { numRuns: 60 },
  );
});

test('a refusal and a redacted thought', async () => {
  const completion = completionOf(
    { content: null, refusal: 'No.', thinking_blocks: [{ type: 'redacted_thinking', data: 'x' }] },
    'content_filter',
  );
  for (const message of [await whole(completion), await streamed(completion, 2)]) {
    expect(message.stop_reason).toBe('refusal');
    expect(message.content).toMatchObject([
      { type: 'redacted_thinking', data: 'x' },
      { type: 'text', text: 'No.' },
    ]);
  }
});

test('a stream that breaks off is an error to the client, and never a message', async () => {
  const frames = messagesWayIn.frames(asked, TRACE);
  const [completion] = fc.sample(completions, 1);
  const text = chunksOf(completion!, 3)
    .slice(0, 2)
    .map((chunk) => frames.take(chunk))
    .join('');
  const failed = text + frames.fail(new StillhouseError('upstream_reset', 'cut'));
  await expect(client(failed, 'text/event-stream').messages.stream(asked).finalMessage()).rejects.toThrow('cut');
});

test.each([
  [401, Anthropic.AuthenticationError],
  [404, Anthropic.NotFoundError],
  [429, Anthropic.RateLimitError],
  [502, Anthropic.InternalServerError],
])('an error of %i is the client’s own', async (status, type) => {
  const body = JSON.stringify(messagesWayIn.error({ status, message: 'why', type: 'api_error', code: null, param: null }));
  await expect(client(body, 'application/json', status).messages.create(asked)).rejects.toBeInstanceOf(type);
});

test('thoughts go back to where they came from: signed ones as blocks, others as reasoning', async () => {
  const signed = { thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }] };
  for (const thought of [signed, { reasoning_content: 'hm' }]) {
    const { role, content } = await whole(completionOf({ content: 'yes', ...thought }));
    const { messages } = messagesWayIn.toChat({ ...asked, messages: [{ role, content }] });
    expect(messages).toEqual([{ role: 'assistant', content: 'yes', ...thought }]);
  }
});

/** A chunk with pieces of tool calls. */
const pieces = (...calls: object[]) => chunkOf({ tool_calls: calls });
const call = (id: string, name: string, index?: number) => ({ index, id, type: 'function', function: { name, arguments: '{"q":' } });

test.each([
  [0, 0],
  [undefined, undefined],
  [0, 1],
])('two calls are two, their indexes %s and %s', async (first, second) => {
  const frames = messagesWayIn.frames(asked, TRACE);
  const text =
    frames.take(pieces(call('a', 'f', first), { index: first, function: { arguments: '1}' } })) +
    frames.take(pieces(call('b', 'g', second))) +
    frames.take(pieces({ index: second, id: 'b', function: { arguments: '2}' } })) +
    frames.end();
  const message = await client(text, 'text/event-stream').messages.stream(asked).finalMessage();
  expect(message.content).toMatchObject([
    { type: 'tool_use', id: 'a', name: 'f', input: { q: 1 } },
    { type: 'tool_use', id: 'b', name: 'g', input: { q: 2 } },
  ]);
  // Though the provider gave no reason at all.
  expect(message.stop_reason).toBe('tool_use');
});

test.each([
  ['another call', { tool_calls: [call('b', 'g', 1)] }],
  ['a text', { content: 'So' }],
])('a piece of a call that is over is no answer: behind %s', (_what, next) => {
  const frames = messagesWayIn.frames(asked, TRACE);
  frames.take(pieces(call('a', 'f', 0)));
  frames.take(chunkOf(next));
  expect(() => frames.take(pieces({ index: 0, function: { arguments: '}' } }))).toThrow(
    expect.objectContaining({ code: 'upstream_invalid' }),
  );
});

test('a block without a signature is its reasoning, once', async () => {
  const block = { type: 'thinking', thinking: 'hm', signature: '' };
  const completion = completionOf({ content: 'yes', reasoning_content: 'hm', thinking_blocks: [block] });
  for (const message of [await whole(completion), await streamed(completion, 1)]) {
    expect(message.content).toMatchObject([block, { type: 'text', text: 'yes' }]);
  }
  // It has nothing that its provider would want back.
  expect((await whole(completionOf({ content: 'yes', thinking_blocks: [block] }))).content).toMatchObject([{ type: 'text' }]);
});

test('a call that was asked for by its name is a use of a tool, though the provider says stop', async () => {
  const called = { id: '', type: 'function' as const, function: { name: 'f', arguments: '[1]' } };
  const completion = completionOf({ content: null, tool_calls: [called] });
  const message = await whole(completion);
  expect(message.stop_reason).toBe('tool_use');
  expect(message.content).toMatchObject([{ id: expect.stringMatching(/^call_/), input: { arguments: '[1]' } }]);
  expect((await streamed(completion, 1)).content).toMatchObject([{ id: (message.content[0] as { id: string }).id }]);
});

test('tokens are counted by a rule of thumb', () => {
  const count = (content: unknown, more: object = {}) => countTokens({ messages: [{ role: 'user', content }], ...more }).input_tokens;
  expect(count('x'.repeat(4000))).toBeGreaterThan(1000);
  expect(count('Hi')).toBeLessThan(20);
  expect(count('Hi', { system: 'x'.repeat(400), tools: [{ name: 'f', input_schema: {}, description: 'x'.repeat(400) }] })).toBeGreaterThan(
    200,
  );
});

test('an image counts as one, not by its bytes', () => {
  const source = { type: 'base64', media_type: 'image/png', data: 'a'.repeat(100_000) };
  const { input_tokens: tokens } = countTokens({ messages: [{ role: 'user', content: [{ type: 'image', source }] }] });
  expect(tokens).toBeGreaterThan(1600);
  expect(tokens).toBeLessThan(1700);
});

test('a provider’s garbage is read as far as it goes', () => {
  fc.assert(
    fc.property(garbage, (choice) => {
      const frames = messagesWayIn.frames(asked, TRACE);
      messagesWayIn.fromCompletion({ choices: [choice] } as unknown as ChatCompletion, asked, TRACE);
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

const DETAILS = [
  { type: 'reasoning.summary', summary: 'hm hm', format: 'openai-responses-v1', index: 0 },
  { type: 'reasoning.encrypted', data: 'gAAAAAB', id: 'rs_1', format: 'openai-responses-v1', index: 0 },
];
const CALL = { id: 'c1', type: 'function' as const, function: { name: 'f', arguments: '{"q":1}' } };

test.each([
  ['before a call', { content: null, reasoning_content: 'hm hm', reasoning_details: DETAILS, tool_calls: [CALL] }],
  ['encrypted alone', { content: 'yes', reasoning_details: DETAILS.slice(1) }],
])('blocks that OpenRouter wants back come back as they were, whole and streamed: %s', async (_name, message) => {
  const completion = completionOf(message, message.content === null ? 'tool_calls' : 'stop');
  for (const { content } of [await whole(completion), await streamed(completion, 3)]) {
    const { messages } = messagesWayIn.toChat({ ...asked, messages: [...asked.messages, { role: 'assistant', content }] });
    expect((messages as object[])[1]).toEqual({ role: 'assistant', ...message });
  }
});

test('blocks that come behind the text, and a signature of ours that was altered', async () => {
  const frames = messagesWayIn.frames(asked, TRACE);
  const deltas = [{ reasoning_content: 'hm' }, { content: 'yes' }, { reasoning_details: [DETAILS[1]] }, { content: '!' }];
  const text = deltas.map((delta) => frames.take(chunkOf(delta))).join('') + frames.end();
  const { content } = await client(text, 'text/event-stream').messages.stream(asked).finalMessage();
  const back = (blocks: object[]) => messagesWayIn.toChat({ ...asked, messages: [{ role: 'assistant', content: blocks }] })['messages'] as object[]; // prettier-ignore
  expect(back(content)).toEqual([{ role: 'assistant', content: 'yes!', reasoning_content: 'hm', reasoning_details: [DETAILS[1]] }]);
  const altered = content.map((block) =>
    block.type === 'thinking' && block.signature ? { ...block, signature: 'stillhouse.AAAA' } : block,
  );
  expect(back(altered)).toEqual([{ role: 'assistant', content: 'yes!', reasoning_content: 'hm' }]);
});

test('the stop text that was met is told, whole and streamed', async () => {
  const completion = {
    id: 'c',
    object: 'chat.completion' as const,
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant' as const, content: 'a' }, finish_reason: 'stop' as const, stop_reason: 'END' }],
  };
  expect(await whole(completion)).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
  const frames = messagesWayIn.frames(asked, TRACE);
  const text =
    frames.take(chunkOf({ content: 'a' })) + frames.take(chunkOf({}, { finish_reason: 'stop', stop_reason: 'END' })) + frames.end();
  const message = await client(text, 'text/event-stream').messages.stream(asked).finalMessage();
  expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
  // vLLM numbers tokens there, and other servers say it of other ends.
  for (const odd of [{ stop_reason: 128_009 }, { stop_reason: 'x', finish_reason: 'length' as const }]) {
    const other = { ...completion, choices: [{ ...completion.choices[0]!, ...odd }] } as ChatCompletion;
    expect((await whole(other)).stop_sequence).toBeNull();
  }
});
