import fc from 'fast-check';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import type { ChatCompletion } from '../providers/dialect.ts';
import { chunksOf } from './chunks.fixture.ts';
import { completions } from './completions.fixture.ts';
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
  const completion: ChatCompletion = {
    ...{ id: 'c', object: 'chat.completion', created: 1, model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', content: '{"n":5}' }, finish_reason: 'stop' }],
  };
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

test('a conversation in items is the messages that one would write', () => {
  const body = responsesWayIn.toChat({
    model: 'smart',
    instructions: 'Rules',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'See' },
          { type: 'input_image', image_url: 'https://x/y.png', detail: 'low' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Looking', annotations: [] }] },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"q":1}' },
      { type: 'function_call', call_id: 'b', name: 'g', arguments: '{}' },
      { type: 'function_call_output', call_id: 'a', output: 'one' },
      { type: 'function_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'two' }] },
      { role: 'developer', content: 'Quick' },
    ],
    tools: [{ type: 'function', name: 'f', description: null, parameters: { type: 'object' }, strict: true }],
    tool_choice: { type: 'function', name: 'f' },
    reasoning: { effort: 'low' },
    max_output_tokens: 9,
    include: ['message.output_text.logprobs'],
    store: false,
  });
  expect(body).toEqual({
    model: 'smart',
    messages: [
      { role: 'system', content: 'Rules' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: 'Looking',
        reasoning_content: 'hm',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: '{"q":1}' } },
          { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', content: 'two' },
      { role: 'developer', content: 'Quick' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    reasoning_effort: 'low',
    max_completion_tokens: 9,
    logprobs: true,
  });
});

test('a provider’s own thoughts come back as they were', () => {
  const blocks = [
    { type: 'thinking', thinking: 'hm', signature: 's' },
    { type: 'redacted_thinking', data: 'x' },
  ];
  const completion: ChatCompletion = {
    ...{ id: 'c', object: 'chat.completion', created: 1, model: 'm' },
    choices: [
      { index: 0, message: { role: 'assistant', content: 'yes', reasoning_content: 'hm', thinking_blocks: blocks }, finish_reason: 'stop' },
    ],
  };
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
  [{ input: 5 }, 'input'],
  [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input[0].type'],
  [{ input: [{ role: 'tool', content: 'x' }] }, 'input[0].role'],
  [{ input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] }, 'input[0].content[0].image_url'],
  [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
  [{ background: true }, 'background'],
  [{ truncation: 'auto' }, 'truncation'],
  [{ conversation: 'c' }, 'conversation'],
  [{ include: ['file_search_call.results'] }, 'include[0]'],
])('what the gateway can’t carry is refused by its path: %j', (more, param) => {
  expect(() => responsesWayIn.toChat({ ...asked, ...more })).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

test('garbage is no other error than ours', () => {
  const body = fc.dictionary(
    fc.constantFrom('model', 'input', 'instructions', 'text', 'tools', 'tool_choice', 'reasoning', 'include'),
    fc.anything(),
  );
  fc.assert(
    fc.property(body, (garbage) => {
      try {
        responsesWayIn.toChat({ input: 'x', ...garbage });
      } catch (error) {
        expect(isStillhouseError(error, 'invalid_request')).toBe(true);
      }
    }),
  );
});
