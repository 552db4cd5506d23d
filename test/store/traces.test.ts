import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceFilter, type TraceRow } from '../../contracts/traces.ts';
import { countDatasetTraces, datasetTraces } from '../../store/clickhouse/dataset-source.ts';
import { overviewSince } from '../../store/clickhouse/overview.ts';
import { listTraces } from '../../store/clickhouse/trace-list.ts';
import { countStored, getTrace, idsOfSegment, insertTraceSegment, pipelineSpend } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { linesOf, traceRow, uuidAt } from './trace-fixtures.ts';

const NOON = Date.parse('2026-03-04T12:00:00.000Z');
let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse?.stop());

const ship = (rows: TraceRow[], token: string = randomUUID()) => insertTraceSegment(clickhouse.client, { token, lines: linesOf(rows) });
const list = (project: string, filter: object = {}) => listTraces(clickhouse.client, project, TraceFilter.parse(filter));
const count = async (table: string, project: string) => {
  const result = await clickhouse.client.query({
    query: `SELECT count() AS n FROM ${table} WHERE project = '${project}'`,
    format: 'JSONEachRow',
  });
  return Number((await result.json<{ n: string }>())[0]!.n);
};

describe('shipping', () => {
  const attempt = {
    target: 'mock/gpt',
    provider: 'mock',
    model: 'gpt',
    status: 200,
    error_class: '',
    latency_ms: 5,
    tokens_in: 1,
    tokens_out: 1,
    cost_usd: null,
  };

  it('stores a replayed segment once, with its attempts, after a SIGKILL too', async () => {
    const rows = Array.from({ length: 50 }, (_, n) =>
      traceRow(NOON + n, { project: 'replay', attempts: [attempt, attempt], segment_id: '0042' }),
    );
    await ship(rows, '0042');
    await ship(rows, '0042');
    await clickhouse.kill();
    await expect(ship(rows, '0042')).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await clickhouse.restart();
    await ship(rows, '0042');
    expect(await count('traces', 'replay')).toBe(50);
    expect(await count('attempts', 'replay')).toBe(100);
    expect(
      await countStored(
        clickhouse.client,
        'replay',
        rows.map((row) => row.id),
      ),
    ).toBe(50);
    expect(await idsOfSegment(clickhouse.client, '0042')).toEqual(new Set(rows.map((row) => row.id)));
  });

  it('names the bad row of a segment and takes none of it', async () => {
    const good = traceRow(NOON, { project: 'bad' });
    const lines = Buffer.concat([linesOf([good, good]), Buffer.from('{"project":"bad","id":"secret text"}\n')]);
    const failure = insertTraceSegment(clickhouse.client, { token: 'bad', lines });
    await expect(failure).rejects.toMatchObject({ code: 'invalid_request', data: { row: 3 } });
    expect(await count('traces', 'bad')).toBe(0);
  });

  it('leaves out what the schema does not know yet', async () => {
    await ship([{ ...traceRow(NOON, { project: 'ahead' }), invented: 1 } as TraceRow]);
    expect(await count('traces', 'ahead')).toBe(1);
  });

  it('counts more ids than one query takes', async () => {
    const rows = Array.from({ length: 1200 }, (_, n) => traceRow(NOON + n * 1000, { project: 'many' }));
    await ship(rows);
    expect(await countStored(clickhouse.client, 'many', [...rows.map((row) => row.id), uuidAt(NOON)])).toBe(1200);
    expect(
      await countStored(
        clickhouse.client,
        'other',
        rows.map((row) => row.id),
      ),
    ).toBe(0);
  });
});

