import { type IncomingMessage, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, SERVICE_KEY, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

// ClickHouse and Temporal are both away all the time: what is recorded is read from the spool.
let upstream: TestUpstream;
let gateway: GatewayProcess;
const messages = [{ role: 'user', content: 'What is two and two?' }];

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    providers: [
      labProvider(upstream.url, { apiKeyEnv: 'TEST_LAB_KEY' }),
      labProvider(upstream.url, { id: 'other', models: [{ id: 'test' }, { id: 'only-here' }] }),
      labProvider(upstream.url, { id: 'keyless', apiKeyEnv: 'TEST_ABSENT_KEY', models: [{ id: 'locked' }] }),
      labProvider('http://10.1.2.3', { id: 'inside', allowPrivateAddress: false, models: [{ id: 'hidden' }] }),
      labProvider('http://localhost:1', { id: 'rebinding', allowPrivateAddress: false, models: [{ id: 'hidden-too' }] }),
    ],
    limits: { maxBodyBytes: 10_000, pipelineConcurrency: 2 },
    aliases: {
      smart: { targets: [{ target: 'lab/test', weight: 1 }] },
      both: {
        targets: [
          { target: 'lab/test', weight: 1000 },
          { target: 'other/test', weight: 1e-9 },
        ],
      },
    },
    env: { TEST_LAB_KEY: 'sk-lab-secret' },
  });
});

beforeEach(() => {
  upstream.answer = answerWith('four');
  upstream.asked.length = 0;
});

afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});

const raw = (text: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
    body: text,
  });
const errorOf = async (answer: Response) =>
  ((await answer.json()) as { error: { message: string; type: string; param: string | null; code: string } }).error;
const rowOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;

test('a call goes on byte for byte but for what the gateway changes, and comes back as it was', async () => {
  upstream.answer = answerWith('four', { x_unknown: { deep: [1] } });
  const answer = await raw(
    `{ "seed": 12345678901234567890,\n "model":"smart", "messages": ${JSON.stringify(messages)}, "metadata":{"gold":"4","run":"r1"}, "x_new":1e400 }`,
  );
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    model: 'test-model-1',
    x_unknown: { deep: [1] },
    choices: [{ message: { content: 'four' } }],
  });
  expect(upstream.asked[0]!.text).toBe(
    `{"seed": 12345678901234567890,"model":"test","messages": ${JSON.stringify(messages)},"x_new":1e400}`,
  );
  expect(upstream.asked[0]!.headers.authorization).toBe('Bearer sk-lab-secret');
  expect(answer.headers.get('x-request-id')).toBe('req_test');
  expect(answer.headers.get(HEADERS.target)).toBe('lab/test');
  expect(answer.headers.get(HEADERS.attempts)).toBe('1');
  expect(Number(answer.headers.get(HEADERS.costUsd))).toBeCloseTo((10 * 2.5 + 4 * 10) / 1e6, 12);
  expect(rowOf(answer)).toMatchObject({
    alias: 'smart',
    alias_version: 1,
    target: 'lab/test',
    provider: 'lab',
    model_asked: 'smart',
    model_answered: 'test-model-1',
    status: 'ok',
    origin: 'app',
    key_id: 'admin',
    prompt_text: 'What is two and two?',
    answer_text: 'four',
    finish_reason: 'stop',
    tokens_in: 10,
    tokens_out: 4,
    metadata: { gold: '4', run: 'r1' },
    attempts: [{ target: 'lab/test', status: 200, error_class: '' }],
  });
  expect(rowOf(answer).request).not.toContain('gold');
});

test('the trace tells the parts of the price, tools and parameters, and what was chosen between', async () => {
  upstream.answer = answerWith('', {
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'refund' } }] },
      },
    ],
    usage: { prompt_tokens: 100, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 } },
  });
  const tools = [
    { type: 'function', function: { name: 'refund' } },
    { type: 'function', function: { name: 'cancel' } },
  ];
  const answer = await raw(JSON.stringify({ model: 'both', messages, tools, temperature: 0.25 }));
  const row = rowOf(answer);
  expect(row).toMatchObject({ v: 2, tokens_in: 100, tokens_cached: 60, tokens_cache_write: 30, tools: ['refund', 'cancel'] });
  expect(row.tools_called).toEqual(['refund']);
  expect(JSON.parse(row.parameters!)).toEqual({ temperature: 0.25 });
  expect(JSON.parse(row.router_decision!)).toMatchObject({ by: 'weights', targets: [{ target: 'lab/test' }, { target: 'other/test' }] });
  expect(row.cost_input_usd).toBeCloseTo((10 * 2.5) / 1e6, 12);
  expect(row.cost_cached_usd).toBeCloseTo((60 * 2.5) / 1e6, 12);
  expect(row.cost_cache_write_usd).toBeCloseTo((30 * 2.5) / 1e6, 12);
  expect(row.cost_output_usd).toBeCloseTo((10 * 10) / 1e6, 12);
  upstream.answer = answerWith('four');
  const plain = rowOf(await raw(JSON.stringify({ model: 'lab/test', messages })));
  expect(plain).toMatchObject({ tools: [], tools_called: [], parameters: '', router_decision: '' });
});

