import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { metadataKeyOf, USAGE_DIMENSIONS, type UsageGroup, UsageQuery } from '../../contracts/usage.ts';
import { insertRows } from '../../store/clickhouse/query.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { usageOf } from '../../store/clickhouse/usage.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { linesOf, traceRow } from './trace-fixtures.ts';

const START = Date.parse('2026-03-29T00:00:00.000Z');
const DAYS = 5;
const project = 'usage';
let clickhouse: TestClickHouse;
const rows: TraceRow[] = Array.from({ length: 600 }, (_, n) => {
  const h = (n * 2_654_435_761) % 2 ** 32;
  return traceRow(START + (h % (DAYS * 86_400_000)), {
    project,
    alias: `a${h % 3}`,
    target: ['openai/gpt-5', 'openai/gpt-5-mini', 'lab/deep/model'][h % 7 > 4 ? 2 : h % 2]!,
    provider: h % 7 > 4 ? 'lab' : 'openai',
    key_id: `k${h % 5}`,
    status: h % 11 === 0 ? 'error' : 'ok',
    cost_usd: h % 13 === 0 ? null : (h % 1000) / 1000,
    tokens_in: h % 100,
    latency_ms: h % 500,
    origin: h % 17 === 0 ? 'pipeline' : 'app',
    user_id: h % 4 === 0 ? '' : `u${h % 4}`,
    metadata: h % 9 === 0 ? {} : { team: ['web', "o'ps", 'ops'][h % 3]!, 'a.b': `${h % 2}` },
  });
});
const clusterOf = (row: TraceRow) => `c${rows.indexOf(row) % 4}`;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  for (let at = 0; at < rows.length; at += 100)
    await insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf(rows.slice(at, at + 100)) });
  const assigned = (row: TraceRow, cluster: string, outlier: boolean, minute: number) => ({
    project,
    trace_id: row.id,
    ts: row.ts,
    cluster_id: cluster,
    similarity: 0.5,
    outlier,
    run_id: 'r',
    assigned_at: `2026-04-05 00:0${minute}:00.000`,
    alias: row.alias,
    target: row.target,
    key_id: row.key_id,
    status: row.status,
    tokens_in: row.tokens_in,
    tokens_out: row.tokens_out,
    cost_usd: row.cost_usd,
    latency_ms: row.latency_ms,
  });
  // Twice: the newer assignment counts.
  const clustered = rows.filter((row) => row.origin === 'app');
  await insertRows(
    clickhouse.client,
    'trace_clusters',
    clustered.map((row) => assigned(row, 'old', false, 1)),
    'first',
  );
  await insertRows(
    clickhouse.client,
    'trace_clusters',
    clustered.map((row) => assigned(row, clusterOf(row), clusterOf(row) === 'c3', 2)),
    'second',
  );
});
afterAll(() => clickhouse?.stop());

const timeOf = (row: TraceRow) => Date.parse(`${row.ts.replace(' ', 'T')}Z`);
const valueOf = (row: TraceRow, dimension: UsageGroup): string => {
  switch (dimension) {
    case 'alias':
      return row.alias;
    case 'model':
      return row.target.slice(row.target.indexOf('/') + 1);
    case 'provider':
      return row.provider;
    case 'key':
      return row.key_id;
    case 'user':
      return row.user_id;
    case 'cluster':
      return clusterOf(row) === 'c3' ? '' : clusterOf(row);
    case 'day':
      return row.ts.slice(0, 10);
    default:
      return row.metadata[metadataKeyOf(dimension)!] ?? '';
  }
};

