import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { Student } from '../../contracts/distil.ts';
import { createLogger } from '../../platform/logger.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { answerPrice } from '../chat/answer-price.ts';
import { parseChatRequest } from '../chat/chat-request.ts';
import { CancelSignal } from './cancel-signal.ts';
import { hostedStudents } from './hosted-student.ts';
import { openAICompatible } from './openai-compatible.ts';
import type { Provider, ProviderAnswer } from './provider.ts';
import { studentProvider } from './student.ts';
import { warmStudents } from './warm-students.ts';

const tuning = { trainingUsdPerMTok: 1.5, inputUsdPerMTok: 2, outputUsdPerMTok: 8 };
const config = ProviderConfig.parse({
  id: 'tuner',
  kind: 'openai-compatible',
  baseUrl: 'https://api.example.com/v1',
  models: [{ id: 'small-1', inputUsdPerMTok: 1, outputUsdPerMTok: 4, tuning }, { id: 'other-1' }],
});
const asked: { model: string; target: string }[] = [];
const answers: Record<string, ProviderAnswer> = {
  whole: { form: 'whole', status: 200, headers: {}, text: '{}' },
  stream: { form: 'stream', status: 200, headers: {}, body: Readable.from([]) },
};
const provider: Provider = {
  ...openAICompatible(config, () => undefined),
  call: ({ model, request }) => {
    asked.push({ model, target: request.model });
    return Promise.resolve(answers[request.stream ? 'stream' : 'whole']!);
  },
};
const student = (hosted: object | null) =>
  Student.parse({
    name: 'support',
    version: 1,
    kind: 'hosted',
    manifest: { key: 'm', sha256: 'a'.repeat(64), bytes: 1 },
    labels: [],
    hosted,
    lineage: null,
    evaluation: null,
    createdAt: '2026-01-01T00:00:00.000Z',
  });
const tuned = student({ provider: 'tuner', model: 'ft:small-1:acme::x', base: 'small-1' });
const usage = { tokensIn: 1_000_000, tokensOut: 1_000_000, tokensCached: 0, tokensCacheWrite: 0, tokensReasoning: 0 };

const students = (of: Student, providers = [provider]) => {
  const hosted = hostedStudents([config], providers);
  return { of, provider: studentProvider({ classifier: null, hosted, usdPerCoreHour: 1, now: Date.now }) };
};

function call({ of, provider: asking }: ReturnType<typeof students>, stream: boolean): Promise<ProviderAnswer> {
  const request = parseChatRequest(JSON.stringify({ model: 'smart', messages: [{ role: 'user', content: 'x' }], stream }), undefined);
  const snapshot = { ...emptySnapshot('default'), students: { support: of } };
  return asking.call({ model: 'support', request, snapshot, signal: new CancelSignal() });
}

test.each([false, true])('the provider is asked for its own model, and the price is that of the tuning (streamed: %s)', async (stream) => {
  const given = students(tuned);
  const answer = await call(given, stream);
  expect(asked.at(-1)).toEqual({ model: 'ft:small-1:acme::x', target: 'smart' });
  const callable = { target: 'student/support', provider: given.provider, model: 'support' };
  expect(answerPrice({ answer, callable }, usage)).toBe(10);
  expect(answerPrice({ answer, callable }, null)).toBeNull();
});

test('a tuning of a model without a price has none', async () => {
  const given = students(student({ provider: 'tuner', model: 'ft:other-1:acme::x', base: 'other-1' }));
  const answer = await call(given, false);
  expect(answerPrice({ answer, callable: { target: '', provider: given.provider, model: 'support' } }, usage)).toBeNull();
});

test('a student whose provider is gone says so, in the list and to a caller', async () => {
  const given = students(tuned, []);
  const listed = given.provider.targets({ ...emptySnapshot('default'), students: { support: tuned } });
  expect(listed).toMatchObject([{ target: 'student/support', ready: false, reason: 'its provider "tuner" is not in stillhouse.yaml' }]);
  await expect(call(given, false)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('"tuner" is not in') as string,
  });
});

test('called by its name at the provider, a tuned model has the price of its tuning too', () => {
  const price = openAICompatible(config, () => undefined).cost;
  expect(price('ft:small-1:acme::x', usage)).toBe(10);
  expect(price('small-1', usage)).toBe(5);
  expect(price('ft:other-1:acme::x', usage)).toBeNull();
  expect(price('ft:small-1x', usage)).toBeNull();
});

test('nothing is loaded here for a student that its provider serves', () => {
  const loaded: string[] = [];
  const note = (what: string) => (of: Student) => Promise.resolve(void loaded.push(`${what} ${of.name}`));
  const languageModels = {
    prepare: note('prepare'),
    release: note('release'),
    refusal: () => null,
    call: () => Promise.reject(new Error('not asked here')),
    close: () => Promise.resolve(),
  };
  const warm = warmStudents(null, createLogger('test', 'silent'), { languageModels });
  const alias = { name: 'a', version: 1, targets: [{ target: 'student/support', weight: 1 }], fallbacks: [], reason: '', actor: '' };
  const aliases = { a: { ...alias, createdAt: tuned.createdAt, deleted: false } };
  warm({ ...emptySnapshot('default'), sequence: 1, students: { support: tuned }, aliases });
  expect(loaded).toEqual([]);
});
