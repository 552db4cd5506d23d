import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { chatMessages } from '../chat-messages.fixture.ts';
import { sent } from './sent.fixture.ts';

const answered = [
  { role: 'user', content: 'a' },
  { role: 'assistant', tool_calls: [{ id: 'functions.f:0', type: 'function', function: { name: 'f', arguments: '{}' } }] },
  { role: 'user', content: 'b' },
  {
    role: 'tool',
    tool_call_id: 'functions.f:0',
    content: [{ type: 'text', text: 'r' }],
    is_error: true,
    cache_control: { type: 'ephemeral' },
  },
];

test('results come first in their turn, by ids that the API takes, and offered are at least the tools that were called', () => {
  const wire = sent({ messages: answered });
  expect(wire['messages']).toEqual([
    { role: 'user', content: [{ type: 'text', text: 'a' }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'functions_2e_f_3a_0', name: 'f', input: {} }] },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'functions_2e_f_3a_0',
          content: [{ type: 'text', text: 'r' }],
          is_error: true,
          cache_control: { type: 'ephemeral' },
        },
        { type: 'text', text: 'b' },
      ],
    },
  ]);
  expect(wire).toMatchObject({ tools: [{ name: 'f', input_schema: { type: 'object' } }], tool_choice: { type: 'none' } });
});

test.each([
  [answered.slice(0, 3), 'messages[1].tool_calls'],
  [answered.slice(0, 2), 'messages[1].tool_calls'],
  [[...answered.slice(0, 3), { role: 'assistant', content: 'd' }, answered[3]!], 'messages[1].tool_calls'],
  [[...answered.slice(0, 2), ...answered.slice(1)], 'messages[2].tool_calls'],
  [[...answered, answered[3]!], 'messages[4].tool_call_id'],
  [[answered[0]!, answered[3]!], 'messages[1].tool_call_id'],
])('a call without a result, and a result without a call, are refused by their path (%#)', (messages, param) => {
  expect(() => sent({ messages })).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

test('white space alone is not sent, and an assistant’s message without anything is none', () => {
  const said = [
    { type: 'text', text: ' \n' },
    { type: 'text', text: 'a' },
  ];
  const messages = [
    { role: 'user', content: said },
    { role: 'assistant', content: '' },
    { role: 'user', content: 'b' },
  ];
  const expected = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ];
  expect(sent({ messages })['messages']).toEqual([{ role: 'user', content: expected }]);
});

test('a file of text is a document of text, one of another kind is refused', () => {
  const file = (type: string) => ({
    messages: [{ role: 'user', content: [{ type: 'file', file: { file_data: `data:${type};base64,aGk=`, filename: 'a' } }] }],
  });
  expect(sent(file('text/markdown'))['messages']).toMatchObject([
    { content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'hi' }, title: 'a' }] },
  ]);
  expect(() => sent(file('video/mp4'))).toThrow(expect.objectContaining({ param: 'messages[0].content[0].file' }));
});

test('whatever is asked, the turns alternate, or it is refused by name', () => {
  fc.assert(
    fc.property(chatMessages, (messages) => {
      let body: { messages: { role: string; content: unknown[] }[] };
      try {
        body = sent({ messages }) as unknown as typeof body;
      } catch (error) {
        expect(isStillhouseError(error, 'invalid_request')).toBe(true);
        return;
      }
      for (const [index, { role, content }] of body.messages.entries()) {
        expect(content.length).toBeGreaterThan(0);
        if (index > 0) expect(role).not.toBe(body.messages[index - 1]!.role);
        const of = (turn: { content: unknown[] } | undefined, type: string, id: string) =>
          ((turn?.content ?? []) as Record<string, unknown>[]).filter((block) => block['type'] === type).map((block) => block[id]);
        expect(new Set(of(body.messages[index + 1], 'tool_result', 'tool_use_id'))).toEqual(
          new Set(of(body.messages[index], 'tool_use', 'id')),
        );
      }
    }),
  );
});
