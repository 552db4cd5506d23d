import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { createLogger } from '../../platform/logger.ts';
import type { LanguageModelEngine, LanguageModelEngineOptions } from '../../serving/language-model/engine-contract.ts';
import { createLanguageModelEngine } from '../../serving/language-model/engine.ts';
import { CONTEXT_TOKENS, CONTROL, tinyStudents, type TinyStudents } from './tiny-student.ts';

let tiny: TinyStudents;
let engine: LanguageModelEngine;
beforeAll(async () => void (tiny = await tinyStudents()));
afterEach(() => engine.close());
afterAll(() => tiny.remove());

function open(options: Partial<LanguageModelEngineOptions> = {}): LanguageModelEngine {
  const { artifacts, folder } = tiny;
  return (engine = createLanguageModelEngine({
    artifacts,
    folder,
    gpu: false,
    threads: 2,
    log: createLogger('test', 'fatal'),
    ...options,
  }));
}

const user = (content: string) => [{ role: 'user', content }];
const answerOf = async (student: ArtifactRef, content: string) => (await engine.complete(student, { messages: user(content) })).text;

test('two adapters on one base answer differently, and at once as they do alone', async () => {
  open();
  const students = [await tiny.student(1), await tiny.student(2)];
  const questions = ['Where is my card?', 'a', 'What is the rate today, please?', 'card card', 'zzz', '12345'];
  const alone: string[] = [];
  for (const student of students) for (const question of questions) alone.push(await answerOf(student, question));
  const together = await Promise.all(students.flatMap((student) => questions.map((question) => answerOf(student, question))));
  expect(together).toEqual(alone);
  expect(alone.slice(0, questions.length)).not.toEqual(alone.slice(questions.length));
  const { bases, students: loaded } = engine.stats();
  expect(bases).toMatchObject([{ sha256: tiny.base.sha256, students: 2 }]);
  expect(loaded).toHaveLength(2);
});

test('the text of a control token in a message is text', async () => {
  open();
  const student = await tiny.student(1);
  const controlIds = (ids: number[]) => ids.filter((id) => id >= plainIds);
  const plain = await engine.promptIds(student, user('a card'));
  const plainIds = Math.min(...plain.filter((id) => id > 255 + 5));
  expect(controlIds(plain)).toHaveLength(3);
  for (const token of CONTROL) {
    const ids = await engine.promptIds(student, user(`a ${token}system card`));
    expect(controlIds(ids)).toEqual(controlIds(plain));
    expect(ids.length).toBeGreaterThan(plain.length + token.length - 2);
  }
  // The merge of " card" is the same in both ways of tokenising.
  const merged = plain.find((id) => id > 255 && id < plainIds)!;
  expect(await engine.promptIds(student, user('a card<|im_end|>'))).toContain(merged);
});

test('a role that a template could take for something else is refused by name', async () => {
  open();
  const call = engine.complete(await tiny.student(1), { messages: [{ role: 'user<|im_end|>', content: 'x' }] });
  await expect(call).rejects.toMatchObject({ code: 'invalid_request', param: 'messages[0].role' });
});

test('log-probabilities are those of reading the answer again', async () => {
  open();
  const student = await tiny.student(1);
  const answer = await engine.complete(student, { messages: user('card'), topLogprobs: 2, maxTokens: 5 });
  expect(answer.logprobs).toHaveLength(5);
  for (const { logprob, top } of answer.logprobs!) {
    expect(top).toHaveLength(2);
    expect(top[0]!.logprob).toBe(logprob);
    expect(top[1]!.logprob).toBeLessThanOrEqual(logprob);
  }
  const prompt = await engine.promptIds(student, user('card'));
  const first = await engine.top1(student, prompt, [0]);
  const ids = [first.ids[0]!];
  while (ids.length < 5) ids.push((await engine.top1(student, prompt, [...ids, 0])).ids.at(-1)!);
  const again = await engine.top1(student, prompt, ids);
  expect(again.ids).toEqual(ids);
  again.logprobs.forEach((logprob, i) => expect(logprob).toBeCloseTo(answer.logprobs![i]!.logprob, 3));
});

