import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream, USAGE } from './upstream.ts';

/** The published clients, untouched, by each way in to providers of each shape. */

let chat: TestUpstream;
let messages: TestUpstream;
let gateway: GatewayProcess;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  chat = await startUpstream();
  messages = await startUpstream();
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    limits: { retries: 0, breakerFailures: 1_000_000 },
    providers: [labProvider(chat.url), labProvider(messages.url, { id: 'claude', kind: 'anthropic' })],
    aliases: { smart: { targets: [{ target: 'lab/test', weight: 1 }] } },
    env: { ANTHROPIC_API_KEY: 'sk-of-anthropic' },
  });
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: gateway.url, apiKey: ADMIN_KEY, maxRetries: 0 });
});

afterAll(async () => {
  await gateway?.dispose();
  await chat?.stop();
  await messages?.stop();
});

const hello = [{ role: 'user' as const, content: 'Hi' }];
const traceOf = (id: string | null | undefined) => spooledRows(gateway.home).find((row) => row.id === id)!;
const sse =
  (frames: string[]): TestUpstream['answer'] =>
  (_asked, response) =>
    void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(frames.join(''));
/** A text in OpenAI's chat, whole or streamed as it is asked for. */
const says =
  (text: string): TestUpstream['answer'] =>
  (asked, response) =>
    asked.body['stream'] === true
      ? sse([
          ...text.split(/(?= )/).map((piece) => chunkFrame({ content: piece })),
          chunkFrame({}, 'stop'),
          `data: ${JSON.stringify({ id: 'c', model: 'test-model-1', choices: [], usage: USAGE })}\n\n`,
          'data: [DONE]\n\n',
        ])(asked, response)
      : answerWith(text)(asked, response);
