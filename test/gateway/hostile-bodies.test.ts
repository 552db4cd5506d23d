import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

/** JSON that can be read and not be written again, from callers and from providers, by each way in. */

const LEVELS = 200_000;
const DEEP = '['.repeat(LEVELS) + ']'.repeat(LEVELS);
/** A hole in a body, filled with `DEEP` behind `JSON.stringify`, which could not write it. */
const HOLE = '@deep@';
const filled = (body: object) => JSON.stringify(body).replace(JSON.stringify(HOLE), DEEP);
const DEEP_BLOCKS = `stillhouse.${Buffer.from(DEEP).toString('base64url')}`;

let upstream: TestUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await startUpstream();
  const provider = (kind: string, path = '') => ({
    kind,
    baseUrl: `${upstream.url}${path}`,
    allowPrivateAddress: true,
    apiKeyEnv: 'TEST_KEY',
  });
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    providers: [
      labProvider(upstream.url),
      provider('anthropic'),
      provider('google'),
      provider('cohere'),
      provider('bedrock'),
      provider('groq'),
    ],
    limits: { retries: 0 },
    env: { TEST_KEY: 'k' },
  });
});
beforeEach(() => void (upstream.answer = answerWith('four')));
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});

const post = (path: string, text: string) =>
  fetch(`${gateway.url}/v1/${path}`, { method: 'POST', headers: { authorization: `Bearer ${ADMIN_KEY}` }, body: text });
/** Status and words of an error, in any API's shape. */
async function refused(answer: Response) {
  const { error } = (await answer.json()) as { error: { message: string } };
  return { status: answer.status, message: error.message };
}

const messages = [{ role: 'user', content: 'Hi' }];
const model = 'lab/test';
const CALLED = (args: string) => [
  ...messages,
  { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: args } }] },
  { role: 'tool', tool_call_id: 'a', content: 'one' },
];

test.each([
  ['chat/completions', { model, messages: [{ role: 'user', content: HOLE }] }, 'messages'],
  ['chat/completions', { model, messages, x_new: { a: HOLE } }, 'x_new'],
  ['chat/completions', { model, messages, stream: true, metadata: HOLE }, 'metadata'],
  ['embeddings', { model, input: 'Hi', more: HOLE }, 'more'],
  ['embeddings', { model, input: [HOLE] }, 'input'],
  ['completions', { model, prompt: HOLE }, 'prompt'],
  ['responses', { model, input: [{ role: 'user', content: HOLE }] }, 'input'],
  ['responses', { model, input: 'Hi', tools: [{ type: 'function', name: 'f', parameters: HOLE }] }, 'tools'],
  ['messages', { model, max_tokens: 9, messages: [{ role: 'user', content: HOLE }] }, 'messages'],
  ['messages', { model, max_tokens: 9, messages, tools: [{ name: 'f', input_schema: HOLE }] }, 'tools'],
  ['messages/count_tokens', { model, messages: HOLE }, 'messages'],
])('%s: %j is a 400 that says why', async (path, body, field) => {
  expect(await refused(await post(path, filled(body)))).toEqual({ status: 400, message: expect.stringContaining(`'${field}`) });
});

test('what is long and deep is refused before it is parsed, by each way in', async () => {
  const more = '['.repeat(2_000_000) + ']'.repeat(2_000_000);
  for (const path of ['chat/completions', 'embeddings', 'completions', 'responses', 'messages', 'messages/count_tokens']) {
    const answer = await post(path, JSON.stringify({ model, max_tokens: 9, messages: HOLE }).replace(JSON.stringify(HOLE), more));
    expect(await refused(answer)).toEqual({ status: 400, message: expect.stringContaining('deeper than') });
  }
});

test('a body that is nothing but lists', async () => {
  for (const path of ['chat/completions', 'embeddings', 'completions', 'responses', 'messages'])
    expect(await refused(await post(path, DEEP))).toMatchObject({ status: 400 });
});