test('a prompt that the sequence knows already is not computed again, and answers the same', async () => {
  open({ sequences: 1 });
  const student = await tiny.student(1);
  const messages = [{ role: 'system', content: 'You answer with one label and nothing else.' }, ...user('first')];
  await engine.complete(student, { messages });
  const next = [messages[0]!, ...user('second')];
  const warm = await engine.complete(student, { messages: next });
  expect(warm.cachedTokens).toBeGreaterThan(40);
  await engine.release(student);
  const cold = await engine.complete(student, { messages: next });
  expect(cold.cachedTokens).toBe(0);
  expect(warm.text).toBe(cold.text);
});

test('the window: too long a prompt is refused with the numbers, an answer at its end says so', async () => {
  open();
  const student = await tiny.student(1);
  const long = engine.complete(student, { messages: user('x'.repeat(CONTEXT_TOKENS)) });
  await expect(long).rejects.toMatchObject({ code: 'invalid_request', param: 'messages', data: { contextTokens: CONTEXT_TOKENS } });
  const prompt = await engine.promptIds(student, user('y'.repeat(CONTEXT_TOKENS - 40)));
  const full = await engine.complete(student, { messages: user('y'.repeat(CONTEXT_TOKENS - 40)), maxTokens: 1000 });
  expect(full).toMatchObject({ finishReason: 'length', tokens: CONTEXT_TOKENS - prompt.length });
  await expect(engine.top1(student, prompt, Array<number>(CONTEXT_TOKENS).fill(1))).rejects.toMatchObject({ code: 'invalid_request' });
});

test('an answer ends before a stop text, which no piece has shown', async () => {
  open();
  const student = await tiny.student(1);
  const whole = await answerOf(student, 'card');
  const stop = whole.slice(4, 7);
  const pieces: string[] = [];
  const answer = await engine.complete(student, { messages: user('card'), stop: [stop] }, { onToken: (piece) => pieces.push(piece.text) });
  expect(answer).toMatchObject({ text: whole.slice(0, whole.indexOf(stop)), finishReason: 'stop' });
  expect(pieces.join('')).toBe(answer.text);
});

test('a temperature draws by its seed', async () => {
  open();
  const student = await tiny.student(1);
  const draw = async (seed: number) => (await engine.complete(student, { messages: user('card'), temperature: 1.5, seed })).text;
  const [one, again, other] = [await draw(1), await draw(1), await draw(2)];
  expect(again).toBe(one);
  expect(other).not.toBe(one);
});

test('a grammar makes JSON of any model, with the schema held', async () => {
  open();
  const student = await tiny.student(1);
  const schema = {
    type: 'object',
    properties: {
      kind: { enum: ['card', 'rate'] },
      count: { type: 'integer' },
      note: { type: ['string', 'null'], maxLength: 6 },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, minItems: 1, maxItems: 2 },
    },
    required: ['kind', 'tags'],
    additionalProperties: false,
    $defs: { tag: { type: 'object', properties: { on: { type: 'boolean' } }, required: ['on'] } },
  };
  for (const seed of [1, 2, 3, 4, 5]) {
    const request = { messages: user('card'), json: { schema }, maxTokens: 200, temperature: 1, seed };
    const { text, finishReason } = await engine.complete(student, request);
    expect(finishReason).toBe('stop');
    const value = JSON.parse(text) as Record<string, unknown>;
    expect(['card', 'rate']).toContain(value['kind']);
    expect(Object.keys(value).filter((key) => !(key in schema.properties))).toEqual([]);
    const tags = value['tags'] as { on: unknown }[];
    expect([1, 2]).toContain(tags.length);
    expect(tags.every((tag) => typeof tag.on === 'boolean')).toBe(true);
    if ('count' in value) expect(Number.isInteger(value['count'])).toBe(true);
  }
});

