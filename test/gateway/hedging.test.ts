/** Hedged aliases over the real programs: the next target is asked where one takes long; the first to answer wins. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Stillhouse } from '../../clients/sdk/index.ts';
import { HEADERS } from '../../contracts/http.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

let clickhouse: TestClickHouse;
let slow: TestUpstream;
let other: TestUpstream;
let third: TestUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  [slow, other, third] = [await startUpstream(), await startUpstream(), await startUpstream()];
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    providers: [labProvider(slow.url), labProvider(other.url, { id: 'other' }), labProvider(third.url, { id: 'third' })],
    limits: { retries: 0 },
    aliases: { smart: { targets: [{ target: 'lab/test', weight: 1 }], fallbacks: ['other/test', 'third/test'], hedge: { afterMs: 100 } } },
  });
  // A process's first call takes longer than any other.
  await ask({ model: 'lab/test' });
});
beforeEach(() => {
  for (const upstream of [slow, other, third]) {
    upstream.asked.length = 0;
    upstream.aborted = 0;
  }
  [slow.answer, other.answer, third.answer] = [answerWith('slow'), answerWith('other'), answerWith('third')];
});
afterAll(async () => {
  await gateway?.dispose();
  await Promise.all([slow?.stop(), other?.stop(), third?.stop(), clickhouse?.stop()]);
});

const never = () => undefined;
const after =
  (ms: number, answer: TestUpstream['answer']): TestUpstream['answer'] =>
  async (asked, response) => {
    await delay(ms);
    if (!response.destroyed) await answer(asked, response);
  };
const status = (code: number) => (_asked: unknown, response: ServerResponse) =>
  void response.writeHead(code).end(`{"error":{"message":"${code}"}}`);
const MESSAGES = [{ role: 'user', content: 'Which of you is faster?' }];
async function ask(fields: object = {}, signal?: AbortSignal) {
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ model: 'smart', messages: MESSAGES, ...fields }),
    ...(signal ? { signal } : {}),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}
async function traceOf(headers: Headers) {
  const sdk = new Stillhouse({ url: gateway.url, apiKey: ADMIN_KEY });
  const id = headers.get(HEADERS.traceId)!;
  await until('the trace is shipped', () => sdk.traces.get(id).then(Boolean, () => false));
  return sdk.traces.get(id);
}
const asked = () => [slow, other, third].map((upstream) => upstream.asked.length);

test('one that is quick enough is asked alone', async () => {
  const { text, headers } = await ask();
  expect(text).toContain('slow');
  expect(headers.get(HEADERS.attempts)).toBe('1');
  expect(asked()).toEqual([1, 0, 0]);
});

test('where it takes long the next one answers, the first is cancelled at once, and what it may charge is counted', async () => {
  slow.answer = never;
  const { text, headers } = await ask();
  expect(text).toContain('other');
  await until('it is told', () => slow.aborted === 1);
  expect(asked()).toEqual([1, 1, 0]);
  const trace = await traceOf(headers);
  expect(trace).toMatchObject({ status: 'ok', target: 'other/test', answer: 'other' });
  expect(trace.attempts.map(({ target, errorClass }) => [target, errorClass])).toEqual([
    ['lab/test', 'cancelled'],
    ['other/test', ''],
  ]);
  const [lost, won] = trace.attempts as [(typeof trace.attempts)[number], (typeof trace.attempts)[number]];
  expect(lost.tokensIn).toBeGreaterThan(0);
  expect(lost.costUsd).toBeCloseTo((lost.tokensIn * 2.5) / 1e6, 9);
  expect(trace.costUsd).toBeCloseTo(lost.costUsd! + won.costUsd!, 9);
  expect(Number(headers.get(HEADERS.costUsd))).toBeCloseTo(trace.costUsd!, 9);
});

test('the first may still win, and is the trace’s target then', async () => {
  slow.answer = after(250, answerWith('slow'));
  other.answer = never;
  const { text, headers } = await ask();
  expect(text).toContain('slow');
  await until('the other is told', () => other.aborted === 1);
  expect(await traceOf(headers)).toMatchObject({
    target: 'lab/test',
    attempts: [{ target: 'other/test', errorClass: 'cancelled' }, { target: 'lab/test' }],
  });
});

test.each([401, 400, 500, 429])('a %i of the other takes no place from the first', async (code) => {
  slow.answer = after(300, answerWith('slow'));
  other.answer = status(code);
  const { status: got, text } = await ask();
  expect({ got, text }).toMatchObject({ got: 200, text: expect.stringContaining('slow') });
});

test('where both fail the third is asked', async () => {
  slow.answer = after(200, status(503));
  other.answer = status(500);
  const { status: got, text, headers } = await ask();
  expect({ got, text }).toMatchObject({ got: 200, text: expect.stringContaining('third') });
  expect((await traceOf(headers)).attempts.map(({ target, status: of }) => [target, of])).toEqual([
    ['lab/test', 503],
    ['other/test', 500],
    ['third/test', 200],
  ]);
});

test('a stream whose first token takes long is left for one whose does not', async () => {
  const stream =
    (word: string, waitMs: number): TestUpstream['answer'] =>
    async (_asked, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkFrame({ role: 'assistant', content: '' }));
      await delay(waitMs);
      if (!response.destroyed) response.end(`${chunkFrame({ content: word })}${chunkFrame({}, 'stop')}data: [DONE]\n\n`);
    };
  [slow.answer, other.answer] = [stream('slow', 3_000), stream('other', 0)];
  const { text, headers } = await ask({ stream: true });
  expect(text).toContain('other');
  expect(text).not.toContain('slow');
  await until('it is told', () => slow.aborted === 1);
  expect(await traceOf(headers)).toMatchObject({ status: 'ok', streamed: true, target: 'other/test', answer: 'other' });
});

test('who goes away cancels both', async () => {
  [slow.answer, other.answer] = [never, never];
  const leaving = new AbortController();
  const call = ask({}, leaving.signal).catch((error: Error) => error.name);
  await until('both are asked', () => slow.asked.length + other.asked.length === 2);
  leaving.abort();
  expect(await call).toBe('AbortError');
  await until('both are told', () => slow.aborted === 1 && other.aborted === 1);
  expect(third.asked).toEqual([]);
});
