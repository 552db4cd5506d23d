import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { isStillhouseError } from '../../contracts/errors.ts';
import type { ProviderKind } from '../../contracts/provider-kinds.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { parseChatRequest } from '../chat/chat-request.ts';
import { framesOf } from '../chat/stream-frames.ts';
import { StreamRecorder } from '../chat/stream-recorder.ts';
import { CancelSignal } from './cancel-signal.ts';
import { chatMessages } from './chat-messages.fixture.ts';
import { providerOf } from './kinds.ts';
import type { Provider } from './provider.ts';

/** What a conversation becomes for providers that refuse what they don't know, and how their own ways of answering are mended. */

const KINDS = ['groq', 'mistral', 'deepseek', 'together', 'fireworks', 'cerebras', 'sambanova', 'perplexity'] as const;

let server: Server;
let sent: Record<string, unknown>;
/** A text of null: the answer begins and does not end. */
let respond: { type: string; text: string | null };
let closed = 0;
const providers = new Map<ProviderKind, Provider>();

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (bytes: Buffer) => (text += bytes.toString()));
    request.on('end', () => {
      sent = JSON.parse(text) as typeof sent;
      response.on('close', () => (closed += response.writableFinished ? 0 : 1));
      response.writeHead(200, { 'content-type': respond.type });
      if (respond.text === null) response.write(`data: ${JSON.stringify(chunk({ content: 'half' }))}\n\n`);
      else response.end(respond.text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  await Promise.all([...providers.values()].map((provider) => provider.close()));
  server?.closeAllConnections();
  server?.close();
});

function call(kind: ProviderKind, body: object, lenient = false) {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let provider = providers.get(kind);
  if (!provider)
    providers.set(kind, (provider = providerOf(ProviderConfig.parse({ kind, baseUrl, allowPrivateAddress: true }), () => 'key')));
  const text = JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hi' }], ...body });
  const request = parseChatRequest(text, undefined, lenient);
  return provider.call({ model: 'm', request, snapshot: emptySnapshot('default'), signal: new CancelSignal(), lenient });
}

const choice = (message: object, more: object = {}) => ({ index: 0, message, finish_reason: 'stop', ...more });
const completion = (...choices: object[]) => ({ id: 'a', object: 'chat.completion', created: 1, model: 'm', choices });
const json = (body: object) => (respond = { type: 'application/json', text: JSON.stringify(body) });
const sse = (...chunks: object[]) =>
  (respond = {
    type: 'text/event-stream',
    text: [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join(''),
  });
const chunk = (delta: object, more: object = {}) => ({
  id: 'a',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});

async function asked(kind: ProviderKind, body: object, lenient = false) {
  json(completion(choice({ role: 'assistant', content: 'ok' })));
  await call(kind, body, lenient);
  return sent;
}

/** Reads a stream as the gateway records it. */
async function recorded(kind: ProviderKind) {
  const answer = await call(kind, { stream: true });
  if (answer.form !== 'stream') throw new Error('a whole answer came');
  const bytes: Buffer[] = [];
  for await (const one of answer.body as AsyncIterable<Buffer>) bytes.push(one);
  const frames = framesOf(Buffer.concat(bytes).toString()).filter(({ data, isDone }) => data !== '' && !isDone);
  const chunks = frames.map(({ data }) => JSON.parse(data) as { choices: Record<string, unknown>[] });
  const recorder = new StreamRecorder();
  for (const one of chunks) recorder.take(one);
  return { chunks, completion: JSON.parse(recorder.completion()) as { choices: { message: object }[] } };
}

const calls = [{ id: 'call_of_another', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content: { google: {} } }];
/** An answer given back as a client got it from here, and a tool's result. */
const HISTORY = [
  { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] },
  {
    role: 'assistant',
    content: 'One moment',
    refusal: null,
    annotations: [],
    audio: null,
    function_call: null,
    reasoning_content: 'hm',
    thinking_blocks: [{ type: 'thinking', thinking: 'hm' }],
    tool_calls: calls,
  },
  { role: 'tool', tool_call_id: 'call_of_another', name: 'f', content: 'one', cache_control: { type: 'ephemeral' } },
];
const plainCall = { id: 'call_of_another', type: 'function', function: { name: 'f', arguments: '{}' } };
const plainHistory = (assistant: object) => [
  { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
  { role: 'assistant', content: 'One moment', ...assistant, tool_calls: [plainCall] },
  { role: 'tool', tool_call_id: 'call_of_another', name: 'f', content: 'one' },
];

test.each(['groq', 'cerebras', 'together', 'sambanova'] as const)('%s: an answer goes back in the fields that it knows', async (kind) => {
  expect((await asked(kind, { messages: HISTORY }))['messages']).toEqual(plainHistory({ reasoning: 'hm' }));
});

test('Perplexity: reasoning does not go back', async () => {
  expect((await asked('perplexity', { messages: HISTORY }))['messages']).toEqual(plainHistory({}));
});

test('Mistral: reasoning goes back as a part, and ids of calls as short as it wants them, result and call alike', async () => {
  const [, assistant, tool] = (await asked('mistral', { messages: HISTORY }))['messages'] as Record<string, unknown>[];
  const content = [
    { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
    { type: 'text', text: 'One moment' },
  ];
  expect(assistant).toEqual({ role: 'assistant', content, tool_calls: [{ ...plainCall, id: expect.stringMatching(/^[a-z0-9]{9}$/) }] });
  expect(tool!['tool_call_id']).toBe((assistant!['tool_calls'] as { id: string }[])[0]!.id);
  const own = { role: 'assistant', content: null, tool_calls: [{ ...plainCall, id: 'aB3dE6gH9' }] };
  expect((await asked('mistral', { messages: [own] }))['messages']).toEqual([own]);
});

test.each(['deepseek', 'fireworks'] as const)('%s: reasoning goes back as it came', async (kind) => {
  expect((await asked(kind, { messages: HISTORY }))['messages']).toEqual(HISTORY);
});

test('a refusal goes back as what it said', async () => {
  const messages = [{ role: 'assistant', content: null, refusal: 'No' }];
  expect((await asked('groq', { messages }))['messages']).toEqual([{ role: 'assistant', content: 'No' }]);
});

test.each(['groq', 'mistral'] as const)('%s: a speaker’s name is refused by its path, and left out for a lenient caller', async (kind) => {
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'user', content: 'Hi', name: 'Ann' },
  ];
  await expect(call(kind, { messages })).rejects.toMatchObject({ code: 'invalid_request', param: 'messages[1].name' });
  expect((await asked(kind, { messages }, true))['messages']).toEqual([messages[0], messages[0]]);
});

const schema = { type: 'json_schema', json_schema: { name: 'n', schema: {} } };

test.each([
  ['deepseek', 'response_format', schema],
  ['deepseek', 'parallel_tool_calls', false],
  ['perplexity', 'response_format', { type: 'json_object' }],
  ['sambanova', 'logprobs', true],
  ['together', 'parallel_tool_calls', false],
  ['groq', 'thinking', { type: 'enabled', budget_tokens: 2000 }],
  ['mistral', 'top_k', 4],
] as const)('%s: %s %j is refused by name, and left out for a lenient caller', async (kind, field, value) => {
  await expect(call(kind, { [field]: value })).rejects.toMatchObject({ code: 'invalid_request', param: field });
  expect(await asked(kind, { [field]: value }, true)).not.toHaveProperty(field);
});

test.each([
  ['deepseek', { reasoning_effort: 'high' }, { reasoning_effort: 'high' }],
  ['deepseek', { reasoning_effort: 'none' }, { thinking: { type: 'disabled' }, reasoning_effort: undefined }],
  ['deepseek', { response_format: { type: 'json_object' } }, { response_format: { type: 'json_object' } }],
  ['perplexity', { response_format: schema }, { response_format: schema }],
  ['fireworks', { seed: 3, prediction: { type: 'content', content: 'x' } }, { seed: 3 }],
  ['fireworks', { max_completion_tokens: 5, max_tokens: 9 }, { max_tokens: 5, max_completion_tokens: undefined }],
  ['sambanova', { presence_penalty: 0.5 }, { presence_penalty: 0.5 }],
  ['groq', { thinking: { type: 'disabled' } }, { thinking: undefined }],
  ['deepseek', { thinking: { type: 'enabled' } }, { thinking: { type: 'enabled' } }],
  ['together', { logprobs: true, top_logprobs: 4, stop: 'x' }, { logprobs: 4, top_logprobs: undefined, stop: ['x'] }],
  ['together', { logprobs: false }, { logprobs: undefined }],
  ['mistral', { user: 'u', store: false, prompt_cache_key: 'k' }, { user: undefined, store: undefined, prompt_cache_key: undefined }],
] as const)('%s: %j goes out as %j', async (kind, body, expected) => {
  const got = await asked(kind, body);
  for (const [field, value] of Object.entries(expected)) expect(got[field]).toEqual(value);
});

test.each(['groq', 'cerebras', 'mistral'] as const)('%s: tools go out without marks for a cache', async (kind) => {
  const tool = { type: 'function', function: { name: 'f', parameters: {} } };
  expect((await asked(kind, { tools: [{ ...tool, cache_control: { type: 'ephemeral' } }] }))['tools']).toEqual([tool]);
});

test.each(['together', 'sambanova'] as const)('%s: reasoning is told apart, whole and streamed', async (kind) => {
  json(completion(choice({ role: 'assistant', content: 'yes', reasoning: 'hm' })));
  const whole = await call(kind, {});
  if (whole.form !== 'whole') throw new Error('a stream came');
  expect(JSON.parse(whole.text)).toMatchObject({ choices: [{ message: { content: 'yes', reasoning_content: 'hm' } }] });
  sse(chunk({ reasoning: 'h' }), chunk({ reasoning: 'm' }), chunk({ content: 'yes' }, { finish_reason: 'eos' }));
  const { completion: made } = await recorded(kind);
  expect(made.choices[0]).toMatchObject({ message: { content: 'yes', reasoning_content: 'hm' }, finish_reason: 'stop' });
});

test('Together: log-probabilities come in OpenAI’s shape, whole and streamed', async () => {
  const logprobs = { tokens: ['a', 'b'], token_logprobs: [-0.5, -1], top_logprobs: [{ a: -0.5, c: -2 }] };
  json(completion(choice({ role: 'assistant', content: 'ab' }, { logprobs })));
  const whole = await call('together', { logprobs: true });
  if (whole.form !== 'whole') throw new Error('a stream came');
  const top = [
    { token: 'a', logprob: -0.5, bytes: [97] },
    { token: 'c', logprob: -2, bytes: [99] },
  ];
  const content = [
    { token: 'a', logprob: -0.5, bytes: [97], top_logprobs: top },
    { token: 'b', logprob: -1, bytes: [98], top_logprobs: [] },
  ];
  expect(JSON.parse(whole.text)).toMatchObject({ choices: [{ logprobs: { content, refusal: null } }] });
  sse(chunk({ content: 'a' }, { logprobs: -0.5 }));
  const { chunks } = await recorded('together');
  expect(chunks[0]!.choices[0]!['logprobs']).toEqual({ content: [{ ...top[0], top_logprobs: [] }], refusal: null });
});

test.each([
  ['deepseek', 'insufficient_system_resource', 'unavailable'],
  ['mistral', 'error', 'unavailable'],
] as const)('%s: an answer that ended with %s is none', async (kind, reason, code) => {
  json(completion(choice({ role: 'assistant', content: 'half' }, { finish_reason: reason })));
  await expect(call(kind, {})).rejects.toMatchObject({ code });
  sse(chunk({ content: 'half' }), chunk({}, { finish_reason: reason }));
  await expect(recorded(kind)).rejects.toMatchObject({ code });
});

test('Groq: an error within the stream is none of its ends', async () => {
  sse(chunk({ content: 'half' }), { ...chunk({}, { finish_reason: 'stop' }), x_groq: { id: 'r', error: 'over capacity' } });
  await expect(recorded('groq')).rejects.toMatchObject({ code: 'upstream_invalid', message: expect.stringContaining('over capacity') });
});

test('a mended stream that is destroyed while it is waited for closes its connection', async () => {
  const before = closed;
  respond = { type: 'text/event-stream', text: null };
  const answer = await call('groq', { stream: true });
  if (answer.form !== 'stream') throw new Error('a whole answer came');
  const chunks = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  await chunks.next();
  const next = chunks.next();
  next.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  answer.body.destroy();
  await expect.poll(() => closed).toBe(before + 1);
});

test('whatever the conversation, it goes out or is refused by name', async () => {
  json(completion(choice({ role: 'assistant', content: 'ok' })));
  await fc.assert(
    fc.asyncProperty(chatMessages, fc.constantFrom(...KINDS), async (messages, kind) => {
      try {
        await call(kind, { messages });
        expect((sent['messages'] as object[]).length).toBe(messages.length);
      } catch (error) {
        if (!isStillhouseError(error, 'invalid_request')) throw error;
      }
    }),
    { numRuns: 200 },
  );
});
