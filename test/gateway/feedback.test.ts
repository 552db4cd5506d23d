/** What people say of a call, from the app's request to the trace, its filters and the store, over the real programs. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FeedbackRequest } from '../../contracts/feedback.ts';
import { HEADERS } from '../../contracts/http.ts';
import { Stillhouse } from '../../clients/sdk/index.ts';
import { correctedAnswers, insertFeedback } from '../../store/clickhouse/feedback.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { linesOf, traceRow, uuidAt } from '../store/trace-fixtures.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

const DAY = 86_400_000;
let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream(answerWith('no'));
  gateway = await startGatewayProcess({ clickhouseUrl: clickhouse.url, providers: [labProvider(upstream.url)] });
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  await clickhouse?.stop();
});

const sdk = () => new Stillhouse({ url: gateway.url, apiKey: ADMIN_KEY });
const say = (body: object | string, key = ADMIN_KEY) =>
  fetch(`${gateway.url}/v1/feedback`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const errorOf = async (answer: Response) => ({ status: answer.status, ...((await answer.json()) as { error: object }).error });
/** A stored trace of two days ago. */
async function stored(project = 'default'): Promise<string> {
  const row = traceRow(Date.now() - 2 * DAY, { project });
  await insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf([row]) });
  return row.id;
}
const rowsOf = async (trace: string) => {
  const query = {
    query: 'SELECT count() AS n FROM feedback WHERE trace_id = {trace:UUID}',
    query_params: { trace },
    format: 'JSONEachRow',
  } as const;
  return Number((await (await clickhouse.client.query(query)).json<{ n: string }>())[0]!.n);
};

test('an app says it right after its call, before the trace is shipped; the trace then shows it and is found by it', async () => {
  const call = await gateway.post({ model: 'lab/test', messages: [{ role: 'user', content: 'Refund?' }] });
  const trace_id = call.headers.get(HEADERS.traceId)!;
  const receipt = await sdk().traces.feedback({
    trace_id,
    thumbs: 'down',
    score: 0.2,
    comment: 'wrong',
    corrected_answer: 'yes',
    user: 'ann',
  });
  expect(receipt).toEqual({ object: 'feedback', id: expect.any(String), trace_id });
  await until('the trace is shipped', () =>
    sdk()
      .traces.get(trace_id)
      .then(Boolean, () => false),
  );
  expect((await sdk().traces.get(trace_id)).feedback).toEqual([
    {
      id: receipt.id,
      at: expect.any(String),
      keyId: 'admin',
      userId: 'ann',
      thumbs: 'down',
      score: 0.2,
      comment: 'wrong',
      correctedAnswer: 'yes',
    },
  ]);
  for (const verdict of ['down', 'corrected'] as const)
    expect((await sdk().traces.page({ verdict })).items.map(({ id }) => id)).toEqual([trace_id]);
  expect((await sdk().traces.page({ verdict: 'up' })).items).toEqual([]);
});

test('the newest thumbs count', async () => {
  const trace_id = await stored();
  for (const thumbs of ['down', 'up'] as const) await sdk().traces.feedback({ trace_id, thumbs });
  const until = new Date(Date.now() - DAY).toISOString();
  expect((await sdk().traces.page({ verdict: 'up', until })).items.map(({ id }) => id)).toEqual([trace_id]);
  expect((await sdk().traces.page({ verdict: 'down', until })).items).toEqual([]);
});

test('the same id again is the same feedback', async () => {
  const trace_id = await stored();
  const said: FeedbackRequest = { trace_id: trace_id.toUpperCase(), thumbs: 'up', id: randomUUID() };
  const receipts = [await sdk().traces.feedback(said), await sdk().traces.feedback(said)];
  expect(receipts).toEqual([0, 1].map(() => ({ object: 'feedback', id: said.id, trace_id })));
  expect(await rowsOf(trace_id)).toBe(1);
  await sdk().traces.feedback({ ...said, id: randomUUID() });
  expect(await rowsOf(trace_id)).toBe(2);
});

test('an id that was sent again when nobody remembered it counts as it was given first', async () => {
  const trace_id = await stored();
  const id = randomUUID();
  const given = (of: string, at: number, corrected_answer: string, thumbs: 'up' | 'down') =>
    insertFeedback(clickhouse.client, 'default', {
      id: of,
      at: new Date(at).toISOString(),
      keyId: 'k',
      said: { trace_id, corrected_answer, thumbs },
    });
  await given(id, 1_000, 'old', 'down');
  await given(randomUUID(), 2_000, 'new', 'up');
  // As an insert whose token has left the window.
  const again = `INSERT INTO feedback SELECT * REPLACE (toDateTime64(3, 3, 'UTC') AS at) FROM feedback WHERE id = '${id}'`;
  await clickhouse.client.command({ query: again, clickhouse_settings: { insert_deduplicate: 0 } });
  expect(await rowsOf(trace_id)).toBe(3);
  const now = new Date().toISOString();
  expect(await correctedAnswers(clickhouse.client, 'default', [trace_id], now)).toEqual(new Map([[trace_id, 'new']]));
  const found = async (verdict: 'up' | 'down') => (await sdk().traces.page({ verdict })).items.map((trace) => trace.id);
  expect(await found('up')).toContain(trace_id);
  expect(await found('down')).not.toContain(trace_id);
  expect((await sdk().traces.get(trace_id)).feedback).toHaveLength(2);
});

test("an unknown trace and another project's are not found, and nothing is stored", async () => {
  const ofOther = await stored('other');
  for (const trace_id of [ofOther, uuidAt(Date.now() - DAY), uuidAt(Date.now() + DAY)]) {
    expect(await errorOf(await say({ trace_id, thumbs: 'up' }))).toMatchObject({ status: 404, param: 'trace_id' });
    expect(await rowsOf(trace_id)).toBe(0);
  }
});

test.each([
  ['{', 400, null],
  [{ thumbs: 'up' }, 400, 'trace_id'],
  [{ trace_id: 'nope', thumbs: 'up' }, 400, 'trace_id'],
  // A UUID, but of no time.
  [{ trace_id: randomUUID(), thumbs: 'up' }, 400, 'trace_id'],
  [{ trace_id: uuidAt(Date.now()) }, 400, null],
  [{ trace_id: uuidAt(Date.now()), thumbs: 'sideways' }, 400, 'thumbs'],
  [{ trace_id: uuidAt(Date.now()), score: 2 }, 400, 'score'],
  [{ trace_id: uuidAt(Date.now()), thumbs: 'up', text: 'x' }, 400, 'text'],
])('what is none is refused by its field: %j', async (body, status, param) => {
  expect(await errorOf(await say(body))).toMatchObject({ status, param, message: expect.stringMatching(/.{10}/) });
});

test('without a key: refused; with ClickHouse down: to be said again, and then it is', async () => {
  const trace_id = await stored();
  expect((await say({ trace_id, thumbs: 'up' }, 'sk-nobody')).status).toBe(401);
  await clickhouse.kill();
  const refused = await say({ trace_id, thumbs: 'up' });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  await clickhouse.restart();
  expect((await say({ trace_id, thumbs: 'up' })).status).toBe(200);
  expect(await rowsOf(trace_id)).toBe(1);
});
