/** A recorded call's request sent to another target, over the real programs. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { Stillhouse } from '../../clients/sdk/index.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { linesOf, traceRow } from '../store/trace-fixtures.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

const IMAGE = `data:image/png;base64,${Buffer.alloc(3000, 7).toString('base64')}`;
const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is it?' },
      { type: 'image_url', image_url: { url: IMAGE } },
    ],
  },
];
let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let other: TestUpstream;
let gateway: GatewayProcess;
let sdk: Stillhouse;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  [upstream, other] = [await startUpstream(), await startUpstream()];
  const cheap = labProvider(other.url, { id: 'cheap', models: [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }] });
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    providers: [labProvider(upstream.url), cheap],
    limits: { retries: 0 },
    aliases: { smart: { targets: [{ target: 'cheap/small', weight: 1 }], cache: { ttlSeconds: 600 } } },
  });
  sdk = new Stillhouse({ url: gateway.url, apiKey: ADMIN_KEY });
});
beforeEach(() => {
  [upstream.answer, other.answer] = [answerWith('four'), answerWith('five')];
  [upstream.asked.length, other.asked.length] = [0, 0];
});
afterAll(async () => {
  await gateway?.dispose();
  await Promise.all([upstream?.stop(), other?.stop(), clickhouse?.stop()]);
});

async function recorded(body: object, headers?: Record<string, string>): Promise<string> {
  const answer = await gateway.post({ model: 'lab/test', messages: MESSAGES, ...body }, headers);
  await answer.text();
  const id = answer.headers.get(HEADERS.traceId)!;
  await isStored(id);
  return id;
}
const isStored = (id: string) => until('the trace is shipped', () => sdk.traces.get(id).then(Boolean, () => false));
const problem = (call: Promise<unknown>) =>
  call.then(String, ({ status, message }: { status: number; message: string }) => ({ status, message }));

test('another target gets the same request, images and all, and both answers are shown', async () => {
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`${chunkFrame({ content: 'fo' })}${chunkFrame({ content: 'ur' })}${chunkFrame({}, 'stop')}data: [DONE]\n\n`);
  };
  const id = await recorded({ stream: true, temperature: 0.5, metadata: { gold: 'four', task: 'sums' } });
  const { original, replay, same } = await sdk.traces.replay(id, { target: 'cheap/small' });
  expect(other.asked.map(({ body }) => body)).toEqual([{ model: 'small', messages: MESSAGES, temperature: 0.5 }]);
  expect(original).toMatchObject({ traceId: id, target: 'lab/test', httpStatus: 200, error: '', text: 'four' });
  expect(replay).toMatchObject({ target: 'cheap/small', error: '', text: 'five', finishReason: 'stop', tokensIn: 10, tokensOut: 4 });
  expect(replay.costUsd).toBeCloseTo(14e-6, 9);
  expect(same).toBe(false);
  await isStored(replay.traceId);
  expect(await sdk.traces.get(replay.traceId)).toMatchObject({ origin: 'pipeline', metadata: { replay_of: id }, keyId: 'admin' });
});

test('answers are the same where they mean the same: JSON by value, tools by name and arguments', async () => {
  const tools = (callId: string, text: string) => ({
    choices: [
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: callId, type: 'function', function: { name: 'add', arguments: text } }],
        },
      },
    ],
  });
  upstream.answer = answerWith('', tools('call_1', '{"a": 1, "b": 2}'));
  const id = await recorded({});
  other.answer = answerWith('', tools('call_2', '{"b":2,"a":1}'));
  expect(await sdk.traces.replay(id, { target: 'cheap/small' })).toMatchObject({ same: true });
  other.answer = answerWith('', tools('call_3', '{"b":2,"a":7}'));
  expect(await sdk.traces.replay(id, { target: 'cheap/small' })).toMatchObject({ same: false });

  upstream.answer = answerWith('{"sum": 4, "of": [1, 3]}');
  const json = await recorded({});
  other.answer = answerWith('{ "of": [1,3], "sum": 4 }');
  expect(await sdk.traces.replay(json, { target: 'cheap/small' })).toMatchObject({ same: true });
});

test('an alias answers anew, whatever its cache has; its own version of a failure is the answer', async () => {
  const id = await recorded({});
  expect((await sdk.traces.replay(id, { target: 'smart' })).replay).toMatchObject({ target: 'cheap/small', text: 'five' });
  other.answer = (_asked, response) => void response.writeHead(400).end('{"error":{"message":"no such luck"}}');
  const { replay, same } = await sdk.traces.replay(id, { target: 'smart' });
  expect({ same, replay }).toMatchObject({ same: false, replay: { httpStatus: 400, error: 'no such luck', text: '', costUsd: 0 } });
  expect(other.asked).toHaveLength(2);
});

test('what can not be sent is refused by name, and nobody is asked', async () => {
  const id = await recorded({});
  expect(await problem(sdk.traces.replay(id, { target: 'cheep/small' }))).toMatchObject({
    status: 404,
    message: expect.stringContaining('cheap/small'),
  });
  expect(await problem(sdk.traces.replay(randomUUID(), { target: 'cheap/small' }))).toMatchObject({ status: 404 });
  expect(await problem(sdk.traces.replay('no-id', { target: 'cheap/small' }))).toMatchObject({ status: 404 });
  const strangers = new Stillhouse({ url: gateway.url, apiKey: ADMIN_KEY, project: 'another' });
  expect(await problem(strangers.traces.replay(id, { target: 'cheap/small' }))).toMatchObject({ status: 404 });
  const vectors = traceRow(Date.now(), { request: '{"model":"lab/test","input":"hello"}' });
  await insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf([vectors]) });
  expect(await problem(sdk.traces.replay(vectors.id, { target: 'cheap/small' }))).toMatchObject({
    status: 400,
    message: expect.stringContaining('only chat calls'),
  });
  const bare = traceRow(Date.now(), { request: '', response: '', bodies: 'not_stored' });
  await insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf([bare]) });
  expect(await problem(sdk.traces.replay(bare.id, { target: 'cheap/small' }))).toMatchObject({
    status: 400,
    message: expect.stringContaining('bodies are not stored'),
  });
  expect(other.asked).toEqual([]);
});

test('who goes away cancels the call', async () => {
  const id = await recorded({});
  other.answer = () => undefined;
  const aborted = other.aborted;
  const leaving = new AbortController();
  const call = sdk.traces.replay(id, { target: 'cheap/small' }, leaving.signal).catch((error: Error) => error.name);
  await until('it is asked', () => other.asked.length === 1);
  leaving.abort();
  expect(await call).toBe('AbortError');
  await until('it is told', () => other.aborted === aborted + 1);
});
