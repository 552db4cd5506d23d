import { expect, test } from 'vitest';
import { sent } from './sent.fixture.ts';

const PNG = 'data:image/png;base64,iVBORw0K';
const tools = [
  {
    type: 'function',
    function: { name: 'look_up', description: 'd', parameters: { type: 'object' } },
    cache_control: { type: 'ephemeral' },
  },
];

test('a conversation with tools, images, files and marks for the cache', () => {
  const body = {
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Rules', cache_control: { type: 'ephemeral' } }] },
      { role: 'developer', content: 'Be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: PNG } },
          { type: 'image_url', image_url: { url: 'https://x/y.png' } },
        ],
      },
      { role: 'user', content: [{ type: 'file', file: { file_data: 'data:application/pdf;base64,JVBER', filename: 'a.pdf' } }] },
      {
        role: 'assistant',
        content: 'Looking',
        thinking_blocks: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'thinking', thinking: 'unsigned' },
          { type: 'thinking', thinking: 'another’s', signature: '' },
          { type: 'redacted_thinking', data: 'x' },
        ],
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'look_up', arguments: '{"q":1}' } },
          { id: 'b', type: 'function', function: { name: 'look_up', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', content: [{ type: 'image_url', image_url: { url: PNG } }] },
      { role: 'user', content: 'So?' },
    ],
    tools,
    tool_choice: 'required',
    parallel_tool_calls: false,
    stop: 'END',
    temperature: 0.5,
    top_k: 4,
    user: 'u1',
  };
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } };
  expect(sent(body)).toEqual({
    model: 'claude-x',
    max_tokens: 4096,
    system: [
      { type: 'text', text: 'Rules', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Be brief' },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          image,
          { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBER' }, title: 'a.pdf' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'redacted_thinking', data: 'x' },
          { type: 'text', text: 'Looking' },
          { type: 'tool_use', id: 'a', name: 'look_up', input: { q: 1 } },
          { type: 'tool_use', id: 'b', name: 'look_up', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'one' }] },
          { type: 'tool_result', tool_use_id: 'b', content: [image] },
          { type: 'text', text: 'So?' },
        ],
      },
    ],
    tools: [{ name: 'look_up', description: 'd', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } }],
    tool_choice: { type: 'any', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    temperature: 0.5,
    top_k: 4,
    metadata: { user_id: 'u1' },
  });
});

test('a message’s mark for the cache is on its last block', () => {
  const { messages } = sent({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        cache_control: { type: 'ephemeral' },
      },
    ],
  });
  expect(messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b', cache_control: { type: 'ephemeral' } },
      ],
    },
  ]);
});

test.each([
  [{ tool_choice: 'none', tools }, { tool_choice: { type: 'none' } }],
  [{ tool_choice: { type: 'function', function: { name: 'look_up' } }, tools }, { tool_choice: { type: 'tool', name: 'look_up' } }],
  [{ parallel_tool_calls: false, tools }, { tool_choice: { type: 'auto', disable_parallel_tool_use: true } }],
  [{ max_completion_tokens: 7, max_tokens: 5 }, { max_tokens: 7 }],
  [
    { stop: ['a', 'b'], top_p: 0.5 },
    { stop_sequences: ['a', 'b'], top_p: 0.5 },
  ],
  [{ cache_control: { type: 'ephemeral', ttl: '1h' } }, { cache_control: { type: 'ephemeral', ttl: '1h' } }],
  [{ user: 'u', safety_identifier: 's' }, { metadata: { user_id: 's' } }],
])('%j', (body, expected) => {
  expect(sent(body)).toMatchObject(expected);
});

test('answers and arguments of tools are held to schemas that say what they have not', () => {
  const item = { type: 'object', properties: { n: { type: ['object', 'null'], properties: {} } }, additionalProperties: true };
  const schema = {
    type: 'object',
    properties: { list: { type: 'array', items: { $ref: '#/$defs/i' } } },
    $defs: { i: { anyOf: [item, { items: { properties: {} } }] } },
  };
  const closedItem = { ...item, properties: { n: { ...item.properties.n, additionalProperties: false } } };
  const closed = {
    ...schema,
    $defs: { i: { anyOf: [closedItem, { items: { properties: {}, additionalProperties: false } }] } },
    additionalProperties: false,
  };
  expect(sent({ response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } })).toMatchObject({
    output_config: { format: { type: 'json_schema', schema: closed } },
  });
  const asked = (strict: boolean) => [{ type: 'function', function: { name: 'f', parameters: schema, strict } }];
  expect(sent({ tools: asked(true) })['tools']).toEqual([{ name: 'f', input_schema: closed, strict: true }]);
  expect(sent({ tools: asked(false) })['tools']).toEqual([{ name: 'f', input_schema: schema }]);
  expect(sent({ tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] })['tools']).toEqual([
    { name: 'f', input_schema: { type: 'object' } },
  ]);
});

test.each([
  [{ n: 2 }, 'n'],
  [{ seed: 1 }, 'seed'],
  [{ logprobs: true }, 'logprobs'],
  [{ frequency_penalty: 1 }, 'frequency_penalty'],
  [{ presence_penalty: -1 }, 'presence_penalty'],
  [{ logit_bias: { 5: 1 } }, 'logit_bias'],
  [{ functions: [{ name: 'f' }] }, 'functions'],
  [{ response_format: { type: 'json_object' } }, 'response_format'],
  [{ temperature: 1.5 }, 'temperature'],
])('what it can’t do is refused by name, and left out for a lenient caller: %j', (body, param) => {
  expect(() => sent(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  expect(sent(body, { lenient: true })).not.toHaveProperty(param);
});

test('what asks for nothing is not refused', () => {
  sent({ n: 1, logprobs: false, seed: null, frequency_penalty: 0, stream_options: {}, store: false, modalities: ['text'] });
});

test.each([
  [
    { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'x', format: 'mp3' } }] }] },
    'messages[0].content[0].input_audio',
  ],
  [{ messages: [{ role: 'user', content: '' }] }, 'messages[0].content'],
  [{ messages: [{ role: 'function', content: 'x' }] }, 'messages[0].role'],
  [
    { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{' } }] }] },
    'messages[0].tool_calls[0].function.arguments',
  ],
  [{ tools: [{ type: 'web_search' }] }, 'tools[0]'],
  [{ max_tokens: 0 }, 'max_completion_tokens'],
  [{ messages: [{ role: 'system', content: 'only' }] }, 'messages'],
])('what is malformed is refused by its path: %j', (body, param) => {
  expect(() => sent(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

test('what is nested too deep to be written is refused', () => {
  const deep: unknown = JSON.parse('{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000));
  for (const body of [
    { tools: [{ type: 'function', function: { name: 'f', parameters: { properties: deep } } }] },
    { response_format: { type: 'json_schema', json_schema: { schema: { items: deep } } } },
  ])
    expect(() => sent(body)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});

test('it goes on from a text, without the white space at its end and without thinking; not into another form', () => {
  const body = sent({ reasoning_effort: 'high' }, { prefix: 'The cat ' });
  expect(body).not.toHaveProperty('thinking');
  expect((body['messages'] as object[]).at(-1)).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'The cat' }] });
  for (const more of [{ tools, tool_choice: 'required' }, { response_format: { type: 'json_schema', json_schema: { schema: {} } } }])
    expect(() => sent(more, { prefix: 'The cat' })).toThrow(expect.objectContaining({ code: 'invalid_request', param: 'messages[1]' }));
});