/** A text in Anthropic's messages. */
const claudeSays =
  (text: string): TestUpstream['answer'] =>
  (asked, response) => {
    const usage = { input_tokens: 7, cache_read_input_tokens: 2, cache_creation_input_tokens: 1, output_tokens: 4 };
    const head = { id: 'msg_up', type: 'message', role: 'assistant', model: 'claude-x-1', stop_sequence: null };
    if (asked.body['stream'] !== true) {
      const body = { ...head, content: [{ type: 'text', text }], stop_reason: 'end_turn', usage };
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }
    const events: ({ type: string } & Record<string, unknown>)[] = [
      { type: 'message_start', message: { ...head, content: [], stop_reason: null, usage } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ...text.split(/(?= )/).map((piece) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } })),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } },
      { type: 'message_stop' },
    ];
    return sse(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`))(asked, response);
  };

test('openai: chat through Anthropic, whole and streamed', async () => {
  messages.answer = claudeSays('four it is');
  const { data, response } = await openai.chat.completions
    .create({ model: 'claude/claude-x', messages: hello, temperature: 0.2 })
    .withResponse();
  expect(data.choices[0]).toMatchObject({ message: { role: 'assistant', content: 'four it is' }, finish_reason: 'stop' });
  expect(data.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 2 } });
  expect(messages.asked.at(-1)!.headers).toMatchObject({ 'x-api-key': 'sk-of-anthropic', 'anthropic-version': '2023-06-01' });
  expect(messages.asked.at(-1)!.body).toEqual({
    model: 'claude-x',
    max_tokens: 4096,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    temperature: 0.2,
  });
  expect(traceOf(response.headers.get(HEADERS.traceId))).toMatchObject({
    model_answered: 'claude-x-1',
    tokens_in: 10,
    tokens_out: 4,
    tokens_cached: 2,
    answer_text: 'four it is',
  });
  const stream = openai.chat.completions.stream({ model: 'claude/claude-x', messages: hello });
  expect((await stream.finalChatCompletion()).choices[0]!.message.content).toBe('four it is');
});

test('openai: an error of Anthropic’s is OpenAI’s, with its status', async () => {
  messages.answer = (_asked, response) =>
    void response
      .writeHead(401, { 'content-type': 'application/json' })
      .end('{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}');
  const failure = await openai.chat.completions.create({ model: 'claude/claude-x', messages: hello }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(OpenAI.AuthenticationError);
  expect(failure).toMatchObject({ status: 401, code: 'authentication_error', message: '401 invalid x-api-key' });
});

test('openai: what Anthropic can’t do is refused by name, unless the caller is lenient', async () => {
  messages.answer = claudeSays('fine');
  await expect(openai.chat.completions.create({ model: 'claude/claude-x', messages: hello, seed: 5 })).rejects.toMatchObject({
    status: 400,
    param: 'seed',
  });
  const headers = { 'x-stillhouse-lenient': 'true' };
  expect(
    (await openai.chat.completions.create({ model: 'claude/claude-x', messages: hello, seed: 5 }, { headers })).choices[0]!.message.content,
  ).toBe('fine');
});

test('what a target refuses is named as the caller calls it, by each way in', async () => {
  messages.answer = claudeSays('fine');
  const response = { model: 'claude/claude-x', input: 'Hi' };
  await expect(openai.responses.create({ ...response, text: { verbosity: 'low' } })).rejects.toMatchObject({
    status: 400,
    param: 'text.verbosity',
    message: expect.stringContaining("cannot do 'text.verbosity'") as string,
  });
  await expect(openai.responses.create({ ...response, top_logprobs: 2 })).rejects.toMatchObject({ param: 'top_logprobs' });
  await expect(openai.responses.create({ ...response, max_output_tokens: 0.5 })).rejects.toMatchObject({ param: 'max_output_tokens' });
  await expect(openai.completions.create({ model: 'claude/claude-x', prompt: 'Hi', max_tokens: -1 })).rejects.toMatchObject({
    param: 'max_tokens',
  });
  const message = { model: 'smart', max_tokens: 9, messages: hello };
  for (const [theirs, ours] of [
    ['max_completion_tokens', 'max_tokens'],
    ['messages[1].content', 'messages'],
    ['tools[0].function.parameters', 'tools[0].input_schema'],
  ] as const) {
    const error = { message: `Invalid '${theirs}': no`, type: 'invalid_request_error', param: theirs, code: null };
    chat.answer = (_asked, answer) => void answer.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    await expect(anthropic.messages.create(message)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(`Invalid '${ours}': no`) as string,
    });
  }
});

test.each<[string, object, string]>([
  ['/v1/messages', { max_tokens: 9, messages: hello, context_management: { edits: [] } }, 'context_management'],
  ['/v1/responses', { input: 'Hi', max_tool_calls: 3 }, 'max_tool_calls'],
  ['/v1/completions', { prompt: 'Hi', suffix: '.' }, 'suffix'],
])('%s: a field that the gateway does not know is refused by name, and left out for a lenient caller', async (path, fields, name) => {
  chat.answer = answerWith('four');
  const body = { model: 'smart', ...fields };
  const refused = await gateway.post(body, {}, path);
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining(`'${name}'`)]);
  expect((await gateway.post(body, { 'x-stillhouse-lenient': 'true' }, path)).status).toBe(200);
  expect(chat.asked.at(-1)!.body).toMatchObject({ messages: hello });
  expect(chat.asked.at(-1)!.body).not.toHaveProperty(name);
  // What it takes is checked all the same.
  const wrong = { ...body, [path === '/v1/messages' ? 'messages' : path === '/v1/responses' ? 'input' : 'prompt']: 5 };
  expect((await gateway.post(wrong, { 'x-stillhouse-lenient': 'true' }, path)).status).toBe(400);
});

test('openai: runTools over two calls', async () => {
  chat.answer = (asked, response) => {
    const last = (asked.body['messages'] as { role: string; content: string }[]).at(-1)!;
    if (last.role === 'tool') return answerWith(`It is ${last.content}`)(asked, response);
    const call = { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } };
    const body = {
      id: 'x',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: [call] }, finish_reason: 'tool_calls' }],
      usage: USAGE,
    };
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const runner = openai.chat.completions.runTools({
    model: 'smart',
    messages: hello,
    tools: [
      {
        type: 'function',
        function: {
          name: 'weather',
          parse: JSON.parse,
          function: ({ city }: { city: string }) => `sunny in ${city}`,
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
          description: 'd',
        },
      },
    ],
  });
  expect(await runner.finalContent()).toBe('It is sunny in Rome');
});

test.each([['smart'], ['claude/claude-x']])('openai: responses by %s, whole and streamed', async (model) => {
  chat.answer = says('four it is');
  messages.answer = claudeSays('four it is');
  const response = await openai.responses.create({ model, input: 'Hi', instructions: 'Be brief' });
  expect([response.output_text, response.status]).toEqual(['four it is', 'completed']);
  const types: string[] = [];
  const stream = openai.responses.stream({ model, input: 'Hi' });
  stream.on('event', ({ type }) => types.push(type));
  expect((await stream.finalResponse()).output_text).toBe('four it is');
  expect(types.filter((type) => type === 'response.output_text.delta')).toHaveLength(3);
  expect(types.at(-1)).toBe('response.completed');
});

test('openai: a response goes on from the one before, without its instructions', async () => {
  chat.answer = says('My name is Ada');
  const first = await openai.responses.create({ model: 'smart', input: 'Your name?', instructions: 'You are Ada' });
  chat.answer = says('Ada');
  const second = await openai.responses.create({
    model: 'smart',
    input: 'Again?',
    instructions: 'Be brief',
    previous_response_id: first.id,
  });
  expect(chat.asked.at(-1)!.body['messages']).toEqual([
    { role: 'system', content: 'Be brief' },
    { role: 'user', content: 'Your name?' },
    { role: 'assistant', content: 'My name is Ada' },
    { role: 'user', content: 'Again?' },
  ]);
  await openai.responses.create({ model: 'smart', input: 'Thrice?', previous_response_id: second.id });
  expect((chat.asked.at(-1)!.body['messages'] as { content: string }[]).map(({ content }) => content)).toEqual([
    'Your name?',
    'My name is Ada',
    'Again?',
    'Ada',
    'Thrice?',
  ]);
  await expect(openai.responses.create({ model: 'smart', input: 'x', previous_response_id: 'resp_nobody' })).rejects.toMatchObject({
    status: 404,
    param: 'previous_response_id',
  });
  const odd = await gateway.post({ model: 'smart', input: 'x', previous_response_id: 5 }, {}, '/v1/responses');
  expect([odd.status, await odd.json()]).toMatchObject([400, { error: { param: 'previous_response_id' } }]);
});

test('openai: older completions', async () => {
  chat.answer = says('upon a time');
  expect((await openai.completions.create({ model: 'smart', prompt: 'Once', max_tokens: 5 })).choices[0]!.text).toBe('upon a time');
  let text = '';
  for await (const { choices } of await openai.completions.create({ model: 'smart', prompt: 'Once', stream: true }))
    text += choices[0]?.text ?? '';
  expect(text).toBe('upon a time');
});

test.each([['smart'], ['claude/claude-x']])('anthropic: messages by %s, whole and streamed, and what the trace says', async (model) => {
  chat.answer = says('four it is');
  messages.answer = claudeSays('four it is');
  const body = { model, max_tokens: 20, system: 'Be brief', messages: hello };
  const { data, response } = await anthropic.messages.create(body).withResponse();
  expect(data).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'four it is' }], stop_reason: 'end_turn' });
  const final = await anthropic.messages.stream(body).finalMessage();
  expect([final.content, final.usage.output_tokens]).toMatchObject([[{ type: 'text', text: 'four it is' }], 4]);
  const trace = traceOf(response.headers.get(HEADERS.traceId));
  expect(trace).toMatchObject({ status: 'ok', prompt_text: 'Hi', answer_text: 'four it is' });
  expect(JSON.parse(trace.request)).toMatchObject({ api: 'messages', messages: [{ role: 'system', content: 'Be brief' }, ...hello] });
});

test('anthropic: errors, tokens, a wrong key', async () => {
  chat.answer = (_asked, response) =>
    void response.writeHead(429, { 'content-type': 'application/json' }).end('{"error":{"message":"slow down"}}');
  const failure = await anthropic.messages.create({ model: 'smart', max_tokens: 5, messages: hello }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Anthropic.RateLimitError);
  expect((failure as Error).message).toContain('slow down');
  await expect(anthropic.messages.create({ model: 'nothing-like-it', max_tokens: 5, messages: hello })).rejects.toBeInstanceOf(
    Anthropic.NotFoundError,
  );
  expect((await anthropic.messages.countTokens({ model: 'smart', messages: hello })).input_tokens).toBeGreaterThan(0);
  const wrong = new Anthropic({ baseURL: gateway.url, apiKey: 'wrong', maxRetries: 0 });
  await expect(wrong.messages.create({ model: 'smart', max_tokens: 5, messages: hello })).rejects.toBeInstanceOf(
    Anthropic.AuthenticationError,
  );
});

test('a stream that breaks off is an error in each dialect', async () => {
  chat.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunkFrame({ content: 'half' }), () => setImmediate(() => response.socket!.destroy()));
  };
  await expect(anthropic.messages.stream({ model: 'smart', max_tokens: 5, messages: hello }).finalMessage()).rejects.toThrow(
    /ended the stream|cut the connection/,
  );
  await expect(openai.responses.stream({ model: 'smart', input: 'x' }).finalResponse()).rejects.toThrow();
  await expect(openai.chat.completions.stream({ model: 'smart', messages: hello }).finalChatCompletion()).rejects.toThrow(
    /ended the stream|cut the connection/,
  );
});
