import { afterAll, beforeAll, expect, test } from 'vitest';
import { Student } from '../../contracts/distil.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import { emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import { parseChatRequest } from '../../gateway/chat/chat-request.ts';
import { CancelSignal } from '../../gateway/providers/cancel-signal.ts';
import { placedStudents, type PlacedStudents } from '../../gateway/providers/language-model/placed-students.ts';
import { studentBackends } from '../../gateway/providers/language-model/student-backends.ts';
import type { ProviderAnswer } from '../../gateway/providers/provider.ts';
import { studentProvider } from '../../gateway/providers/student.ts';
import { warmStudents } from '../../gateway/providers/warm-students.ts';
import { createLogger } from '../../platform/logger.ts';
import { until } from '../support/until.ts';
import { startStudentServerProcess, type StudentServerProcess } from './student-server-process.ts';
import { tinyStudents, type TinyStudents } from './tiny-student.ts';

/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:9';
let tiny: TinyStudents;
let server: StudentServerProcess;
let snapshot: RegistrySnapshot;
const opened: PlacedStudents[] = [];
beforeAll(async () => {
  tiny = await tinyStudents();
  server = await startStudentServerProcess(tiny.artifacts.url);
  const students = {
    support: await student('support', 1),
    sorter: await student('sorter', 2),
    far: { ...(await student('far', 1)), placement: 'far' },
  };
  snapshot = { ...emptySnapshot('default'), sequence: 1, students };
});
afterAll(async () => {
  await Promise.all(opened.map((placed) => placed.close()));
  await server.dispose();
  tiny.remove();
});

async function student(name: string, number: number): Promise<Student> {
  const manifest = await tiny.student(number);
  const base = { id: 'tiny', digest: 'a'.repeat(64) };
  return Student.parse({
    name,
    version: 1,
    kind: 'language-model',
    manifest,
    labels: [],
    base,
    lineage: null,
    evaluation: null,
    createdAt: '2026-01-01T00:00:00.000Z',
  });
}

function open(localUrls: string | undefined = server.url) {
  const usdPerHour = { core: 3600, gpu: 7200 };
  const options = { localUrls, serviceKey: undefined, servers: [], secret: () => undefined, usdPerHour, artifacts: tiny.artifacts };
  const languageModels = placedStudents(studentBackends(options));
  opened.push(languageModels);
  const provider = studentProvider({ classifier: null, languageModels, usdPerCoreHour: 3600, now: Date.now });
  const call = (body: object = {}, model = 'support', signal = new CancelSignal()): Promise<ProviderAnswer> =>
    provider.call({
      model,
      request: parseChatRequest(JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'card' }], ...body }), undefined),
      snapshot,
      signal,
    });
  return { provider, call, languageModels };
}

const textIn = (answer: ProviderAnswer) => {
  if (answer.form !== 'whole') throw new Error('a whole answer was expected');
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
};
const served = async () => ((await server.ask('GET', '/students')).body['items'] as { name: string }[]).map((one) => one.name);

test('a student that its server does not know is put there; the price is its compute time', async () => {
  const { call } = open();
  const [support, sorter] = await Promise.all([call(), call({}, 'sorter')]);
  expect(textIn(support)).not.toBe(textIn(sorter));
  const { usage, model } = JSON.parse((support as { text: string }).text) as { usage: { compute_ms: number }; model: string };
  expect(model).toBe('student/support');
  // At 3600 dollars an hour a second costs one.
  expect(support.costUsd).toBeCloseTo(usage.compute_ms / 1000, 9);
});

test('a server that was killed and started again is told anew, and answers the same', async () => {
  const { call } = open();
  const before = textIn(await call());
  await server.kill();
  await expect(call()).rejects.toMatchObject({ code: 'upstream_unreachable', retryable: true });
  await server.restart();
  const [after, beside] = await Promise.all([call(), call()]);
  expect([textIn(after), textIn(beside)]).toEqual([before, before]);
});

test('a stream comes frame by frame, and knows its price at its end', async () => {
  const answer = await open().call({ stream: true });
  if (answer.form !== 'stream') throw new Error('a stream was expected');
  let text = '';
  for await (const chunk of answer.body) text += (chunk as Buffer).toString();
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  const ms = Number(/"compute_ms":([\d.]+)/.exec(text)![1]);
  expect(answer.costUsd).toBeCloseTo(ms / 1000, 9);
});

