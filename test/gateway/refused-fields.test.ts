import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { languageModelStudent } from './language-model-student.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

/** What the target of an alias that is asked first can't do: who is asked instead, by each way in, and what is said where nobody can. */

let able: TestUpstream;
let students: TestUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  able = await startUpstream();
  students = await startUpstream();
  const to = (target: string, ...fallbacks: string[]) => ({ targets: [{ target, weight: 1 }], fallbacks });
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    env: { STILLHOUSE_STUDENT_URLS: students.url, ANTHROPIC_API_KEY: 'sk-a', PERPLEXITY_API_KEY: 'sk-p' },
    // One failure, and a target is not asked again.
    limits: { retries: 0, breakerFailures: 1, breakerOpenMs: 600_000 },
    providers: [
      labProvider(able.url, { id: 'able' }),
      labProvider(able.url, { id: 'failing' }),
      labProvider(able.url, { id: 'claude', kind: 'anthropic' }),
      labProvider(able.url, { id: 'sonar', kind: 'perplexity' }),
    ],
    aliases: {
      seeded: to('claude/x', 'able/test'),
      tools: to('sonar/x', 'able/test'),
      nobody: to('claude/x', 'sonar/x'),
      broken: to('claude/x', 'failing/test'),
      moved: to('student/support', 'able/test'),
      'moved-alone': to('student/support'),
      vectors: to('claude/x', 'able/test'),
      hedged: { ...to('claude/x', 'able/test'), hedge: { afterMs: 60_000 } },
    },
    students: { support: languageModelStudent },
  });
});
beforeEach(() => {
  able.answer = answersEither;
  able.asked.length = students.asked.length = 0;
});
afterAll(async () => {
  await gateway?.dispose();
  await Promise.all([able?.stop(), students?.stop()]);
});

const says = (response: ServerResponse, status: number, body: object) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
/** In the API by which it is asked. */
const answersEither: TestUpstream['answer'] = (asked, response) => {
  if (!asked.path.endsWith('/messages')) return answerWith('from the fallback')(asked, response);
  const usage = { input_tokens: 7, output_tokens: 4 };
  const content = [{ type: 'text', text: 'from the first' }];
  says(response, 200, { id: 'm', type: 'message', role: 'assistant', model: 'x', content, stop_reason: 'end_turn', usage });
};
const messages = [{ role: 'user', content: 'Hello' }];
const parameters = { type: 'object', properties: {} };
const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;
const attemptsOf = (answer: Response) => traceOf(answer).attempts.map((one) => [one.target, one.status || one.error_class]);

const ASKED = [
  {
    path: '/v1/chat/completions',
    body: { model: 'tools', messages, tools: [{ type: 'function', function: { name: 'look_up', parameters } }] },
  },
  {
    path: '/v1/messages',
    body: { model: 'tools', max_tokens: 9, messages, tools: [{ name: 'look_up', input_schema: parameters }] },
  },
  { path: '/v1/responses', body: { model: 'tools', input: 'Hello', tools: [{ type: 'function', name: 'look_up', parameters }] } },
  { path: '/v1/completions', body: { model: 'seeded', prompt: 'Hello', seed: 7 } },
];

test.each(ASKED.flatMap((asked) => [false, true].map((stream) => ({ ...asked, stream }))))(
  '$path (streamed: $stream): the next target is asked',
  async ({ path, body, stream }) => {
    const first = body.model === 'tools' ? 'sonar/x' : 'claude/x';
    const got = await gateway.post({ ...body, stream }, {}, path);
    expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'able/test']);
    expect(await got.text()).toContain('from the fallback');
    expect(attemptsOf(got)).toEqual([
      [first, 'invalid_request'],
      ['able/test', 200],
    ]);
    expect(able.asked).toHaveLength(1);
    // Nothing was sent to the first one: it stands as well as before.
    const plain = await gateway.post({ ...body, seed: undefined, tools: undefined }, {}, path);
    expect([plain.status, plain.headers.get(HEADERS.target)]).toEqual([200, first]);
  },
);

test('of a hedged alias, too', async () => {
  const got = await gateway.post({ model: 'hedged', messages, seed: 7 });
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'able/test']);
});

test('embeddings of a provider that offers none', async () => {
  const data = [{ object: 'embedding', index: 0, embedding: [1, 0] }];
  able.answer = (_asked, response) =>
    says(response, 200, { object: 'list', data, model: 'test', usage: { prompt_tokens: 1, total_tokens: 1 } });
  const got = await gateway.post({ model: 'vectors', input: 'Hello' }, {}, '/v1/embeddings');
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'able/test']);
});