test.each(['anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash', 'cohere/command-a', 'bedrock/anthropic.claude-haiku-4-5'])(
  '%s: a call’s arguments that are too deep are refused by their path',
  async (target) => {
    for (const args of [DEEP, `{"a":${DEEP}}`]) {
      const answer = await post('chat/completions', JSON.stringify({ model: target, messages: CALLED(args) }));
      expect(await refused(answer)).toEqual({
        status: 400,
        message: expect.stringContaining('messages[1].tool_calls[0].function.arguments'),
      });
    }
  },
);

test('what a caller gives back as a provider’s own thoughts, and is none, is left out', async () => {
  const input = [
    { role: 'user', content: 'Hi' },
    { type: 'reasoning', summary: [], encrypted_content: DEEP_BLOCKS },
    { role: 'assistant', content: 'Ho' },
    { role: 'user', content: 'So?' },
  ];
  expect((await post('responses', JSON.stringify({ model, input }))).status).toBe(200);
});

test.each(['lab/test', 'groq/m', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash', 'cohere/command-a', 'bedrock/m'])(
  '%s: an answer that is too deep is none, whoever asks',
  async (target) => {
    const chat = { choices: [{ message: { content: 'four', more: HOLE } }] };
    const wire = { ...chat, content: [{ type: 'tool_use', id: 'a', name: 'f', input: HOLE }] };
    upstream.answer = (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        target.startsWith('bedrock')
          ? filled({ output: { message: { role: 'assistant', content: [{ toolUse: { toolUseId: 'a', name: 'f', input: HOLE } }] } } })
          : filled(target.startsWith('anthropic') ? { content: wire.content } : chat),
      );
    };
    for (const [path, body] of [
      ['chat/completions', { messages }],
      ['messages', { messages, max_tokens: 9 }],
    ] as const) {
      const answer = await post(path, JSON.stringify({ model: target, ...body }));
      expect(answer.status).toBe(502);
      await answer.text();
    }
  },
);

test('a frame that is too deep ends a stream as garbage does', async () => {
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(chunkFrame({ content: 'fo' }) + `data: {"choices":[{"delta":{"content":"ur","more":${DEEP}}}]}\n\n` + 'data: [DONE]\n\n');
  };
  for (const [path, body] of [
    ['chat/completions', { messages }],
    ['messages', { messages, max_tokens: 9 }],
    ['responses', { input: 'Hi' }],
  ] as const) {
    const text = await (await post(path, JSON.stringify({ model, stream: true, ...body }))).text();
    expect(text).toContain('fo');
    expect(text).toContain('error');
    expect(text).not.toContain('[DONE]');
  }
});

test('vectors with something too deep beside them are no answer', async () => {
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(filled({ object: 'list', model: 'm', data: [{ index: 0, embedding: [1] }], more: HOLE }));
  };
  expect((await post('embeddings', JSON.stringify({ model, input: 'Hi' }))).status).toBe(502);
});

test('a tool’s arguments that are too deep reach a client of Anthropic’s API as a text', async () => {
  const calls = [{ id: 'a', type: 'function', function: { name: 'f', arguments: `{"a":${DEEP}}` } }];
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ model: 'm', choices: [{ message: { role: 'assistant', tool_calls: calls }, finish_reason: 'tool_calls' }] }),
    );
  };
  const answer = await post('messages', JSON.stringify({ model, max_tokens: 9, messages }));
  expect(await answer.json()).toMatchObject({ content: [{ type: 'tool_use', input: { arguments: calls[0]!.function.arguments } }] });
});

test('after all of it the gateway answers, and failed nowhere inside', async () => {
  expect((await post('chat/completions', JSON.stringify({ model, messages }))).status).toBe(200);
  expect(spooledRows(gateway.home).filter((row) => row.error_class === 'internal')).toEqual([]);
});
