import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterRun } from '../../contracts/clusters.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { type ClusterBench, callOf, messages, startClusterBench } from '../workflow/cluster-bench.ts';
import { type TestControlPlane, startControlPlane } from './control-plane.ts';

let bench: ClusterBench;
let plane: TestControlPlane;
let down: TestControlPlane;
let worker: TestWorker;
let recorded: TraceRow[];

beforeAll(async () => {
  bench = await startClusterBench();
  [plane, down] = await Promise.all([
    startControlPlane(bench.clickhouse.client, bench.temporal.address),
    startControlPlane(bench.clickhouse.client, null),
  ]);
  worker = await startTestWorker({ env: { ...bench.workerEnv(join(bench.folder(), 'home')), STILLHOUSE_ARTIFACTS: plane.artifacts } });
  const hours = (i: number): Partial<TraceRow> => (i % 20 === 0 ? { status: 'error', cost_usd: null } : {});
  recorded = await bench.record(messages(40).map((message, i) => callOf(message, hours(i))));
  await bench.record(messages(10).map((message) => callOf(message, { project: 'other' })));
}, 180_000);
afterAll(async () => {
  await worker?.stop();
  await Promise.all([plane?.close(), down?.close()]);
  await bench?.stop();
});

const api = () => plane.sdk.clusters;

test('a run is begun once, joined while it goes on, and begun anew after its end unless it has a name', async () => {
  const started = await plane.call('POST', '/api/clusters', { source: { alias: 'support' } });
  expect(started.status).toBe(202);
  const name = (started.body as ClusterRun).name;
  expect(started.headers.get('location')).toBe(`/api/clusters/runs/${name}`);
  const joined = await api().run({ source: { alias: 'support' } });
  expect([joined.name, joined.runId]).toEqual([name, (started.body as ClusterRun).runId]);
  const ended = await api().waitUntilEnded(name);
  expect(ended).toMatchObject({ status: 'completed', stale: false, counts: { traces: recorded.length, assigned: recorded.length } });
  const again = await api().run({ source: { alias: 'support' } });
  expect(again.name).toBe(name);
  expect(again.runId).not.toBe(ended.runId);
  await api().waitUntilEnded(name);
  const named = await api().run({ name: 'weekly', source: { alias: 'support' } });
  await api().waitUntilEnded('weekly');
  expect((await api().run({ name: 'weekly', source: { alias: 'support' } })).runId).toBe(named.runId);
  await expect(api().run({ name: 'weekly', source: {} })).rejects.toMatchObject({ code: 'conflict' });
  expect((await api().runs()).map((run) => run.name)).toEqual(['weekly', name]);
});

test('each cluster comes with its figures; shares add up; errors and money are those of its traces', async () => {
  const clusters = await api().list();
  expect(clusters.length).toBeGreaterThanOrEqual(4);
  const sum = (of: (cluster: (typeof clusters)[number]) => number) => clusters.reduce((total, cluster) => total + of(cluster), 0);
  expect(sum(({ size, outliers }) => size + outliers)).toBe(recorded.length);
  expect(sum(({ share }) => share)).toBeCloseTo(1, 6);
  expect(sum(({ costShare }) => costShare ?? 0)).toBeCloseTo(1, 6);
  expect(sum(({ errors }) => errors)).toBe(recorded.filter(({ status }) => status === 'error').length);
  expect(sum(({ costUsd }) => costUsd ?? 0)).toBeCloseTo(
    recorded.reduce((total, row) => total + (row.cost_usd ?? 0), 0),
    6,
  );
  // The traffic of the test is a second's: nothing is said of a month.
  expect(clusters.every(({ savingUsdPerMonth }) => savingUsdPerMonth === null)).toBe(true);
  expect(clusters.every(({ drift }) => drift === null)).toBe(true);
  const labels = clusters.filter(({ task }) => task.kind === 'label' && task.student === 'encoder');
  expect(labels.length).toBeGreaterThan(0);
  expect((await api().list({ alias: 'nobody' })).length).toBe(0);
  expect((await api().list({ since: new Date().toISOString() })).every(({ size }) => size === 0)).toBe(true);
});