test('a caller who goes away ends the computation', async () => {
  const signal = new CancelSignal();
  const answer = await open().call({ stream: true, max_tokens: 200 }, 'support', signal);
  if (answer.form !== 'stream') throw new Error('a stream was expected');
  answer.body.on('error', () => undefined).destroy();
  const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
  await until('the call was cancelled', async () => /requests_total\{status="499"\} 1/.test(await metrics()));
});

test('a stream that is cut off by the end of its server fails', async () => {
  const answer = await open().call({ stream: true, max_tokens: 200 });
  if (answer.form !== 'stream') throw new Error('a stream was expected');
  let begun = 0;
  const read = async () => {
    for await (const chunk of answer.body) {
      begun += (chunk as Buffer).length;
      await server.kill();
    }
  };
  const outcome = await read().then(
    () => 'whole',
    () => 'failed',
  );
  await server.restart();
  expect(begun).toBeGreaterThan(0);
  expect(outcome).toBe('failed');
});

test('the next replica answers for one that is gone; with none it says so', async () => {
  for (const urls of [`${NOBODY}, ${server.url}`, `${server.url},${NOBODY}`]) {
    const { call } = open(urls);
    for (const name of ['support', 'sorter']) expect(textIn(await call({}, name))).not.toBe('');
  }
  await expect(open(`${NOBODY},http://localhost:9`).call()).rejects.toMatchObject({ code: 'upstream_unreachable' });
});

test.each([
  ['tools', { tools: [{ type: 'function' }] }],
  ['n', { n: 2 }],
  ['modalities', { modalities: ['text', 'audio'] }],
  ['messages[0]', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }],
  [
    'messages[1]',
    {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'tool', content: 'y' },
      ],
    },
  ],
])('what a language model here cannot do is refused by name: %s', async (param, extra) => {
  await expect(open().call(extra)).rejects.toMatchObject({ code: 'invalid_request', param });
});

test('targets say which students can be asked, and why not', async () => {
  const targets = (localUrls: string) => open(localUrls).provider.targets(snapshot);
  expect(targets(server.url)).toMatchObject([
    { target: 'student/support', ready: true, reason: '' },
    { target: 'student/sorter', ready: true },
    { target: 'student/far', ready: false, reason: expect.stringContaining('"far" is no student server') as string },
  ]);
  expect(targets('')[0]).toMatchObject({ ready: false, reason: expect.stringContaining('STILLHOUSE_STUDENT_URLS') as string });
  await expect(open().call({}, 'far')).rejects.toMatchObject({ code: 'unavailable', retryable: true });
});

test('what cannot be loaded says why, as an error that a fallback may mend', async () => {
  const gone = await student('gone', 3);
  await tiny.artifacts.delete('adapters/3.gguf');
  const { provider } = open();
  const request = parseChatRequest(JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'x' }] }), undefined);
  const call = provider.call({ model: 'gone', request, snapshot: { ...snapshot, students: { gone } }, signal: new CancelSignal() });
  await expect(call).rejects.toMatchObject({ code: 'artifact_missing', message: expect.stringContaining('adapters/3.gguf') as string });
});

test('a student that an alias names is warm before its first call, and let go after no alias does', async () => {
  await server.kill();
  await server.restart();
  const { languageModels } = open();
  const warm = warmStudents(null, createLogger('test', 'silent'), { languageModels, graceMs: 50 });
  const alias = (target: string) => ({
    name: 'a',
    version: 1,
    targets: [{ target, weight: 1 }],
    fallbacks: [],
    reason: '',
    actor: '',
    createdAt: '',
    deleted: false,
  });
  warm({ ...snapshot, aliases: { a: alias('student/support') } });
  await until('support is served', async () => (await served()).includes('student/support'));
  warm({ ...snapshot, aliases: { a: alias('student/sorter') } });
  await until('sorter alone is served', async () => (await served()).join() === 'student/sorter');
  // Named again within the grace, it stays.
  warm(snapshot);
  warm({ ...snapshot, aliases: { a: alias('student/sorter'), b: alias('student/support') } });
  await until('both are served', async () => (await served()).length === 2);
  expect(await served()).toContain('student/sorter');
});
