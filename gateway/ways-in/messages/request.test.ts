import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { anthropicRequest } from '../../providers/anthropic/request.ts';
import { garbageIn, TOO_DEEP } from '../garbage.fixture.ts';
import { messagesWayIn } from '../messages.ts';

const asked = { model: 'smart', max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hi' }] };

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
  [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
  [{ messages: [{ role: 'user', content: [{ type: 'server_tool_use' }] }] }, 'messages[0].content[0].type'],
  [{ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools[0].type'],
  [{ container: 'c' }, 'container'],
  [{ messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file' } }] }] }, 'messages[0].content[0].source.type'],
  [
    {
      messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'text', data: 'x' }, citations: { enabled: true } }] }],
    },
    'messages[0].content[0].citations',
  ],
  [{ thinking: { type: 'enabled', budget_tokens: 10 } }, 'thinking.budget_tokens'],
  [{ thinking: { type: 'much' } }, 'thinking.type'],
  [{ output_config: { effort: 'some' } }, 'output_config.effort'],
  [{ output_config: { format: { type: 'xml' } } }, 'output_config.format'],
])('what the gateway can’t carry is refused by its path: %j', (more, param) => {
  expect(() => messagesWayIn.toChat({ ...asked, ...more })).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

test('what is deeper than could be written is refused by its field', () => {
  const tools = [{ name: 'f', input_schema: TOO_DEEP }];
  expect(() => messagesWayIn.toChat({ ...asked, tools })).toThrow(expect.objectContaining({ code: 'invalid_request', param: 'tools' }));
});

test.each([
  [{ thinking: { type: 'enabled', budget_tokens: 2048 } }, 'low'],
  [{ thinking: { type: 'enabled', budget_tokens: 32_000 } }, 'xhigh'],
  [{ thinking: { type: 'adaptive' } }, 'medium'],
  [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, 'xhigh'],
  [{ thinking: { type: 'disabled' }, output_config: { effort: 'high' } }, 'none'],
  [{ thinking: { type: 'between_tools' } }, undefined],
  // As at Anthropic, an effort alone makes no model think.
  [{ output_config: { effort: 'high' } }, undefined],
])('how much it is to think: %j', (more, effort) => {
  expect(messagesWayIn.toChat({ ...asked, ...more })['reasoning_effort']).toBe(effort);
});

test('what is null was not asked for', () => {
  const nothing = { container: null, thinking: null, output_config: null, tool_choice: null, service_tier: null, cache_control: null };
  expect(messagesWayIn.toChat({ ...asked, ...nothing })).toEqual(messagesWayIn.toChat(asked));
});

test('OpenAI’s names of tiers; rules in mid-conversation; a result without a word', () => {
  const messages = [
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a' },
        { type: 'tool_result', tool_use_id: 'b', content: [] },
      ],
    },
    { role: 'system', content: 'Now in French' },
  ];
  expect(messagesWayIn.toChat({ ...asked, messages, service_tier: 'standard_only' })).toMatchObject({
    service_tier: 'default',
    messages: [
      { role: 'tool', tool_call_id: 'a', content: '' },
      { role: 'tool', tool_call_id: 'b', content: '' },
      { role: 'system', content: 'Now in French' },
    ],
  });
});

test('marks for the cache on a call and on the whole request are at Anthropic where they were', () => {
  const mark = { type: 'ephemeral' };
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {}, cache_control: mark }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'one' }] },
  ];
  const body = messagesWayIn.toChat({ ...asked, messages, cache_control: mark });
  const wire = anthropicRequest({ model: 'claude-x', body, stream: false, lenient: false, prefix: '', now: 1 });
  const turns = (JSON.parse(wire.body) as { messages: { content: { cache_control?: unknown }[] }[] }).messages;
  expect(turns.map(({ content }) => content.at(-1)!.cache_control)).toEqual([undefined, mark, mark]);
});

test('garbage is no other error than ours', () => {
  const body = garbageIn('messages', 'system', 'tools', 'tool_choice', 'thinking', 'output_config', 'metadata', 'cache_control');
  fc.assert(
    fc.property(body, (given) => {
      try {
        JSON.stringify(messagesWayIn.toChat({ ...asked, ...given }));
      } catch (error) {
        if (!isStillhouseError(error, 'invalid_request')) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