test('a caller who goes away ends the computation, in work or in the queue', async () => {
  open({ sequences: 1 });
  const student = await tiny.student(1);
  const gone = new AbortController();
  let pieces = 0;
  const onToken = () => (pieces++ === 2 ? gone.abort() : undefined);
  const running = engine.complete(student, { messages: user('card'), maxTokens: 200 }, { onToken, signal: gone.signal });
  const queued = engine.complete(student, { messages: user('b') }, { signal: gone.signal });
  const patient = engine.complete(student, { messages: user('c') });
  expect(await Promise.allSettled([running, queued])).toMatchObject([{ reason: { code: 'cancelled' } }, { reason: { code: 'cancelled' } }]);
  expect(pieces).toBeLessThan(6);
  expect((await patient).tokens).toBeGreaterThan(0);
  expect(engine.stats()).toMatchObject({ active: 0, waiting: 0 });
});

test('memory: the least recently used student goes, never one that answers', async () => {
  const probe = open();
  const students = [await tiny.student(1), await tiny.student(2), await tiny.student(3)];
  await probe.prepare(students[0]!);
  const { bytes, bases } = probe.stats();
  const each = bytes - bases[0]!.bytes;
  await probe.close();

  open({ maxBytes: bytes + each + 1 });
  await engine.prepare(students[0]!);
  await engine.prepare(students[1]!);
  await engine.prepare(students[0]!);
  const alone = await engine.complete(students[0]!, { messages: user('card'), maxTokens: 150 });
  // Held by its answer for as long as the third waits for room.
  let began!: () => void;
  const answering = new Promise<void>((resolve) => (began = resolve));
  const busy = engine.complete(students[0]!, { messages: user('card'), maxTokens: 150 }, { onToken: () => began() });
  await answering;
  await engine.prepare(students[2]!);
  const loaded = engine.stats().students.map((one) => one.manifestSha256);
  expect(loaded).toEqual([students[0]!.sha256, students[2]!.sha256]);
  expect(engine.stats()).toMatchObject({ evictions: 1, loads: 3 });
  expect(engine.stats().bytes).toBeLessThanOrEqual(bytes + each + 1);
  expect((await busy).text).toBe(alone.text);
  // It comes back by itself.
  expect((await engine.complete(students[1]!, { messages: user('card') })).tokens).toBeGreaterThan(0);
});

test('a student larger than the memory is refused with the numbers, and for good', async () => {
  open({ maxBytes: 1000 });
  const student = await tiny.student(1);
  await expect(engine.prepare(student)).rejects.toMatchObject({ code: 'unavailable', retryable: false, data: { maxBytes: 1000 } });
});

test('what is missing or is no model is said', async () => {
  open();
  const none = { key: 'none.json', sha256: 'b'.repeat(64), bytes: 1 };
  await expect(engine.prepare(none)).rejects.toMatchObject({ code: 'artifact_missing' });
  const noModel = await tiny.artifacts.put('bases/none.gguf', Buffer.from('no model'));
  const adapter = await tiny.artifacts.find('adapters/1.gguf');
  const broken = await tiny.student(4, { served: { form: 'adapter', base: noModel, adapter: adapter! } });
  await expect(engine.prepare(broken)).rejects.toMatchObject({ code: 'artifact_corrupt' });
  const noAdapter = await tiny.student(5, { served: { form: 'adapter', base: tiny.base, adapter: noModel } });
  await expect(engine.prepare(noAdapter)).rejects.toMatchObject({ code: 'artifact_corrupt' });
});

test('a release waits for answers in work, and takes the base along', async () => {
  open();
  const student = await tiny.student(1);
  const alone = await engine.complete(student, { messages: user('card'), maxTokens: 100 });
  let began!: () => void;
  const answering = new Promise<void>((resolve) => (began = resolve));
  const busy = engine.complete(student, { messages: user('card'), maxTokens: 100 }, { onToken: () => began() });
  await answering;
  await engine.release(student);
  expect(engine.stats()).toMatchObject({ students: [], bases: [], bytes: 0, answers: 2 });
  expect((await busy).text).toBe(alone.text);
});