test('the metadata header wins over the field; only a stored call sends it on, and never the gold answer', async () => {
  const header = { 'x-stillhouse-metadata': JSON.stringify({ run: 'header', gold: '4' }) };
  const first = await raw(JSON.stringify({ model: 'smart', messages, metadata: { run: 'body', user: 'u' } }), header);
  expect(rowOf(first).metadata).toEqual({ run: 'header', user: 'u', gold: '4' });
  expect(upstream.asked[0]!.body).not.toHaveProperty('metadata');
  await raw(JSON.stringify({ model: 'smart', messages, store: true, metadata: { run: 'body', user: 'u' } }), header);
  expect(upstream.asked[1]!.body['metadata']).toEqual({ run: 'header', user: 'u' });
});

test.each([
  ['no JSON', '{', 400, 'invalid_json', null],
  ['JSON that is no object', '[1]', 400, 'invalid_json', null],
  ['no model', JSON.stringify({ messages }), 400, 'invalid_request', 'model'],
  ['no messages', JSON.stringify({ model: 'smart' }), 400, 'invalid_request', 'messages'],
  ['a message that is none', JSON.stringify({ model: 'smart', messages: ['hi'] }), 400, 'invalid_request', 'messages[0]'],
  ['metadata of numbers', JSON.stringify({ model: 'smart', messages, metadata: { a: 1 } }), 400, 'invalid_request', 'metadata.a'],
  [
    'too much metadata',
    JSON.stringify({ model: 'smart', messages, metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) }),
    400,
    'invalid_request',
    'metadata',
  ],
  ['an unknown model', JSON.stringify({ model: 'smrt', messages }), 404, 'model_not_found', 'model'],
  ['an unknown student', JSON.stringify({ model: 'student/none', messages }), 404, 'model_not_found', 'model'],
  ['a model of two providers', JSON.stringify({ model: 'test', messages }), 404, 'model_not_found', 'model'],
  [
    'a body too large',
    JSON.stringify({ model: 'smart', messages: [{ role: 'user', content: 'x'.repeat(20_000) }] }),
    413,
    'body_too_large',
    null,
  ],
])('%s is refused in the shape of OpenAI', async (_name, text, status, code, param) => {
  const answer = await raw(text);
  expect(answer.status).toBe(status);
  expect(await errorOf(answer)).toMatchObject({ code, param, type: 'invalid_request_error' });
  expect(upstream.asked).toHaveLength(0);
});

test('a chunked body that grows too large is a 413 before it has ended', async () => {
  const request = httpRequest(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  request.write('x'.repeat(30_000));
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(413);
  request.on('error', () => undefined).destroy();
});

test('an unknown model names the nearest; a bare id of one provider is enough', async () => {
  expect((await errorOf(await raw(JSON.stringify({ model: 'smrt', messages })))).message).toContain('"smart"');
  expect((await errorOf(await raw(JSON.stringify({ model: 'test', messages })))).message).toContain('"lab/test" or "other/test"');
  const answer = await raw(JSON.stringify({ model: 'only-here', messages }));
  expect(answer.headers.get(HEADERS.target)).toBe('other/only-here');
  // Without a price its cost is unknown, not nothing.
  expect(answer.headers.get(HEADERS.costUsd)).toBeNull();
  expect(rowOf(answer).cost_usd).toBeNull();
});

test('a key is needed, and a wrong one is none', async () => {
  const without = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
  expect(without.status).toBe(401);
  expect(await errorOf(without)).toMatchObject({ type: 'authentication_error', code: 'unauthorized' });
  expect((await raw('{}', { authorization: 'Bearer wrong' })).status).toBe(401);
  expect((await fetch(`${gateway.url}/api/aliases`)).status).toBe(401);
});

test('the service key reads the control plane and changes nothing there', async () => {
  const headers = { authorization: `Bearer ${SERVICE_KEY}`, 'content-type': 'application/json' };
  expect((await fetch(`${gateway.url}/api/targets`, { headers })).status).toBe(200);
  const change = await fetch(`${gateway.url}/api/aliases/x`, {
    method: 'PUT',
    headers,
    body: '{"targets":[{"target":"lab/test","weight":1}]}',
  });
  expect(change.status).toBe(403);
  expect(change.headers.get('content-type')).toContain('application/problem+json');
});

test('other methods and paths', async () => {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const get = await fetch(`${gateway.url}/v1/chat/completions`, { headers });
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await fetch(`${gateway.url}/v1/models`, { method: 'POST', headers })).status).toBe(405);
  expect(await errorOf(await fetch(`${gateway.url}/v1/no/such/thing`, { method: 'POST', headers, body: '{}' }))).toMatchObject({
    code: 'not_found',
  });
});

