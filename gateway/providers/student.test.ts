import { expect, test } from 'vitest';
import { Student } from '../../contracts/distil.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { createLogger } from '../../platform/logger.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { parseChatRequest } from '../chat/chat-request.ts';
import { completionFacts } from '../chat/completion-facts.ts';
import { CancelSignal } from './cancel-signal.ts';
import type { ProviderAnswer } from './provider.ts';
import { studentProvider } from './student.ts';
import { warmStudents } from './warm-students.ts';

const sha256 = 'a'.repeat(64);
const manifest: ArtifactRef = { key: 'students/support', sha256, bytes: 10 };
const student = Student.parse({
  name: 'support',
  version: 1,
  kind: 'encoder',
  manifest,
  labels: ['lost_card', 'pin'],
  embedderSha256: sha256,
  lineage: { distillation: 'd', dataset: 's', datasetVersion: 1, datasetHash: 'h', teacher: 'lab/x', usedGold: false, seed: 1 },
  evaluation: null,
  createdAt: '2026-01-01T00:00:00.000Z',
});
const snapshot = { ...emptySnapshot('default'), sequence: 1, students: { support: student } };
const asked: { manifest: ArtifactRef; text: string }[] = [];
const provider = studentProvider({
  classifier: {
    prepare: () => Promise.resolve(),
    classify(ref, text) {
      asked.push({ manifest: ref, text });
      return Promise.resolve({ label: 'lost_card', computeMs: 3.6, tokens: 5 });
    },
  },
  usdPerCoreHour: 0.1,
  now: () => 1_700_000_000_000,
});
const call = (body: object, model = 'support', lenient = false): Promise<ProviderAnswer> =>
  provider.call({
    model,
    request: parseChatRequest(JSON.stringify({ model: 'x', ...body }), undefined, lenient),
    snapshot,
    signal: new CancelSignal(),
  });
const user = (content: unknown) => ({
  messages: [
    { role: 'system', content: 's' },
    { role: 'user', content },
  ],
});

test('a completion in the shape of OpenAI, at the price of its compute time', async () => {
  const answer = await call(
    user([
      { type: 'text', text: ' Where is ' },
      { type: 'text', text: 'my card? ' },
    ]),
  );
  expect(asked.at(-1)).toEqual({ manifest, text: 'Where is my card?' });
  if (answer.form !== 'whole') throw new Error('a whole answer was expected');
  expect(answer.costUsd).toBeCloseTo(1e-7, 12);
  const body = JSON.parse(answer.text) as object;
  expect(body).toMatchObject({
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'student/support',
    choices: [{ index: 0, message: { role: 'assistant', content: 'lost_card' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
  });
  expect(completionFacts(answer.text)?.answerText).toBe('lost_card');
});

test('streamed: role, label, end, usage, [DONE]', async () => {
  const answer = await call({ ...user('Where?'), stream: true });
  if (answer.form !== 'stream') throw new Error('a stream was expected');
  const frames: string[] = [];
  for await (const frame of answer.body) frames.push((frame as Buffer).toString());
  expect(frames).toHaveLength(5);
  expect(frames[1]).toContain('"content":"lost_card"');
  expect(frames[3]).toContain('"usage":{"prompt_tokens":5');
  expect(frames[4]).toBe('data: [DONE]\n\n');
});

test.each([
  ['tools', { tools: [{ type: 'function' }] }],
  ['n', { n: 2 }],
  ['logprobs', { logprobs: true }],
  ['response_format', { response_format: { type: 'json_object' } }],
  ['modalities', { modalities: ['text', 'audio'] }],
])('what it cannot do is refused by name, and left out for a lenient caller: %s', async (param, extra) => {
  await expect(call({ ...user('Where?'), ...extra })).rejects.toMatchObject({ code: 'invalid_request', param });
  expect(await call({ ...user('Where?'), ...extra }, 'support', true)).toMatchObject({ form: 'whole', status: 200 });
});

test('no text of a user', async () => {
  await expect(call(user([{ type: 'image_url', image_url: { url: 'x' } }]))).rejects.toMatchObject({
    code: 'invalid_request',
    param: 'messages',
  });
  await expect(call({ messages: [{ role: 'system', content: 's' }] })).rejects.toMatchObject({ param: 'messages' });
  await expect(call({ messages: [{ role: 'system', content: 's' }] }, 'support', true)).rejects.toMatchObject({ param: 'messages' });
});

test('a student that is gone, or no embedder: a target that is not there now', async () => {
  for (const gone of ['other', 'constructor']) {
    const message = `The student "${gone}" is not in the registry`;
    await expect(call(user('x'), gone)).rejects.toMatchObject({ code: 'unavailable', retryable: true, message });
  }
  const bare = studentProvider({ classifier: null, usdPerCoreHour: 0.1, now: Date.now });
  expect(bare.targets(snapshot)).toMatchObject([
    { target: 'student/support', ready: false, reason: expect.stringContaining('STILLHOUSE_EMBEDDER') as string },
  ]);
});

test('a student that an alias points to is loaded early, once, and again after a failure', async () => {
  const prepared: string[] = [];
  const classifier = {
    classify: () => Promise.reject(new Error('not asked here')),
    prepare(ref: ArtifactRef) {
      prepared.push(ref.sha256);
      return prepared.length === 1 ? Promise.reject(new Error('not there yet')) : Promise.resolve();
    },
  };
  const warm = warmStudents(classifier, createLogger('test', 'silent'));
  const target = (name: string) => ({ target: `student/${name}`, weight: 1 });
  const alias = {
    name: 'a',
    version: 1,
    targets: [target('support'), target('gone')],
    fallbacks: ['lab/x'],
    reason: '',
    actor: '',
    createdAt: student.createdAt,
    deleted: false,
  };
  warm(snapshot);
  expect(prepared).toEqual([]);
  warm({ ...snapshot, aliases: { a: alias } });
  await Promise.resolve();
  await expect.poll(() => (warm({ ...snapshot, aliases: { a: alias } }), prepared)).toEqual([sha256, sha256]);
});
