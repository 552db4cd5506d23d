import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import { anthropicRequest } from '../providers/anthropic/request.ts';
import type { ChatCompletion } from '../providers/dialect.ts';
import { chunksOf } from './chunks.fixture.ts';
import { completions } from './completions.fixture.ts';
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
  const completion: ChatCompletion = {
    ...{ id: 'c', object: 'chat.completion', created: 1, model: 'm' },
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: null, refusal: 'No.', thinking_blocks: [{ type: 'redacted_thinking', data: 'x' }] },
        finish_reason: 'content_filter',
      },
    ],
  };
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

const CONVERSATION = {
  model: 'claude-x',
  max_tokens: 100,
  system: [{ type: 'text', text: 'Rules', cache_control: { type: 'ephemeral' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'See' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aaaa' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 's' },
        { type: 'text', text: 'Looking' },
        { type: 'tool_use', id: 'a', name: 'f', input: { q: 1 } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'one' }], is_error: true },
        { type: 'text', text: 'So?', cache_control: { type: 'ephemeral' } },
      ],
    },
  ],
  tools: [{ name: 'f', description: 'd', input_schema: { type: 'object' } }],
  tool_choice: { type: 'any', disable_parallel_tool_use: true },
  stop_sequences: ['END'],
  temperature: 0.5,
  top_k: 3,
  metadata: { user_id: 'u' },
};

test('a conversation goes in and comes out at Anthropic as it was', () => {
  const body = messagesWayIn.toChat(CONVERSATION);
  const wire = anthropicRequest({ model: 'claude-x', body, stream: false, lenient: false, prefix: '', now: 1 });
  expect(JSON.parse(wire.body)).toEqual(CONVERSATION);
});

test('its chat form is OpenAI’s', () => {
  const body = messagesWayIn.toChat({ ...CONVERSATION, stream: true, thinking: { type: 'enabled', budget_tokens: 10_000 } });
  expect(body).toMatchObject({
    max_completion_tokens: 100,
    reasoning_effort: 'medium',
    user: 'u',
    stream_options: { include_usage: true },
  });
  expect((body['messages'] as { role: string }[]).map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'user']);
});

test.each([
  [{ max_tokens: undefined }, 'max_tokens'],
  [{ messages: 'x' }, 'messages'],
  [{ messages: [{ role: 'system', content: 'x' }] }, 'messages[0].role'],
  [{ messages: [{ role: 'user', content: [{ type: 'server_tool_use' }] }] }, 'messages[0].content[0].type'],
  [{ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools[0].type'],
  [{ container: 'c' }, 'container'],
])('what the gateway can’t carry is refused by its path: %j', (more, param) => {
  expect(() => messagesWayIn.toChat({ ...asked, ...more })).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

test('tokens are counted by a rule of thumb', () => {
  expect(countTokens({ ...asked, messages: [{ role: 'user', content: 'x'.repeat(4000) }] }).input_tokens).toBeGreaterThan(1000);
  expect(countTokens({ messages: asked.messages }).input_tokens).toBeLessThan(20);
});

test('garbage is no other error than ours', () => {
  const body = fc.dictionary(
    fc.constantFrom('model', 'messages', 'max_tokens', 'system', 'tools', 'tool_choice', 'thinking', 'output_config'),
    fc.anything(),
  );
  fc.assert(
    fc.property(body, (garbage) => {
      try {
        messagesWayIn.toChat({ max_tokens: 1, messages: [], ...garbage });
      } catch (error) {
        expect(isStillhouseError(error, 'invalid_request')).toBe(true);
      }
    }),
  );
});
