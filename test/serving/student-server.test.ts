import { request } from 'node:http';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { until } from '../support/until.ts';
import { startStudentServerProcess, type StudentServerProcess } from './student-server-process.ts';
import { CONTEXT_TOKENS, tinyStudents, type TinyStudents } from './tiny-student.ts';

let tiny: TinyStudents;
let server: StudentServerProcess;
let first: ArtifactRef;
let second: ArtifactRef;
let openai: OpenAI;
beforeAll(async () => {
  tiny = await tinyStudents();
  server = await startStudentServerProcess(tiny.artifacts.url);
  [first, second] = [await tiny.student(1), await tiny.student(2)];
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(async () => {
  await server.dispose();
  tiny.remove();
});

const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Where is my card?' }];
const put = (id: string, manifest: ArtifactRef) => server.ask('PUT', `/students/${id}`, { manifest, name: `student/${id}` });

test('an unknown student is a 404, until it is put here; the same again is success', async () => {
  const call = openai.chat.completions.create({ model: 'support', messages });
  await expect(call).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  expect(await put('support', first)).toMatchObject({ status: 200, body: { id: 'support', base: 'tiny', contextTokens: CONTEXT_TOKENS } });
  expect(await put('support', first)).toMatchObject({ status: 200 });
  expect((await openai.models.list()).data).toMatchObject([{ id: 'support', owned_by: 'stillhouse' }]);
  const completion = await openai.chat.completions.create({ model: 'support', messages });
  expect(completion).toMatchObject({ model: 'student/support', choices: [{ finish_reason: 'length', message: { role: 'assistant' } }] });
  expect(completion.usage).toMatchObject({ completion_tokens: 12, compute_device: 'cpu' });
  expect((completion.usage as unknown as { compute_ms: number }).compute_ms).toBeGreaterThan(0);
});

test('a stream says the same as a whole answer, with usage where it is asked for', async () => {
  await put('support', first);
  const whole = await openai.chat.completions.create({ model: 'support', messages, logprobs: true, top_logprobs: 1 });
  const stream = await openai.chat.completions.create({
    model: 'support',
    messages,
    stream: true,
    stream_options: { include_usage: true },
    logprobs: true,
    top_logprobs: 1,
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]!.message.content);
  const logprobs = chunks.flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? []);
  expect(logprobs.map((one) => one.token)).toEqual(whole.choices[0]!.logprobs!.content!.map((one) => one.token));
  expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe('length');
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
});

test.each([
  ['tools', { tools: [{ type: 'function' }] }],
  ['n', { n: 2 }],
  ['temperature', { temperature: 3 }],
  ['messages[0]', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }],
  ['messages', { messages: [{ role: 'user', content: 'x'.repeat(1000) }] }],
  ['response_format', { response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'string', pattern: 'a+' } } } }],
])('what it cannot do is a 400 that names %s, in a stream too', async (param, extra) => {
  await put('support', first);
  for (const stream of [false, true]) {
    const { status, body } = await server.ask('POST', '/v1/chat/completions', { model: 'support', messages, stream, ...extra });
    expect({ status, body }).toMatchObject({ status: 400, body: { error: { type: 'invalid_request_error', param } } });
  }
});

test('a student that is taken out answers what it has in work, and nothing more', async () => {
  await put('leaving', second);
  const stream = await openai.chat.completions.create({ model: 'leaving', messages, stream: true, max_tokens: 100 });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  const left = server.ask('DELETE', '/students/leaving');
  const chunks = [];
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) chunks.push(next.value);
  expect(chunks.at(-1)!.choices[0]!.finish_reason).not.toBeNull();
  expect((await left).status).toBe(204);
  expect((await server.ask('POST', '/v1/chat/completions', { model: 'leaving', messages })).status).toBe(404);
  const { body } = await server.ask('GET', '/students');
  expect((body['items'] as { id: string }[]).map((one) => one.id)).not.toContain('leaving');
});

test('pages of browsers and foreign names are refused; health is open', async () => {
  const get = (path: string, headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      request({ hostname, port, path, headers }, (response) => resolve(response.resume().statusCode!))
        .on('error', reject)
        .end();
    });
  expect(await get('/students', {})).toBe(200);
  expect(await get('/students', { origin: 'https://example.com' })).toBe(403);
  expect(await get('/students', { host: 'rebound.example.com' })).toBe(403);
  expect(await get('/healthz', { host: 'rebound.example.com' })).toBe(200);
});

test('a caller who hangs up ends the computation', async () => {
  await put('support', first);
  const active = async () => Number(/^stillhouse_student_requests_in_flight (\d+)$/m.exec(await metrics())![1]);
  const gone = new AbortController();
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'support', messages, stream: true, max_tokens: 200 }),
    signal: gone.signal,
  });
  await response.body!.getReader().read();
  gone.abort();
  await until('no call in flight', async () => (await active()) === 0);
  expect(await metrics()).toMatch(/requests_total\{status="499"\} 1/);
});

const metrics = async () => (await fetch(`${server.url}/metrics`)).text();

test('metrics count calls, tokens and what is loaded', async () => {
  const text = await metrics();
  expect(text).toMatch(/stillhouse_student_tokens_total\{kind="answer"\} [1-9]/);
  expect(text).toMatch(/stillhouse_student_loaded [1-9]/);
  expect(text).toMatch(/stillhouse_student_latency_seconds_bucket\{le="\+Inf"\} [1-9]/);
});

test('killed and started again it knows nobody, and answers the same once it is told', async () => {
  await put('support', first);
  const before = await openai.chat.completions.create({ model: 'support', messages });
  await server.kill();
  await server.restart();
  expect((await server.ask('POST', '/v1/chat/completions', { model: 'support', messages })).status).toBe(404);
  await put('support', first);
  const after = await openai.chat.completions.create({ model: 'support', messages });
  expect(after.choices).toEqual(before.choices);
});

test('asked to end, it lets answers in work end first', async () => {
  await put('support', first);
  const stream = await openai.chat.completions.create({ model: 'support', messages, stream: true, max_tokens: 100 });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  const stopped = server.stop();
  let last: OpenAI.ChatCompletionChunk | undefined;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) last = next.value;
  expect(last!.choices[0]!.finish_reason).not.toBeNull();
  expect(await stopped).toBe(0);
});

test('off loopback it wants a key of its own', async () => {
  await expect(startStudentServerProcess(tiny.artifacts.url, { STILLHOUSE_HOST: '0.0.0.0' })).rejects.toThrow(/STILLHOUSE_SERVICE_KEY/);
});
