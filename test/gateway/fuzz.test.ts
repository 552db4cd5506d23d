/** Odd requests by every way in and odd bytes from the provider, over the real program: no 500, no hang, no crash. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

let upstream: TestUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await startUpstream();
  const timeouts = { connectMs: 20_000, firstByteMs: 20_000, firstTokenMs: 20_000, idleMs: 20_000, totalMs: 60_000 };
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    limits: { retries: 0, breakerFailures: 1_000_000 },
    env: { ANTHROPIC_API_KEY: 'sk-test', GEMINI_API_KEY: 'sk-test', COHERE_API_KEY: 'sk-test' },
    providers: [
      labProvider(upstream.url, { timeouts }),
      ...['anthropic', 'google', 'cohere'].map((kind) => labProvider(upstream.url, { id: kind, kind, timeouts })),
    ],
  });
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});
beforeEach(() => void (upstream.answer = answerWith('fine')));

const send = (path: string, body: string) =>
  fetch(`${gateway.url}/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body,
  });
const RUNS = { numRuns: 300, seed: 20_261_126 };
const pid = () => gateway.pid;

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const anything = fc.jsonValue({ maxDepth: 3, noUnicodeString: false }) as fc.Arbitrary<unknown>;
const role = fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool', 'function', 'nobody');
const part = fc.oneof(
  anything,
  fc.record(
    { type: fc.constantFrom('text', 'input_text', 'image_url', 'image', 'tool_use', 'tool_result', 'thinking', 'x'), text, id: text },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constant('image_url'),
    image_url: fc.oneof(anything, fc.record({ url: fc.oneof(text, fc.constant('data:image/png;base64,AAAA')) })),
  }),
);
const toolCall = fc.record({
  id: text,
  type: fc.constant('function'),
  function: fc.record({ name: text, arguments: fc.oneof(text, fc.constant('{}'), anything) }),
});
const message = fc.oneof(
  { weight: 1, arbitrary: anything },
  {
    weight: 15,
    arbitrary: fc.record(
      {
        role: fc.oneof({ weight: 8, arbitrary: role }, anything),
        content: fc.oneof(text, fc.constant(null), fc.array(part, { maxLength: 3 }), anything),
        tool_calls: fc.oneof(fc.array(toolCall, { maxLength: 3 }), anything),
        tool_call_id: fc.oneof(text, anything),
      },
      { requiredKeys: ['role', 'content'] },
    ),
  },
);
const plain = fc.record({ role: fc.constantFrom('user', 'assistant'), content: text });
const messages = fc.oneof(
  { weight: 10, arbitrary: fc.array(plain, { minLength: 1, maxLength: 4 }) },
  { weight: 10, arbitrary: fc.array(message, { maxLength: 3 }) },
  { weight: 1, arbitrary: anything },
);
const tool = fc.oneof(
  { weight: 1, arbitrary: anything },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('function'),
      name: text,
      function: fc.record({ name: fc.constant('f'), parameters: fc.constant({ type: 'object' }) }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ name: fc.constant('f'), input_schema: fc.constant({ type: 'object' }) }) },
);
const field = <Name extends string>(name: Name, good: fc.Arbitrary<unknown>) =>
  ({ [name]: fc.oneof({ weight: 15, arbitrary: good }, anything) }) as Record<Name, fc.Arbitrary<unknown>>;
const FIELDS = {
  ...field('input', fc.oneof(text, messages, fc.array(text, { minLength: 1, maxLength: 3 }))),
  ...field('messages', messages),
  ...field('prompt', text),
  ...field('stream', fc.boolean()),
  ...field('max_tokens', fc.integer({ min: 1, max: 100 })),
  ...field('max_completion_tokens', fc.integer({ min: 1, max: 100 })),
  ...field('max_output_tokens', fc.integer({ min: 16, max: 100 })),
  ...field('temperature', fc.double({ min: 0, max: 1, noNaN: true })),
  ...field('stop', fc.oneof(text, fc.array(text, { maxLength: 3 }))),
  ...field('stop_sequences', fc.array(text, { maxLength: 3 })),
  ...field('tools', fc.array(tool, { maxLength: 2 })),
  ...field('tool_choice', fc.constantFrom('auto', 'none', 'required')),
  ...field('response_format', fc.record({ type: fc.constantFrom('text', 'json_object', 'json_schema'), json_schema: anything })),
  ...field('system', fc.oneof(text, fc.array(part, { maxLength: 2 }))),
  ...field('instructions', text),
  ...field('metadata', fc.dictionary(text, text, { maxKeys: 3 })),
  ...field('reasoning_effort', fc.constantFrom('none', 'low', 'high')),
  ...field('thinking', fc.record({ type: fc.constantFrom('enabled', 'disabled', 'adaptive'), budget_tokens: fc.nat(4000) })),
  ...field('n', fc.integer({ min: 1, max: 3 })),
  ...field('logprobs', fc.boolean()),
  ...field('user', text),
};
/** Fields of each way in; the first of them it can't do without. */
const WAYS_IN: Record<string, (keyof typeof FIELDS)[]> = {
  'chat/completions': ['messages', 'stream', 'max_completion_tokens', 'temperature', 'stop', 'tools', 'tool_choice', 'response_format', 'metadata', 'reasoning_effort', 'n', 'logprobs', 'user'], // prettier-ignore
  responses: ['input', 'stream', 'max_output_tokens', 'temperature', 'tools', 'tool_choice', 'instructions', 'metadata', 'user'],
  messages: ['messages', 'max_tokens', 'stream', 'temperature', 'stop_sequences', 'tools', 'system', 'thinking'],
  'messages/count_tokens': ['messages', 'tools', 'system', 'thinking'],
  completions: ['prompt', 'stream', 'max_tokens', 'temperature', 'stop', 'n', 'user'],
  embeddings: ['input', 'user'],
};
const model = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('lab/test', 'anthropic/test', 'google/test', 'cohere/test') },
  { weight: 1, arbitrary: anything },
);
function bodyOf(path: string): fc.Arbitrary<object> {
  const fields = WAYS_IN[path]!;
  const required = path === 'messages' ? fields.slice(0, 2) : fields.slice(0, 1);
  const entries = fields.map((name) => [name, FIELDS[name]] as const);
  // Few fields at a time: one that is refused hides what the others do.
  const some = fc.subarray(fields, { maxLength: Math.min(4, fields.length) });
  return fc.tuple(model, fc.record(Object.fromEntries(entries)), some).map(([asked, all, names]) => ({
    model: asked,
    ...Object.fromEntries(Object.entries(all).filter(([name]) => [...required, ...names].includes(name as keyof typeof FIELDS))),
  }));
}