/** The same by hand. */
function expected(query: UsageQuery & { since: string; until: string }) {
  const byCluster = query.by.includes('cluster') || query.cluster !== undefined;
  const chosen = rows.filter(
    (row) =>
      timeOf(row) >= Date.parse(query.since) &&
      timeOf(row) < Date.parse(query.until) &&
      (!byCluster || row.origin === 'app') &&
      (query.alias === undefined || row.alias === query.alias) &&
      (query.model === undefined || valueOf(row, 'model') === query.model || row.target === query.model) &&
      (query.status === undefined || row.status === query.status) &&
      (query.user === undefined || row.user_id === query.user) &&
      Object.entries(query.metadata ?? {}).every(([key, value]) => row.metadata[key] === value) &&
      (query.cluster === undefined || valueOf(row, 'cluster') === query.cluster) &&
      (query.origin === undefined || row.origin === query.origin),
  );
  const groups = Map.groupBy(chosen, (row) => JSON.stringify(query.by.map((dimension) => valueOf(row, dimension))));
  return new Map(
    [...groups].map(([key, some]) => {
      const priced = some.filter((row) => row.cost_usd !== null);
      const costUsd = priced.length === 0 ? null : Math.round(priced.reduce((sum, row) => sum + row.cost_usd!, 0) * 1000);
      const errors = some.filter((row) => row.status === 'error').length;
      return [
        key,
        {
          calls: some.length,
          errors,
          unpriced: some.length - priced.length,
          costUsd,
          tokensIn: some.reduce((sum, row) => sum + row.tokens_in, 0),
        },
      ];
    }),
  );
}

it('adds up to the traces, whatever it is grouped by, from days and minutes together', async () => {
  const minute = fc.integer({ min: -60, max: DAYS * 1440 + 60 });
  const queries = fc.record({
    by: fc
      .subarray([...USAGE_DIMENSIONS, 'metadata.team' as const, 'metadata.a.b' as const], { minLength: 0 })
      .chain((some) => fc.shuffledSubarray(some, { minLength: some.length })),
    span: fc.tuple(minute, minute).filter(([a, b]) => a !== b),
    alias: fc.option(fc.constantFrom('a0', 'a1', "a' OR 1=1 --"), { nil: undefined }),
    model: fc.option(fc.constantFrom('gpt-5', 'lab/deep/model', 'deep/model'), { nil: undefined }),
    status: fc.option(fc.constantFrom('ok' as const, 'error' as const), { nil: undefined, freq: 4 }),
    cluster: fc.option(fc.constantFrom('c0', 'c3', ''), { nil: undefined, freq: 4 }),
    user: fc.option(fc.constantFrom('u1', ''), { nil: undefined, freq: 4 }),
    metadata: fc.option(fc.constantFrom({ team: "o'ps" }, { team: 'web', 'a.b': '1' }), { nil: undefined, freq: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(queries, async ({ span, ...filters }) => {
      const [since, until] = span.toSorted((a, b) => a - b).map((at) => new Date(START + at * 60_000).toISOString());
      const query = { ...UsageQuery.parse(filters), since: since!, until: until! };
      const ofTraces =
        query.user !== undefined || query.metadata !== undefined || query.by.some((by) => by === 'user' || metadataKeyOf(by));
      if (ofTraces && (query.by.includes('cluster') || query.cluster !== undefined)) {
        await expect(usageOf(clickhouse.client, project, query)).rejects.toMatchObject({ code: 'invalid_request', param: 'cluster' });
        return;
      }
      const found = await usageOf(clickhouse.client, project, query);
      const told = found
        .filter((row) => row.calls > 0)
        .map(
          ({ calls, errors, unpriced, tokensIn, costUsd, ...row }) =>
            [
              JSON.stringify(
                query.by.map((group) => (metadataKeyOf(group) === null ? row[group as 'user'] : row.metadata?.[metadataKeyOf(group)!])),
              ),
              { calls, errors, unpriced, costUsd: costUsd === null ? null : Math.round(costUsd * 1000), tokensIn },
            ] as const,
        );
      expect(new Map(told)).toEqual(expected(query));
      expect(told).toHaveLength(new Set(told.map(([key]) => key)).size);
    }),
    { numRuns: 100 },
  );
});

it('is of its own project, and refuses too many groups with a sentence', async () => {
  const query = { ...UsageQuery.parse({}), since: '2026-03-01T00:00:00.000Z', until: '2026-05-01T00:00:00.000Z' };
  expect(await usageOf(clickhouse.client, 'another', query)).toEqual([expect.objectContaining({ calls: 0, costUsd: null, p50Ms: null })]);
  const [all] = await usageOf(clickhouse.client, project, query);
  expect(all!.p50Ms).toBeGreaterThan(150);
  expect(all!.p95Ms).toBeGreaterThan(all!.p50Ms!);
  const many = Array.from({ length: 10_001 }, (_, n) => traceRow(START, { project: 'many', key_id: `k${n}` }));
  await insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf(many) });
  await expect(usageOf(clickhouse.client, 'many', { ...query, by: ['key'] })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(/narrow it/),
  });
});