test('models: aliases and what can be reached', async () => {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const list = (await (await fetch(`${gateway.url}/v1/models`, { headers })).json()) as {
    object: string;
    data: { id: string; object: string }[];
  };
  expect(list.object).toBe('list');
  // The provider without a key can't be reached, nor the one at a private address; a name is looked up when it is called.
  expect(list.data.map((one) => one.id)).toEqual(['smart', 'both', 'lab/test', 'other/test', 'other/only-here', 'rebinding/hidden-too']);
  expect(await (await fetch(`${gateway.url}/v1/models/lab/test`, { headers })).json()).toMatchObject({
    id: 'lab/test',
    object: 'model',
    owned_by: 'lab',
  });
  const missing = await fetch(`${gateway.url}/v1/models/smrt`, { headers });
  expect(missing.status).toBe(404);
  expect((await errorOf(missing)).message).toContain('"smart"');
});

test('a provider without its key, at a private address, or at a name that leads to one is refused with the reason', async () => {
  const keyless = await raw(JSON.stringify({ model: 'keyless/locked', messages }));
  expect(keyless.status).toBe(401);
  expect((await errorOf(keyless)).message).toContain('TEST_ABSENT_KEY');
  for (const model of ['inside/hidden', 'rebinding/hidden-too']) {
    const answer = await raw(JSON.stringify({ model, messages }));
    expect(answer.status).toBe(502);
    expect((await errorOf(answer)).message).toContain('allowPrivateAddress');
  }
});

test('the pipeline is shed first: its share is bounded, its traces say where they come from', async () => {
  const held: (() => void)[] = [];
  upstream.answer = (asked, response) => void held.push(() => void answerWith('four')(asked, response));
  const service = { authorization: `Bearer ${SERVICE_KEY}` };
  const body = JSON.stringify({ model: 'smart', messages, metadata: { stage: 'generate' } });
  const calls = [raw(body, service), raw(body, service)];
  await expect.poll(() => held.length).toBe(2);
  const shed = await raw(body, service);
  expect([shed.status, shed.headers.get('retry-after')]).toEqual([429, '1']);
  expect(await errorOf(shed)).toMatchObject({ type: 'rate_limit_error', code: 'rate_limited' });
  const app = raw(body);
  await expect.poll(() => held.length).toBe(3);
  held.forEach((release) => release());
  const answers = await Promise.all([...calls, app]);
  expect(answers.map((answer) => rowOf(answer).origin)).toEqual(['pipeline', 'pipeline', 'app']);
});

test('metrics and health need no key', async () => {
  expect(await (await fetch(`${gateway.url}/healthz`)).json()).toEqual({ status: 'ok' });
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(/^stillhouse_calls_total \d+$/m);
});

test.each([['with its length'], ['in chunks']])('JSON of the control plane is refused before it fills the memory, sent %s', async (how) => {
  const chunked = how === 'in chunks';
  const send = async (size: number) => {
    const text = `{"name":"${'a'.repeat(size)}"}`;
    const answer = await fetch(`${gateway.url}/api/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      ...(chunked ? { body: new Blob([text]).stream(), duplex: 'half' } : { body: text }),
    } as RequestInit);
    const { status, code } = (await answer.json()) as { status: number; code: string };
    return [answer.status, status, code];
  };
  expect(await send(100)).toEqual([400, 400, 'invalid_request']);
  expect(await send(33 * 1024 * 1024)).toEqual([413, 413, 'body_too_large']);
});
