import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { chatMessages } from '../chat-messages.fixture.ts';
import { sent } from './sent.fixture.ts';

const PNG = 'data:image/png;base64,iVBORw0K';
const tools = [{ type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } }];

test('a conversation with tools and images', () => {
  const body = {
    messages: [
      { role: 'system', content: 'Rules' },
      { role: 'developer', content: 'Be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: PNG } },
        ],
      },
      { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'aaaa', format: 'mp3' } }] },
      {
        role: 'assistant',
        content: 'Looking',
        tool_calls: [
          {
            id: 'a',
            type: 'function',
            function: { name: 'f', arguments: '{"q":1}' },
            extra_content: { google: { thought_signature: 'sig' } },
          },
          { id: 'b', type: 'function', function: { name: 'g', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'b', content: 'plain' },
      { role: 'tool', tool_call_id: 'a', content: '{"found":2}' },
    ],
    tools,
    tool_choice: 'required',
  };
  expect(sent(body)).toEqual({
    systemInstruction: { parts: [{ text: 'Rules' }, { text: 'Be brief' }] },
    contents: [
      {
        role: 'user',
        parts: [
          { text: 'See' },
          { inlineData: { mimeType: 'image/png', data: 'iVBORw0K' } },
          { inlineData: { mimeType: 'audio/mp3', data: 'aaaa' } },
        ],
      },
      {
        role: 'model',
        parts: [
          { text: 'Looking' },
          { functionCall: { name: 'f', args: { q: 1 } }, thoughtSignature: 'sig' },
          { functionCall: { name: 'g', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'f', response: { found: 2 } } },
          { functionResponse: { name: 'g', response: { result: 'plain' } } },
        ],
      },
    ],
    tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parametersJsonSchema: { type: 'object' } }] }],
    toolConfig: { functionCallingConfig: { mode: 'ANY' } },
  });
});

const conversation = (extra: object, content: unknown, more: object = {}) => [
  { role: 'user', content: 'a' },
  {
    role: 'assistant',
    content: 'b',
    tool_calls: ['x', 'y'].map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })),
    ...extra,
  },
  { role: 'user', content: 'c' },
  { role: 'tool', tool_call_id: 'y', content, ...more },
  { role: 'tool', tool_call_id: 'x', content: 'r' },
];
const shown = [
  { type: 'text', text: 'see' },
  { type: 'image_url', image_url: { url: PNG } },
];
const inlineData = { mimeType: 'image/png', data: 'iVBORw0K' };

test('results are in the order of their calls and before the text, images beside them', () => {
  expect((sent({ messages: conversation({}, shown) })['contents'] as object[]).at(-1)).toEqual({
    role: 'user',
    parts: [
      { functionResponse: { name: 'f', response: { result: 'r' } } },
      { functionResponse: { name: 'f', response: { result: 'see' } } },
      { text: 'c' },
      { inlineData },
    ],
  });
});

test('however results come, each is at the place of its call', () => {
  const ids = ['x', 'y', 'z'];
  const tool_calls = ids.map((id) => ({ id, type: 'function', function: { name: id, arguments: '{}' } }));
  for (const come of ['xyz', 'xzy', 'yxz', 'yzx', 'zxy', 'zyx']) {
    const results = come.split('').map((id) => ({ role: 'tool', tool_call_id: id, content: id }));
    const messages = [{ role: 'user', content: 'a' }, { role: 'assistant', tool_calls }, ...results];
    const answered = ids.map((id) => ({ functionResponse: { name: id, response: { result: id } } }));
    expect((sent({ messages })['contents'] as object[]).at(-1)).toEqual({ role: 'user', parts: answered });
  }
});

