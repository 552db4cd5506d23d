import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterRun, ClusterTracesInput } from '../../contracts/clusters.ts';
import { startingClusterRun } from '../../core/clusters/starting-run.ts';
import {
  type Assignment,
  assignedByRun,
  clustersOfTraces,
  insertAssignments,
  lastAssigned,
} from '../../store/clickhouse/cluster-assignments.ts';
import { clusterEdits, recordClusterEdit, withEdit } from '../../store/clickhouse/cluster-edits.ts';
import { clusterFigures, nearestMembers } from '../../store/clickhouse/cluster-figures.ts';
import { listClusterRuns, newestClusterRuns, readClusterRun, recordClusterRun } from '../../store/clickhouse/cluster-runs.ts';
import { clusterCalls, countClusterCalls, type SourceCall } from '../../store/clickhouse/cluster-source.ts';
import { clustersOfRun, insertClusters } from '../../store/clickhouse/clusters.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { clusterFixture } from './cluster-fixture.ts';
import { linesOf, traceRow, uuidAt } from './trace-fixtures.ts';

let clickhouse: TestClickHouse;
const store = () => clickhouse.client;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse?.stop());

const START = Date.UTC(2026, 4, 30, 12);
const call = (ms: number, values: Partial<SourceCall> = {}): SourceCall => ({
  id: uuidAt(ms),
  ts: new Date(ms).toISOString(),
  alias: 'support',
  target: 'lab/a',
  keyId: 'k',
  status: 'ok',
  tokensIn: 10,
  tokensOut: 2,
  costUsd: 0.5,
  latencyMs: 100,
  request: '',
  promptText: '',
  answerText: '',
  ...values,
});
const place = (of: SourceCall, clusterId: string, similarity: number, outlier = false): Assignment => ({
  call: of,
  clusterId,
  similarity,
  outlier,
});

test('the newest assignment of a trace counts, the same one again changes nothing, a month’s border neither', async () => {
  const calls = [START, START + 1, START + 40 * 86_400_000].map((ms) => call(ms));
  const early = { project: 'p', runId: 'early', at: new Date(START).toISOString() };
  const late = { project: 'p', runId: 'late', at: new Date(START + 5_000).toISOString() };
  const before = calls.map((one) => place(one, 'a', 0.5));
  await insertAssignments(store(), late, [place(calls[0]!, 'b', 0.9)]);
  await insertAssignments(store(), early, before);
  await insertAssignments(store(), early, before);
  expect(
    await clustersOfTraces(
      store(),
      'p',
      calls.map(({ id }) => id),
    ),
  ).toEqual(
    new Map([
      [calls[0]!.id, 'b'],
      [calls[1]!.id, 'a'],
      [calls[2]!.id, 'a'],
    ]),
  );
  expect(await assignedByRun(store(), early)).toEqual({ assigned: 3, outliers: 0, withoutText: 0 });
  expect(await lastAssigned(store(), early)).toMatchObject({ id: calls[2]!.id });
  expect(await lastAssigned(store(), { ...early, runId: 'none' })).toBeNull();
  expect(
    await clustersOfTraces(
      store(),
      'another',
      calls.map(({ id }) => id),
    ),
  ).toEqual(new Map());
});

test('figures count errors, money and outliers of now, and tell later traces from earlier ones', async () => {
  const run = { project: 'figures', runId: 'r', at: new Date(START).toISOString() };
  const runAt = new Date(START + 100).toISOString();
  await insertAssignments(store(), run, [
    place(call(START), 'a', 0.9),
    place(call(START + 1, { status: 'error', costUsd: null }), 'a', 0.8),
    place(call(START + 2), 'a', 0.1, true),
    place(call(START + 200), 'a', 0.4),
    place(call(START + 3, { costUsd: null }), 'b', 0.7),
    place(call(START + 4), '', 0, true),
  ]);
  const figures = await clusterFigures(store(), 'figures', { ids: ['a', 'b', 'c'], runAt });
  expect([...figures.keys()].sort()).toEqual(['a', 'b']);
  expect(figures.get('a')).toMatchObject({ size: 3, outliers: 1, errors: 1, costUsd: 1.5, later: { size: 1 }, earlier: { size: 3 } });
  expect(figures.get('a')!.later.similarity).toBeCloseTo(0.4, 5);
  expect(figures.get('b')).toMatchObject({ costUsd: null, later: { size: 0, similarity: null } });
  const since = new Date(START + 150).toISOString();
  expect((await clusterFigures(store(), 'figures', { ids: ['a', 'b'], runAt, since })).get('a')).toMatchObject({ size: 1 });
  const near = await nearestMembers(store(), 'figures', 'a', 2);
  expect(near.map(({ similarity }) => Math.round(similarity * 10))).toEqual([9, 8]);
});