test('nobody can: the first one says so, in the words of the way in', async () => {
  const chat = await gateway.post({ model: 'nobody', messages, seed: 7 });
  expect([chat.status, await chat.json()]).toMatchObject([
    400,
    { error: { param: 'seed', message: expect.stringContaining('Anthropic') } },
  ]);
  expect(attemptsOf(chat)).toEqual([
    ['sonar/x', 'invalid_request'],
    ['claude/x', 'invalid_request'],
  ]);
  expect(traceOf(chat)).toMatchObject({ target: 'claude/x', http_status: 400, error_class: 'invalid_request', cost_usd: 0 });
  const alone = await gateway.post({ ...ASKED[1]!.body, model: 'sonar/x' }, {}, '/v1/messages');
  expect([alone.status, await alone.json()]).toMatchObject([400, { type: 'error', error: { type: 'invalid_request_error' } }]);
});

test('who can fails: that is said, for the request is not to blame; for as long as nobody asks it, too', async () => {
  able.answer = (_asked, response) => says(response, 500, { error: { message: 'oh' } });
  const failed = await gateway.post({ model: 'broken', messages, seed: 7 });
  expect([failed.status, failed.headers.get(HEADERS.target)]).toEqual([500, 'failing/test']);
  const open = await gateway.post({ model: 'broken', messages, seed: 7 });
  expect([open.status, await open.json()]).toMatchObject([
    503,
    { error: { code: 'unavailable', message: expect.stringContaining('failing/test') } },
  ]);
  expect(Number(open.headers.get('retry-after'))).toBeGreaterThan(0);
});

test.each([false, true])('a prompt that is too long for the first one (streamed: %s)', async (stream) => {
  able.answer = (asked, response) => {
    if (!asked.path.endsWith('/messages')) return answerWith('from the fallback')(asked, response);
    const error = { type: 'invalid_request_error', message: 'prompt is too long: 208310 tokens > 200000 maximum' };
    says(response, 400, { type: 'error', error });
  };
  const got = await gateway.post({ model: 'seeded', messages, stream });
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'able/test']);
  expect(await got.text()).toContain('from the fallback');
  expect(attemptsOf(got)).toEqual([
    ['claude/x', 400],
    ['able/test', 200],
  ]);
  const alone = await gateway.post({ model: 'claude/x', messages, stream });
  expect([alone.status, await alone.json()]).toMatchObject([400, { error: { message: expect.stringContaining('too long') } }]);
});

test('of what else the provider itself refuses, a fallback is not asked', async () => {
  able.answer = (_asked, response) =>
    says(response, 400, { type: 'error', error: { type: 'invalid_request_error', message: 'messages: no' } });
  const got = await gateway.post({ model: 'seeded', messages });
  expect([got.status, got.headers.get(HEADERS.target), able.asked.length]).toEqual([400, 'claude/x', 1]);
});

test.each([
  ['what it has no field for', { logit_bias: { '50256': -100 } }],
  ['a prompt that is too long for it', {}],
])('a student’s server refuses %s: the fallback is asked', async (_what, fields) => {
  students.answer = (_asked, response) => says(response, 400, { error: { message: 'no', code: 'invalid_request' } });
  const got = await gateway.post({ model: 'moved', messages, ...fields });
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'able/test']);
  expect(attemptsOf(got)).toEqual([
    ['student/support', 400],
    ['able/test', 200],
  ]);
  const alone = await gateway.post({ model: 'moved-alone', messages, ...fields });
  expect([alone.status, await alone.json()]).toMatchObject([400, { error: { message: 'no' } }]);
});

test('a lenient caller: what a student can’t do is left out', async () => {
  students.answer = answerWith('from the student');
  const image = { type: 'image_url', image_url: { url: 'https://example.test/a.png' } };
  const call = { id: 'c1', type: 'function', function: { name: 'look_up', arguments: '{}' } };
  const spoken = [
    { role: 'user', content: [{ type: 'text', text: 'Hello' }, image] },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: 'found' },
    { role: 'assistant', content: 'Yes?', tool_calls: [call] },
    { role: 'user', content: 'Go on' },
  ];
  const asked = {
    model: 'moved',
    messages: spoken,
    tools: [{ type: 'function', function: { name: 'look_up', parameters } }],
    tool_choice: 'required',
    parallel_tool_calls: false,
    n: 2,
    logit_bias: { '1': 1 },
    seed: 7,
  };
  const got = await gateway.post(asked, { 'x-stillhouse-lenient': 'true' });
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'student/support']);
  const { model: _, ...sent } = students.asked.at(-1)!.body;
  expect(sent).toEqual({
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
      { role: 'assistant', content: 'Yes?' },
      { role: 'user', content: 'Go on' },
    ],
    seed: 7,
  });
  // The trace has what was asked.
  expect(JSON.parse(traceOf(got).request)).toMatchObject({ n: 2, tool_choice: 'required' });
  // Who is not lenient gets it from the fallback.
  const strict = await gateway.post(asked);
  expect(strict.headers.get(HEADERS.target)).toBe('able/test');
  // And what has no text at all is no message.
  const nothing = await gateway.post(
    { model: 'moved-alone', messages: [{ role: 'user', content: [image] }] },
    { 'x-stillhouse-lenient': 'true' },
  );
  expect([nothing.status, await nothing.json()]).toMatchObject([400, { error: { param: 'messages[0]' } }]);
});
