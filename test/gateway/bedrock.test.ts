import { EventStreamCodec } from '@smithy/core/event-streams';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CancelSignal } from '../../gateway/providers/cancel-signal.ts';
import type { Provider } from '../../gateway/providers/provider.ts';
import { ask, completionOf, providerAt, readStream } from './provider-bench.ts';

/** AWS's own client against a server that speaks Converse, its event streams included. */

interface Asked {
  url: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

let server: Server;
let provider: Provider;
let answer: (response: ServerResponse) => void;
const asked: Asked[] = [];
let closed = 0;

beforeAll(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'wJalrXUtnFEMI';
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (bytes: Buffer) => (text += bytes.toString()));
    request.on('end', () => {
      asked.push({ url: request.url!, headers: request.headers, body: JSON.parse(text) as Asked['body'] });
      response.on('close', () => (closed += response.writableFinished ? 0 : 1));
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  provider = providerAt('bedrock', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, { region: 'eu-central-1' });
});

afterAll(async () => {
  await provider?.close();
  server?.closeAllConnections();
  server?.close();
});

const json = (body: object, status = 200, headers: Record<string, string> = {}) => {
  answer = (response) => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString(),
  (text) => Buffer.from(text),
);
const text = (value: string) => ({ type: 'string' as const, value });
const event = (name: string, body: object, type: 'event' | 'exception' = 'event') =>
  codec.encode({
    headers: {
      ':message-type': text(type),
      [type === 'event' ? ':event-type' : ':exception-type']: text(name),
      ':content-type': text('application/json'),
    },
    body: Buffer.from(JSON.stringify(body)),
  });
const EVENT_STREAM = { 'content-type': 'application/vnd.amazon.eventstream' };

const usage = { inputTokens: 10, outputTokens: 9, totalTokens: 19, cacheReadInputTokens: 5, cacheWriteInputTokens: 2 };
const WHOLE = {
  output: {
    message: {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'hm', signature: 'sig' } } },
        { text: 'Looking' },
        { toolUse: { toolUseId: 'a', name: 'f', input: { q: 1 } } },
        { toolUse: { toolUseId: 'b', name: 'g', input: {} } },
      ],
    },
  },
  stopReason: 'tool_use',
  usage,
  metrics: { latencyMs: 5 },
};
const EVENTS = [
  event('messageStart', { role: 'assistant' }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'h' } } }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'm' } } }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'sig' } } }),
  event('contentBlockStop', { contentBlockIndex: 0 }),
  event('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Look' } }),
  event('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'ing' } }),
  event('contentBlockStop', { contentBlockIndex: 1 }),
  event('contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'a', name: 'f' } } }),
  event('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"q":' } } }),
  event('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '1}' } } }),
  event('contentBlockStop', { contentBlockIndex: 2 }),
  event('contentBlockStart', { contentBlockIndex: 3, start: { toolUse: { toolUseId: 'b', name: 'g' } } }),
  event('contentBlockStop', { contentBlockIndex: 3 }),
  event('messageStop', { stopReason: 'tool_use' }),
  event('metadata', { usage, metrics: { latencyMs: 5 } }),
];
const PNG = 'data:image/png;base64,aGVsbG8=';

test('a conversation goes out signed, in the words of Converse', async () => {
  json(WHOLE);
  await ask(
    provider,
    {
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'Rules', cache_control: { type: 'ephemeral' } }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See' },
            { type: 'image_url', image_url: { url: PNG } },
          ],
        },
        { role: 'user', content: [{ type: 'file', file: { file_data: 'data:application/pdf;base64,aGk=', filename: 'my_file.pdf' } }] },
        {
          role: 'assistant',
          content: null,
          thinking_blocks: [
            { type: 'thinking', thinking: 'another’s', signature: '' },
            { type: 'thinking', thinking: 'hm', signature: 's' },
          ],
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'f', arguments: '{"q":1}' } },
            { id: 'b', type: 'function', function: { name: 'f', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: 'one' },
        { role: 'tool', tool_call_id: 'b', content: 'two', is_error: true },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: 'd', parameters: { type: 'object' } },
          cache_control: { type: 'ephemeral' },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      max_tokens: 5000,
      temperature: 1,
      stop: ['x'],
      top_k: 4,
      reasoning_effort: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
    },
    { model: 'eu.anthropic.claude-x-v1:0' },
  );
  const { url, headers, body } = asked.at(-1)!;
  expect(url).toBe('/model/eu.anthropic.claude-x-v1%3A0/converse');
  expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request/);
  expect(body).toEqual({
    system: [{ text: 'Rules' }, { cachePoint: { type: 'default' } }],
    messages: [
      {
        role: 'user',
        content: [
          { text: 'See' },
          { image: { format: 'png', source: { bytes: 'aGVsbG8=' } } },
          { document: { format: 'pdf', name: 'my-file pdf', source: { bytes: 'aGk=' } } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } },
          { toolUse: { toolUseId: 'a', name: 'f', input: { q: 1 } } },
          { toolUse: { toolUseId: 'b', name: 'f', input: {} } },
        ],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'a', content: [{ text: 'one' }] } },
          { toolResult: { toolUseId: 'b', content: [{ text: 'two' }], status: 'error' } },
        ],
      },
    ],
    inferenceConfig: { maxTokens: 5000, temperature: 1, stopSequences: ['x'] },
    toolConfig: {
      tools: [
        { toolSpec: { name: 'f', description: 'd', inputSchema: { json: { type: 'object' } } } },
        { cachePoint: { type: 'default' } },
      ],
      toolChoice: { tool: { name: 'f' } },
    },
    outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: '{"type":"object"}', name: 'n' } } } },
    additionalModelRequestFields: { top_k: 4, thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
  });
});