test('the detail shows members nearest the centre, and borderline ones with the other cluster', async () => {
  const [cluster] = await api().list();
  const detail = await api().get(cluster!.id);
  expect(detail.nearest.length).toBeGreaterThan(3);
  const similarities = detail.nearest.map(({ similarity }) => similarity);
  expect(similarities).toEqual(similarities.toSorted((a, b) => b - a));
  expect(new Set(detail.nearest.map(({ prompt }) => prompt.trim().toLowerCase())).size).toBe(detail.nearest.length);
  expect(recorded.map(({ prompt_text: text }) => text)).toContain(detail.nearest[0]!.prompt);
  const others = new Set((await api().list()).map(({ id }) => id));
  expect(detail.borderline.length).toBeGreaterThan(0);
  for (const { otherId, otherName } of detail.borderline)
    expect([others.has(otherId), otherId === detail.id, otherName === '']).toEqual([true, false, false]);
  const map = await api().map();
  expect(new Set(map.points.map(({ clusterId }) => clusterId))).toEqual(others);
});

test('a person’s name wins, must be its own, and is kept over runs', async () => {
  const [first, second] = await api().list();
  await expect(api().change(first!.id, { name: ` ${second!.name.toUpperCase()}` })).rejects.toMatchObject({ code: 'conflict' });
  const changed = await api().change(first!.id, { name: 'Mine', inclusion: 'What I say' });
  expect(changed).toMatchObject({ name: 'Mine', namedBy: 'person', inclusion: 'What I say' });
  await api().change(first!.id, { exclusion: 'All else' });
  await api().run({ name: 'later', source: { alias: 'support' } });
  await api().waitUntilEnded('later');
  expect(await api().get(first!.id)).toMatchObject({
    name: 'Mine',
    namedBy: 'person',
    inclusion: 'What I say',
    exclusion: 'All else',
    run: 'later',
  });
  expect((await plane.call('PATCH', `/api/clusters/${first!.id}`, {})).status).toBe(400);
});

test('another project’s clusters are not found', async () => {
  const [cluster] = await api().list();
  const other = plane.sdkOf('other').clusters;
  expect(await other.list()).toEqual([]);
  await expect(other.get(cluster!.id)).rejects.toMatchObject({ status: 404 });
  await expect(other.change(cluster!.id, { name: 'Stolen' })).rejects.toMatchObject({ status: 404 });
  await expect(other.getRun('weekly')).rejects.toMatchObject({ status: 404 });
});

test('what can not be done is refused before a run begins', async () => {
  await expect(api().run({ naming: 'nobody/model' })).rejects.toMatchObject({ status: 404, param: 'naming' });
  await expect(api().run({ mode: 'assign', source: { alias: 'unseen' } })).rejects.toMatchObject({ code: 'conflict' });
  for (const body of [{ granularity: 2 }, { clusters: 1 }, { maxSample: 30_000 }, { unknown: 1 }, { source: { sql: "' OR 1=1" } }])
    expect((await plane.call('POST', '/api/clusters', body)).status).toBe(400);
  const data = await api().run({ name: 'quoted', source: { alias: "support' OR 1=1 --" } });
  expect((await api().waitUntilEnded(data.name)).counts.traces).toBe(0);
});

test('a schedule assigns new traces by itself; it is changed and ended by the same call', async () => {
  const fresh = await bench.record(messages(6, 'test').map((message) => callOf(message)));
  const made = await api().schedule(60, { source: { alias: 'support' } });
  expect(made).toMatchObject({ everyMinutes: 60, request: { mode: 'assign', source: { alias: 'support' } } });
  const changed = await api().schedule(15, { source: { alias: 'support' } });
  expect([changed!.id, changed!.everyMinutes]).toEqual([made!.id, 15]);
  const client = await bench.client();
  await client.schedule.getHandle(made!.id).trigger();
  await expect
    .poll(async () => (await api().runs())[0], { timeout: 30_000 })
    .toMatchObject({
      status: 'completed',
      input: { mode: 'assign' },
      counts: { assigned: fresh.length },
    });
  const [run] = await api().runs();
  expect(await api().getRun(run!.name)).toEqual(run);
  await expect.poll(() => api().schedules(), { timeout: 20_000 }).toMatchObject([{ id: made!.id, everyMinutes: 15 }]);
  expect(await api().schedule(0, { source: { alias: 'support' } })).toBeNull();
  expect(await api().schedule(0, { source: { alias: 'support' } })).toBeNull();
  await expect(api().schedule(5, { source: { alias: 'unseen' } })).rejects.toMatchObject({ code: 'conflict' });
});

test('with Temporal down clusters are read, runs from their last record', async () => {
  const { clusters } = down.sdk;
  expect((await clusters.list()).length).toBeGreaterThan(3);
  expect(await clusters.getRun('weekly')).toMatchObject({ status: 'completed', stale: false });
  await expect(clusters.run({})).rejects.toMatchObject({ status: 503 });
});