test.each(Object.keys(WAYS_IN))(
  'requests by %s: answered, or refused in a sentence',
  async (path) => {
    const before = pid();
    await fc.assert(
      fc.asyncProperty(bodyOf(path), async (asked) => {
        const answer = await send(path, JSON.stringify(asked));
        const said = await answer.text();
        // 502: providers of another dialect get an answer in OpenAI's.
        expect([200, 400, 404, 413, 422, 501, 502]).toContain(answer.status);
        if (answer.status === 200) return;
        expect((JSON.parse(said) as { error: { message: string } }).error.message).toMatch(/\S{2}/);
      }),
      RUNS,
    );
    expect(pid()).toBe(before);
    const fine = { model: 'lab/test', messages: [{ role: 'user', content: 'Hi' }] };
    expect((await send('chat/completions', JSON.stringify(fine))).status).toBe(200);
  },
  240_000,
);

const chunk = fc.oneof(
  fc.constant(chunkFrame({ role: 'assistant', content: '' })),
  text.map((content) => chunkFrame({ content })),
  fc.constant(chunkFrame({}, 'stop')),
  fc.constant('data: [DONE]\n\n'),
  fc.constantFrom(': ping\n\n', ':\r\n\r\n', 'event: x\n\n', '\n\n', '\uFEFF', 'data:\n\n', 'retry: 1\n\n'),
  anything.map((value) => `data: ${JSON.stringify(value)}\n\n`),
  anything.map((delta) => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\r\n\r\n`),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

test('streams of a provider: whatever comes, cut anywhere, the answer ends, and never as a success that it was not', async () => {
  const before = pid();
  await fc.assert(
    fc.asyncProperty(
      fc.array(chunk, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      async (frames, sizes) => {
        const bytes = Buffer.from(frames.join(''));
        upstream.answer = (_asked, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length]!;
            response.write(bytes.subarray(at, at + size));
            at += size;
          }
          response.end();
        };
        const answer = await send(
          'chat/completions',
          JSON.stringify({ model: 'lab/test', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
        );
        const said = await answer.text();
        expect([200, 502]).toContain(answer.status);
        const done = said.includes('data: [DONE]');
        // Some providers end with a reason and nothing behind it.
        const ended = done || /"finish_reason":"/.test(said);
        if (answer.status === 200 && !ended) expect(said).toContain('"error"');
        if (done) expect(bytes.toString()).toContain('data: [DONE]');
      },
    ),
    RUNS,
  );
  expect(pid()).toBe(before);
}, 240_000);

test('a line of 10 MB is passed on whole', async () => {
  const long = 'x'.repeat(10 * 1024 * 1024);
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`${chunkFrame({ content: long })}${chunkFrame({}, 'stop')}data: [DONE]\n\n`);
  };
  const answer = await send(
    'chat/completions',
    JSON.stringify({ model: 'lab/test', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
  );
  const said = await answer.text();
  expect(said.length).toBeGreaterThan(long.length);
  expect(said).toContain('data: [DONE]');
});

test.each(['lab/test', 'anthropic/test', 'google/test', 'cohere/test'])(
  '100,000 tool calls in one message to %s: answered or refused, and the next call is as ever',
  async (model) => {
    const tool_calls = Array.from({ length: 100_000 }, (_, i) => ({
      id: `c${i}`,
      type: 'function',
      function: { name: 'f', arguments: '{}' },
    }));
    const asked = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: null, tool_calls },
    ];
    const answer = await send('chat/completions', JSON.stringify({ model, messages: asked }));
    expect([200, 400, 413, 502]).toContain(answer.status);
    await answer.text();
    expect(
      (await send('chat/completions', JSON.stringify({ model: 'lab/test', messages: [{ role: 'user', content: 'Hi' }] }))).status,
    ).toBe(200);
  },
);

test('headers that are too large are refused, and half a body is none', async () => {
  const large = await fetch(`${gateway.url}/v1/models`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'x-large': 'x'.repeat(100_000) },
  });
  expect(large.status).toBe(431);
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_KEY}\r\ncontent-length: 1000\r\n\r\n{"model":`,
  );
  const asked = upstream.asked.length;
  await new Promise<void>((resolve) => setTimeout(resolve, 200));
  socket.destroy();
  expect((await send('chat/completions', JSON.stringify({ model: 'lab/test', messages: [{ role: 'user', content: 'Hi' }] }))).status).toBe(
    200,
  );
  expect(upstream.asked.length).toBe(asked + 1);
});