test('whole and streamed answers are the same completion', async () => {
  json(WHOLE);
  const whole = completionOf(await ask(provider, {}));
  expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'Looking', reasoning_content: 'hm' } });
  expect(whole['usage']).toMatchObject({
    prompt_tokens: 17,
    completion_tokens: 9,
    prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 2 },
  });
  answer = (response) => {
    response.writeHead(200, EVENT_STREAM);
    // Cut at other places than the events'.
    const bytes = Buffer.concat(EVENTS);
    for (let at = 0; at < bytes.length; at += 100) response.write(bytes.subarray(at, at + 100));
    response.end();
  };
  const { completion, done } = await readStream(await ask(provider, { stream: true }));
  expect(done).toBe(true);
  expect([completion.choices, completion['usage']]).toEqual([whole.choices, whole['usage']]);
});

test.each([
  [429, 'ThrottlingException', 429],
  [403, 'AccessDeniedException', 403],
  [400, 'ValidationException', 400],
  [424, 'ModelErrorException', 502],
  [503, 'ServiceUnavailableException', 503],
])('%i %s is an error answer in OpenAI’s shape', async (status, name, expected) => {
  json({ message: 'why' }, status, { 'x-amzn-errortype': name });
  const given = await ask(provider, {});
  expect(given).toMatchObject({ form: 'whole', status: expected });
  expect(completionOf(given)).toMatchObject({ error: { message: 'why', code: name } });
});

test('an exception in the stream, and a stream that is cut, are no ends', async () => {
  const begun = [
    event('messageStart', { role: 'assistant' }),
    event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'half' } }),
  ];
  answer = (response) =>
    void response
      .writeHead(200, EVENT_STREAM)
      .end(Buffer.concat([...begun, event('throttlingException', { message: 'slow down' }, 'exception')]));
  await expect(ask(provider, { stream: true }).then(readStream)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('slow down'),
  });
  answer = (response) => void response.writeHead(200, EVENT_STREAM).end(Buffer.concat(begun));
  expect(await ask(provider, { stream: true }).then(readStream)).toMatchObject({ done: false });
});

test('a caller who goes away ends the call at AWS, whole and in mid-stream', async () => {
  const before = closed;
  answer = () => undefined;
  const signal = new CancelSignal();
  const given = ask(provider, {}, { signal });
  const asking = asked.length;
  await expect.poll(() => asked.length).toBeGreaterThan(asking - 1);
  setTimeout(() => signal.abort(), 50);
  await expect(given).rejects.toMatchObject({ code: 'cancelled' });
  await expect.poll(() => closed).toBe(before + 1);
  answer = (response) =>
    void response.writeHead(200, EVENT_STREAM).write(event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'half' } }));
  const stream = await ask(provider, { stream: true });
  if (stream.form !== 'stream') throw new Error('no stream');
  stream.body.once('data', () => stream.body.destroy());
  await expect.poll(() => closed).toBe(before + 2);
});

test('it goes on from a prefix, without the white space at its end', async () => {
  json(WHOLE);
  await ask(provider, {}, { prefix: 'The cat ' });
  expect((asked.at(-1)!.body['messages'] as object[]).at(-1)).toEqual({ role: 'assistant', content: [{ text: 'The cat' }] });
});

test.each([
  [{ seed: 1 }, 'seed'],
  [{ logprobs: true }, 'logprobs'],
  [{ response_format: { type: 'json_object' } }, 'response_format'],
  [
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }] }] },
    'messages[0].content[0].image_url',
  ],
])('what it can’t do is refused by name: %j', async (body, param) => {
  await expect(ask(provider, body)).rejects.toMatchObject({ code: 'invalid_request', param });
});

test('a private address is refused unless the configuration allows it', async () => {
  const refused = providerAt('bedrock', 'http://127.0.0.1:9', { allowPrivateAddress: false });
  await expect(ask(refused, {})).rejects.toMatchObject({
    code: 'upstream_unreachable',
    message: expect.stringContaining('private address'),
  });
});