test('from the third generation on calls go by their ids, with signatures, and results have images', () => {
  const messages = conversation({ extra_content: { google: { thought_signature: 'of-text' } } }, shown, { is_error: true });
  expect(sent({ messages }, { model: 'gemini-3.5-flash' })['contents']).toEqual([
    { role: 'user', parts: [{ text: 'a' }] },
    {
      role: 'model',
      parts: [
        { text: 'b', thoughtSignature: 'of-text' },
        { functionCall: { id: 'x', name: 'f', args: {} }, thoughtSignature: 'skip_thought_signature_validator' },
        { functionCall: { id: 'y', name: 'f', args: {} } },
      ],
    },
    {
      role: 'user',
      parts: [
        { functionResponse: { id: 'x', name: 'f', response: { result: 'r' } } },
        { functionResponse: { id: 'y', name: 'f', response: { error: 'see' }, parts: [{ inlineData }] } },
        { text: 'c' },
      ],
    },
  ]);
});

test.each([
  [conversation({}, 'r').slice(0, 4), 'messages[1].tool_calls'],
  [conversation({}, 'r').slice(0, 2), 'messages[1].tool_calls'],
  [[...conversation({}, 'r'), { role: 'tool', tool_call_id: 'x', content: 'r' }], 'messages[5].tool_call_id'],
  [
    [...conversation({}, 'r').slice(0, 4), { role: 'assistant', content: 'd' }, ...conversation({}, 'r').slice(4)],
    'messages[1].tool_calls',
  ],
  [conversation({ tool_calls: [0, 1].map(() => ({ id: 'x', function: { name: 'f' } })) }, 'r'), 'messages[1].tool_calls'],
  [[{ role: 'tool', tool_call_id: 'nobody', content: 'x' }], 'messages[0].tool_call_id'],
  [[{ role: 'user', content: '' }], 'messages[0].content'],
  [[{ role: 'system', content: 'only' }], 'messages'],
])('what does not belong together is refused by its path (%#)', (messages, param) => {
  expect(() => sent({ messages })).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

const seen = (url: string) => ({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] });

test.each([
  ['https://x/y.PNG?size=1', { mimeType: 'image/png', fileUri: 'https://x/y.PNG?size=1' }],
  ['https://x.com/y', { fileUri: 'https://x.com/y' }],
  ['gs://bucket/y.jpg', { mimeType: 'image/jpeg', fileUri: 'gs://bucket/y.jpg' }],
])('an image at %s is fetched by Google', (url, fileData) => {
  expect(sent(seen(url))['contents']).toEqual([{ role: 'user', parts: [{ fileData }] }]);
});

test('a document goes with the call', () => {
  const file = { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' };
  expect(sent({ messages: [{ role: 'user', content: [{ type: 'file', file }] }] })['contents']).toEqual([
    { role: 'user', parts: [{ inlineData: { mimeType: 'application/pdf', data: 'JVBE' } }] },
  ]);
});

test('what Google does not fetch is refused by its path; what was uploaded there is not', () => {
  const refused = expect.objectContaining({ code: 'invalid_request', param: 'messages[0].content[0].image_url' });
  expect(() => sent(seen('http://x/y.png'))).toThrow(refused);
  expect(() => sent(seen('https://x/y.png'), { model: 'gemini-2.0-flash' })).toThrow(refused);
  const uploaded = 'https://generativelanguage.googleapis.com/v1beta/files/a';
  expect(sent(seen(uploaded), { model: 'gemini-2.0-flash' })['contents']).toEqual([
    { role: 'user', parts: [{ fileData: { fileUri: uploaded } }] },
  ]);
});

test('whatever is asked, the turns alternate, or it is refused by name', () => {
  fc.assert(
    fc.property(chatMessages, (messages) => {
      try {
        const { contents } = sent({ messages }) as unknown as { contents: { role: string; parts: unknown[] }[] };
        for (const [index, { role, parts }] of contents.entries()) {
          expect(parts.length).toBeGreaterThan(0);
          if (index > 0) expect(role).not.toBe(contents[index - 1]!.role);
          const of = (turn: { parts: unknown[] } | undefined, kind: string) =>
            (turn?.parts ?? []).filter((part) => kind in (part as object)).length;
          expect(of(contents[index + 1], 'functionResponse')).toBe(of({ parts }, 'functionCall'));
        }
      } catch (error) {
        if (!isStillhouseError(error, 'invalid_request')) throw error;
      }
    }),
  );
});