describe('reading', () => {
  it('gives a trace back as it was recorded', async () => {
    const attempts = [
      {
        target: 'a/b',
        provider: 'a',
        model: 'b',
        status: 429,
        error_class: 'rate_limited',
        latency_ms: 7.5,
        tokens_in: 0,
        tokens_out: 0,
        cost_usd: null,
      },
    ];
    const row = traceRow(NOON, {
      project: 'whole',
      request: '{"messages":[],"x":1.10}',
      response: 'no JSON: it\'s "text"\\n',
      metadata: { "it's": 'a=b' },
      cost_usd: null,
      attempts,
    });
    await ship([row]);
    expect(await getTrace(clickhouse.client, 'whole', row.id)).toMatchObject({
      id: row.id,
      at: '2026-03-04T12:00:00.000Z',
      request: { messages: [], x: 1.1 },
      response: row.response,
      metadata: row.metadata,
      costUsd: null,
      attempts: [{ target: 'a/b', status: 429, errorClass: 'rate_limited', latencyMs: 7.5, costUsd: null }],
    });
    expect(await getTrace(clickhouse.client, 'another', row.id)).toBeNull();
    expect(await getTrace(clickhouse.client, 'whole', uuidAt(NOON))).toBeNull();
    expect(await getTrace(clickhouse.client, 'whole', "x' OR 1=1")).toBeNull();
  });

  it('reads records of this version and of the one before', async () => {
    const old = traceRow(NOON, { project: 'versions' });
    const row = traceRow(NOON, {
      project: 'versions',
      v: 2,
      router_decision: '{"by":"weights","targets":[{"target":"a/b","weight":1}]}',
      tools: ['refund', 'cancel'],
      tools_called: ['refund'],
      parameters: '{"temperature":0}',
      tokens_cache_write: 7,
      cost_input_usd: 0.1,
      cost_output_usd: 0.2,
      cost_cached_usd: 0,
      cost_cache_write_usd: null,
    });
    await ship([old, row]);
    expect(await getTrace(clickhouse.client, 'versions', row.id)).toMatchObject({
      routerDecision: { by: 'weights', targets: [{ target: 'a/b', weight: 1 }] },
      tools: ['refund', 'cancel'],
      toolsCalled: ['refund'],
      tokensCacheWrite: 7,
      costSplit: { inputUsd: 0.1, outputUsd: 0.2, cachedUsd: 0, cacheWriteUsd: null },
    });
    expect(await getTrace(clickhouse.client, 'versions', old.id)).toMatchObject({
      routerDecision: null,
      tools: [],
      tokensCacheWrite: 0,
      costSplit: { inputUsd: null, outputUsd: null, cachedUsd: null, cacheWriteUsd: null },
    });
  });

  it('filters', async () => {
    const project = 'filters';
    await ship([
      traceRow(NOON + 1, { project, alias: 'a', metadata: { run: '1', 'k=x': 'y' } }),
      traceRow(NOON + 2, { project, alias: 'b', status: 'error', metadata: { run: '2', k: 'x=y' } }),
      traceRow(NOON + 3, { project, alias: 'b', target: 'openai/gpt-4o', model_answered: 'gpt-4o-2024', origin: 'pipeline' }),
    ]);
    const times = async (filter: object) => (await list(project, filter)).items.map((item) => Date.parse(item.at) - NOON);
    expect(await times({})).toEqual([3, 2, 1]);
    expect(await times({ alias: 'b' })).toEqual([3, 2]);
    expect(await times({ status: 'error' })).toEqual([2]);
    expect(await times({ origin: 'pipeline' })).toEqual([3]);
    for (const model of ['gpt-4o', 'openai/gpt-4o', 'gpt-4o-2024']) expect(await times({ model })).toEqual([3]);
    expect(await times({ metadata: { run: '1' } })).toEqual([1]);
    expect(await times({ metadata: { k: 'x=y' } })).toEqual([2]);
    expect(await times({ metadata: { run: '1', k: 'x=y' } })).toEqual([]);
    expect(await times({ since: '2026-03-04T13:00:00.002+01:00', until: '2026-03-04T12:00:00.003Z' })).toEqual([2]);
    await expect(list(project, { cursor: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_request', param: 'cursor' });
  });

  it('reads the traces of a dataset in the order of their ids, answered calls of apps only', async () => {
    const project = 'source';
    const rows = Array.from({ length: 1100 }, (_, n) => traceRow(NOON + Math.floor(n / 7), { project }));
    await ship(rows);
    await ship([
      traceRow(NOON, { project, status: 'error' }),
      traceRow(NOON, { project, status: 'interrupted' }),
      traceRow(NOON, { project, origin: 'pipeline' }),
      traceRow(NOON + 10_000, { project }),
    ]);
    const until = new Date(NOON + 5000).toISOString();
    const pages: number[] = [];
    const ids: string[] = [];
    for await (const page of datasetTraces(clickhouse.client, project, { alias: 'support' }, until)) {
      pages.push(page.length);
      ids.push(...page.map((trace) => trace.id));
    }
    expect(pages).toEqual([500, 500, 100]);
    expect(ids).toEqual(rows.map((row) => row.id).sort());
    expect(await countDatasetTraces(clickhouse.client, project, { alias: 'support' }, until)).toBe(1100);
    expect(await countDatasetTraces(clickhouse.client, project, { alias: 'nobody' }, until)).toBe(0);
  });

  it("adds up a distillation's spend, estimates of interrupted calls included", async () => {
    const project = 'spend';
    const metadata = { distillation: 'd', run: 'r' };
    await ship([
      traceRow(NOON, { project, origin: 'pipeline', metadata, cost_usd: 0.5 }),
      traceRow(NOON, { project, origin: 'pipeline', metadata, cost_usd: 0.25, status: 'interrupted' }),
      traceRow(NOON, { project, origin: 'pipeline', metadata, cost_usd: null }),
      traceRow(NOON, { project, origin: 'pipeline', metadata, cost_usd: null, status: 'error' }),
      traceRow(NOON, { project, origin: 'pipeline', metadata: { ...metadata, run: 's' }, cost_usd: 9 }),
      traceRow(NOON, { project, origin: 'app', metadata, cost_usd: 9 }),
    ]);
    expect(await pipelineSpend(clickhouse.client, project, { distillation: 'd', runId: 'r' })).toEqual({
      usd: 0.75,
      calls: 4,
      // An error that has cost nothing says 0.
      unpriced: 2,
    });
    expect(await pipelineSpend(clickhouse.client, project, { distillation: 'd', runId: 'none' })).toEqual({
      usd: 0,
      calls: 0,
      unpriced: 0,
    });
  });

  it('sums up traffic', async () => {
    const project = 'overview';
    const since = new Date(NOON - 1).toISOString();
    expect(await overviewSince(clickhouse.client, project, since)).toEqual({
      calls: 0,
      errors: 0,
      costUsd: null,
      p50Ms: null,
      p95Ms: null,
      byTarget: [],
      byHour: [],
    });
    await ship([
      traceRow(NOON, { project, latency_ms: 100, cost_usd: 0.5 }),
      traceRow(NOON, { project, latency_ms: 100, cost_usd: null, status: 'error' }),
      traceRow(NOON + 3_600_000, { project, latency_ms: 100, cost_usd: null, target: 'student/s' }),
      traceRow(NOON, { project, origin: 'pipeline' }),
    ]);
    expect(await overviewSince(clickhouse.client, project, since)).toEqual({
      calls: 3,
      errors: 1,
      costUsd: 0.5,
      p50Ms: 100,
      p95Ms: 100,
      byTarget: [
        { target: 'mock/gpt', calls: 2, errors: 1, costUsd: 0.5, p50Ms: 100 },
        { target: 'student/s', calls: 1, errors: 0, costUsd: null, p50Ms: 100 },
      ],
      byHour: [
        { at: '2026-03-04T12:00:00Z', calls: 2, errors: 1, costUsd: 0.5 },
        { at: '2026-03-04T13:00:00Z', calls: 1, errors: 0, costUsd: null },
      ],
    });
  });
});
