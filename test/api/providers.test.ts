import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AttemptRow, TraceRow } from '../../contracts/traces.ts';
import { connectClickHouse } from '../../store/clickhouse/connection.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { linesOf, traceRow } from '../store/trace-fixtures.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';

let clickhouse: TestClickHouse;
let plane: TestControlPlane;
const MINUTE_MS = 60_000;
const now = Date.now();

const attempt = (target: string, changes: Partial<AttemptRow> = {}): AttemptRow => ({
  target,
  provider: target.split('/')[0]!,
  model: target.split('/')[1]!,
  status: 200,
  error_class: '',
  latency_ms: 100,
  tokens_in: 10,
  tokens_out: 2,
  cost_usd: 0.001,
  ...changes,
});
const call = (agoMs: number, attempts: AttemptRow[], changes: Partial<TraceRow> = {}) => {
  const { target, provider } = attempts.at(-1)!;
  return traceRow(now - agoMs, { target, provider, attempts, ...changes });
};
const timeout = { status: 0, error_class: 'upstream_timeout', latency_ms: 30_000 };
const fellBack = call(5 * MINUTE_MS, [attempt('lab/oracle-large', timeout), attempt('groq/llama', { latency_ms: 40 })]);
const refused = call(2 * MINUTE_MS, [attempt('lab/oracle-large', { status: 500, error_class: 'upstream_invalid' })], { status: 'error' });

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  plane = await startControlPlane(clickhouse.client, null);
  const rows = [
    fellBack,
    refused,
    call(MINUTE_MS, [attempt('lab/oracle-large', { latency_ms: 300 })]),
    call(MINUTE_MS, [attempt('lab/mini', { latency_ms: 100 })]),
    // Not the provider's fault: the caller went away, and asked for what no model can do.
    call(MINUTE_MS, [attempt('lab/mini', { status: 0, error_class: 'cancelled', latency_ms: 9_000 })], { status: 'cancelled' }),
    call(MINUTE_MS, [attempt('lab/mini', { status: 400, error_class: 'invalid_request', latency_ms: 9_000 })], { status: 'error' }),
    // Neither of this hour, nor of this project, nor made by this gateway.
    call(70 * MINUTE_MS, [attempt('lab/mini', timeout)], { status: 'error' }),
    call(MINUTE_MS, [attempt('lab/mini', timeout)], { project: 'other' }),
    call(MINUTE_MS, [attempt('lab/mini', timeout)], { origin: 'import' }),
  ];
  await insertTraceSegment(clickhouse.client, { token: 'providers', lines: linesOf(rows) });
});
afterAll(async () => {
  await plane?.close();
  await clickhouse?.stop();
});

test('a provider whose failures a fallback caught is seen to fail', async () => {
  const [lab, groq] = await plane.sdk.providers();
  expect(lab!.lastHour).toEqual({
    attempts: 6,
    errors: 2,
    errorRate: 2 / 6,
    p50Ms: expect.any(Number) as number,
    p95Ms: expect.any(Number) as number,
  });
  expect(groq!.lastHour).toEqual({ attempts: 1, errors: 0, errorRate: 0, p50Ms: 40, p95Ms: 40 });
  const [large] = lab!.models;
  expect(large).toMatchObject({ target: 'lab/oracle-large', lastHour: { attempts: 3, errors: 2, p50Ms: 300, p95Ms: 300 } });
  expect(lab!.lastErrors).toEqual([
    { at: expect.any(String) as string, traceId: refused.id, target: 'lab/oracle-large', status: 500, errorClass: 'upstream_invalid' },
    { at: expect.any(String) as string, traceId: fellBack.id, target: 'lab/oracle-large', status: 0, errorClass: 'upstream_timeout' },
  ]);
  expect(groq!.lastErrors).toEqual([]);
});

test('models are those of the configuration, those that were called, and those whose breaker failed, with prices', async () => {
  const models = async () => (await plane.sdk.providers())[0]!.models;
  expect(await models()).toMatchObject([
    { target: 'lab/oracle-large', configured: true, inputUsdPerMTok: 2.5, outputUsdPerMTok: 10, breaker: 'closed', probeInMs: 0 },
    { target: 'lab/mini', configured: false, inputUsdPerMTok: null, outputUsdPerMTok: null, breaker: 'closed' },
  ]);
  plane.breakers.failed('lab/never-answered');
  plane.breakers.failed('lab/never-answered');
  const broken = (await models()).find(({ target }) => target === 'lab/never-answered');
  expect(broken).toMatchObject({ breaker: 'open', lastHour: { attempts: 0, errorRate: null, p50Ms: null } });
  expect(broken!.probeInMs).toBeGreaterThan(0);
  plane.breakers.succeeded('lab/never-answered');
  expect((await models()).map(({ target }) => target)).toEqual(['lab/oracle-large', 'lab/mini']);
});

test('another project has its own hour', async () => {
  const [lab] = await plane.sdkOf('other').providers();
  expect(lab).toMatchObject({ lastHour: { attempts: 1, errors: 1 }, lastErrors: [{ target: 'lab/mini' }] });
});

test('with ClickHouse down the rest is told', async () => {
  const gone = connectClickHouse({ ...clickhouse.env, CLICKHOUSE_URL: 'http://127.0.0.1:9' }, { application: 'test' });
  const without = await startControlPlane(gone, null);
  expect(await without.sdk.providers()).toMatchObject([
    {
      id: 'lab',
      kind: 'openai-compatible',
      ready: true,
      key: { set: false, variable: null },
      lastHour: null,
      lastErrors: null,
      models: [{ lastHour: null }],
    },
    { id: 'groq', ready: false },
  ]);
  await without.close();
  await gone.close();
});