test('clusters come back as they were stored, once; another run’s and project’s are apart', async () => {
  const cluster = clusterFixture({ project: 'p', scope: 's', runId: 'r1', id: 'one' });
  await insertClusters(store(), [cluster]);
  await insertClusters(store(), [cluster]);
  await insertClusters(store(), [clusterFixture({ project: 'p', scope: 's', runId: 'r2', id: 'two' })]);
  expect(await clustersOfRun(store(), 'p', { scope: 's', runId: 'r1' })).toEqual([cluster]);
  expect(await clustersOfRun(store(), 'q', { scope: 's', runId: 'r1' })).toEqual([]);
});

test('of what people say the newest of each field counts', async () => {
  const edit = (ms: number, changes: object) =>
    recordClusterEdit(store(), 'p', { clusterId: 'one', at: new Date(START + ms).toISOString(), actor: 'admin', changes });
  await edit(1, { name: 'First', inclusion: 'rule' });
  await edit(3, { name: 'Third' });
  await edit(2, { name: 'Second', description: 'said' });
  const edits = await clusterEdits(store(), 'p');
  expect(edits.get('one')).toEqual({ name: 'Third', description: 'said', inclusion: 'rule', exclusion: null });
  const named = { name: 'Model', namedBy: 'model' as const, description: '', inclusion: '', exclusion: 'kept' };
  expect(withEdit(named, edits.get('one'))).toEqual({
    name: 'Third',
    namedBy: 'person',
    description: 'said',
    inclusion: 'rule',
    exclusion: 'kept',
  });
  expect(withEdit(named, undefined)).toEqual(named);
});

test('the newest completed run of each filter is current; assignments, failures and those that found nothing are not', async () => {
  const record = async (
    name: string,
    scope: string,
    ms: number,
    change: Partial<ClusterRun> = {},
    mode: 'cluster' | 'assign' = 'cluster',
  ) => {
    const begun = { name, scope, workflowId: `clusters/runs/${name}`, runId: name, startedAt: new Date(START + ms) };
    const run = startingClusterRun(ClusterTracesInput.parse({ project: 'runs', mode }), begun);
    await recordClusterRun(store(), run);
    await recordClusterRun(store(), { ...run, status: 'completed', updatedAt: new Date(START + ms + 1).toISOString(), ...change });
  };
  await record('a1', 'a', 10);
  await record('a2', 'a', 20);
  await record('a3', 'a', 30, { status: 'failed' });
  await record('a4', 'a', 40, {}, 'assign');
  const { counts } = startingClusterRun(ClusterTracesInput.parse({}), {
    name: 'a5',
    scope: 'a',
    workflowId: '',
    runId: '',
    startedAt: new Date(),
  });
  await record('a5', 'a', 50, { counts: { ...counts, clusters: 0 } });
  await record('b1', 'b', 5);
  expect((await newestClusterRuns(store(), 'runs')).map(({ name }) => name)).toEqual(['a2', 'b1']);
  expect((await listClusterRuns(store(), 'runs')).map(({ name }) => name)).toEqual(['a5', 'a4', 'a3', 'a2', 'a1', 'b1']);
  expect(await readClusterRun(store(), 'runs', 'a3')).toMatchObject({ status: 'failed' });
  expect(await readClusterRun(store(), 'default', 'a3')).toBeNull();
});

test('traces to be clustered come once, in order, over pages, without the pipeline’s; a share is the same each time', async () => {
  const rows = Array.from({ length: 1_250 }, (_, i) =>
    // Several of one millisecond: a page may end amid them.
    traceRow(START + Math.floor(i / 7), { project: 'source', segment_id: 's', origin: i % 50 === 0 ? 'pipeline' : 'app' }),
  );
  await insertTraceSegment(store(), { token: 'source', lines: linesOf(rows) });
  const until = new Date(START + 100_000).toISOString();
  const read = async (reading: Partial<Parameters<typeof clusterCalls>[3]> = {}) =>
    (await Array.fromAsync(clusterCalls(store(), 'source', { alias: 'support' }, { until, ...reading }))).flat();
  const all = await read();
  const apps = rows.filter(({ origin }) => origin === 'app').map(({ id }) => id);
  expect(new Set(all.map(({ id }) => id))).toEqual(new Set(apps));
  expect(all).toHaveLength(apps.length);
  expect(await countClusterCalls(store(), 'source', {}, until)).toBe(apps.length);
  const middle = all[700]!;
  expect((await read({ after: middle })).map(({ id }) => id)).toEqual(all.slice(701).map(({ id }) => id));
  const some = await read({ share: { of: 0.3, seed: 7 } });
  expect(some.length / all.length).toBeGreaterThan(0.2);
  expect(some.length / all.length).toBeLessThan(0.4);
  expect(await read({ share: { of: 0.3, seed: 7 } })).toEqual(some);
  expect(await read({ share: { of: 0.3, seed: 8 } })).not.toEqual(some);
  const run = { project: 'source', runId: 'r', at: until };
  await insertAssignments(
    store(),
    run,
    all.slice(0, 900).map((one) => place(one, 'a', 1)),
  );
  expect((await read({ unassigned: true })).map(({ id }) => id)).toEqual(all.slice(900).map(({ id }) => id));
});
