import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dataset } from '../../contracts/datasets.ts';
import { workflowIds } from '../../contracts/names.ts';
import { recordDataset } from '../../store/clickhouse/datasets.ts';
import { appendDistillationEvents, recordDistillation } from '../../store/clickhouse/distillations.ts';
import { appendTrainingPoints } from '../../store/clickhouse/training-metrics.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import type { TestClickHouse } from '../support/clickhouse.ts';
import { startTestTemporal } from '../support/temporal.ts';
import type { TestTemporal } from '../support/temporal.ts';
import { startControlPlane } from './control-plane.ts';
import type { TestControlPlane } from './control-plane.ts';

// No worker runs here: what the API says of runs that have not spoken yet, and of those that were ended from outside.
let clickhouse: TestClickHouse;
let temporal: TestTemporal;
let plane: TestControlPlane;
let client: Client;
const request = { name: 'run-1', dataset: 'support', teacher: 'lab/oracle-large', maxUsd: 5 };

beforeAll(async () => {
  [clickhouse, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  plane = await startControlPlane(clickhouse.client, temporal.address);
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  await recordDataset(clickhouse.client, dataset('support', 'ready'));
  await recordDataset(clickhouse.client, dataset('young', 'building'));
  await recordDataset(clickhouse.client, dataset('triage', 'ready'));
  await recordDataset(clickhouse.client, { ...dataset('triage', 'failed'), version: 2, error: 'no rows' });
});
afterAll(async () => {
  await client?.connection.close();
  await plane?.close();
  await temporal?.stop();
  await clickhouse?.stop();
});

function dataset(name: string, status: Dataset['status']): Dataset {
  const at = new Date().toISOString();
  return {
    project: 'default',
    name,
    version: 1,
    hash: 'h',
    status,
    source: { traces: {} },
    sourceHash: 's',
    task: { kind: 'label' },
    splits: { train: 0.6, validation: 0.15, test: 0.25 },
    rows: { train: 60, validation: 15, test: 25 },
    goldRows: 0,
    labels: {},
    skipped: {},
    warnings: [],
    error: null,
    createdAt: at,
    updatedAt: at,
  };
}

describe('a run that no worker has taken yet', () => {
  test('is there at once, with its address', async () => {
    const started = await plane.call('POST', '/api/distillations', request);
    expect(started).toMatchObject({ status: 202, body: { name: 'run-1', status: 'running', location: '/api/distillations/run-1' } });
    expect(started.headers.get('location')).toBe('/api/distillations/run-1');
    const run = await plane.sdk.distillations.get('run-1');
    expect(run).toMatchObject({
      status: 'running',
      stage: null,
      teacher: 'lab/oracle-large',
      runId: started.body.runId,
      input: { maxUsd: 5, nSamples: 4 },
    });
    await expect.poll(async () => (await plane.sdk.distillations.list()).map((found) => found.name)).toEqual(['run-1']);
  });

  test('the same request joins it, another input is refused with what differs', async () => {
    const joined = await plane.sdk.distillations.start({ ...request, nSamples: 4 });
    expect(joined.runId).toBe((await plane.sdk.distillations.get('run-1')).runId);
    const refused = await plane.sdk.distillations.start({ ...request, seed: 8, alias: 'support' }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: 409, code: 'conflict', data: { differing: ['alias', 'seed'] } });
    expect((refused as Error).message).toContain('seed is 7 there and 8 here');
  });

  test('without a name, the same input has the same name', async () => {
    const { name: _, ...unnamed } = request;
    const [a, b] = [await plane.sdk.distillations.start(unnamed), await plane.sdk.distillations.start(unnamed)];
    expect(a.name).toMatch(/^distil-[0-9a-f]{12}$/);
    expect([b.name, b.runId]).toEqual([a.name, a.runId]);
  });
});

describe('what cannot run is refused at once', () => {
  test.each([
    [{ dataset: 'suport' }, 404, /There is no dataset "suport".*"support"/],
    [{ dataset: 'young' }, 409, /still being built/],
    [{ dataset: 'triage', datasetVersion: 2 }, 409, /the build of "triage" failed: no rows/],
    [{ dataset: 'support', teacher: 'lap/oracle' }, 404, /teacher: There is no provider "lap".*"lab"/],
    [{ dataset: 'support', student: 'qwen3-0.7b' }, 400, /student: there is no "qwen3-0.7b"; the nearest: .*"qwen3-0.6b"/],
    [{ dataset: 'support', nSamples: 0, maxUsd: -1 }, 400, /nSamples: .*; maxUsd: /],
    [{ dataset: 'support', project: 'other' }, 403, /belongs to the project "default"/],
  ])('%j', async (body, status, detail) => {
    const refused = await plane.call('POST', '/api/distillations', body);
    expect([refused.status, refused.body.detail]).toEqual([status, expect.stringMatching(detail)]);
  });
});

test('a version that failed does not hinder a run on the newest that is ready', async () => {
  expect(await plane.sdk.datasets.get('triage')).toMatchObject({ version: 2, status: 'failed', newestReady: 1 });
  expect(await plane.sdk.datasets.list()).toContainEqual(expect.objectContaining({ name: 'triage', version: 2, newestReady: 1 }));
  expect((await plane.sdk.datasets.rowsPage('triage')).items).toEqual([]);
  const body = { ...request, name: 'run-triage', dataset: 'triage' };
  expect(await plane.call('POST', '/api/distillations', body)).toMatchObject({ status: 202 });
});

describe('a run that was ended from outside', () => {
  test('says so, its stream ends, and its name may be used again', async () => {
    await client.workflow.getHandle(workflowIds.distil('default', 'run-1')).terminate('by hand');
    const run = await plane.sdk.distillations.get('run-1');
    expect(run).toMatchObject({ status: 'cancelled', error: 'It was terminated in Temporal.' });
    const updates = await Array.fromAsync(plane.sdk.distillations.follow('run-1'));
    expect(updates).toMatchObject([{ kind: 'state', state: { status: 'cancelled' } }]);
    expect((await plane.call('POST', '/api/distillations/run-1/pause')).body).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('nothing to pause'),
    });
    const again = await plane.sdk.distillations.start({ ...request, seed: 9 });
    expect(again.runId).not.toBe(run.runId);
    expect(await plane.sdk.distillations.get('run-1')).toMatchObject({ status: 'running', runId: again.runId, input: { seed: 9 } });
  });

  test('its recorded end and events are what counts', async () => {
    const run = await plane.sdk.distillations.get('run-1');
    const at = new Date().toISOString();
    await recordDistillation(clickhouse.client, { ...run, status: 'completed', progress: 1, spentUsd: 0.4, endedAt: at, updatedAt: at });
    const event = { at, stage: null, message: 'm', data: {} };
    await appendDistillationEvents(clickhouse.client, 'default', 'run-1', run.runId, [
      { ...event, sequence: 1, kind: 'started' },
      { ...event, sequence: 2, kind: 'completed' },
    ]);
    expect(await plane.sdk.distillations.get('run-1')).toMatchObject({ status: 'completed', spentUsd: 0.4, stale: false });
    const all = await Array.fromAsync(plane.sdk.distillations.follow('run-1'));
    expect(all.map((update) => (update.kind === 'event' ? update.event.sequence : update.state.status))).toEqual([1, 2, 'completed']);
    const rest = await Array.fromAsync(plane.sdk.distillations.follow('run-1', { after: 1 }));
    expect(rest.map((update) => update.kind)).toEqual(['event', 'state']);
  });
});

test("what a training measured is read by its run's name, without the run before it", async () => {
  const run = await plane.sdk.distillations.get('run-1');
  const point = { attempt: 1, totalSteps: 20, epoch: 0.5, phase: 'warmup' };
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const points = [10, 20].map((step) => ({ ...point, at: at(step), step, terms: { loss: 1 / step, nll: 1 / step } }));
  const identity = { project: 'default', distillation: 'run-1' };
  await appendTrainingPoints(clickhouse.client, { ...identity, runId: run.runId }, points);
  await appendTrainingPoints(clickhouse.client, { ...identity, runId: 'earlier' }, [{ ...points[0]!, step: 99 }]);
  expect(await plane.sdk.distillations.training('run-1')).toEqual(points);
  expect(await plane.sdk.distillations.training('run-triage')).toEqual([]);
  await expect(plane.sdk.distillations.training('run-l')).rejects.toMatchObject({
    status: 404,
    message: expect.stringContaining('"run-1"'),
  });
});

test('with Temporal down the last recorded state answers, marked stale unless it has ended', async () => {
  const running = await plane.sdk.distillations.start({ ...request, name: 'run-2' });
  await recordDistillation(clickhouse.client, { ...running, stage: 'generate', progress: 0.2 });
  await temporal.kill9();
  expect(await plane.sdk.distillations.get('run-2')).toMatchObject({ status: 'running', stage: 'generate', stale: true });
  expect(await plane.sdk.distillations.get('run-1')).toMatchObject({ status: 'completed', stale: false });
  expect((await plane.sdk.distillations.list()).map((run) => [run.name, run.stale])).toContainEqual(['run-2', true]);
  await expect(plane.sdk.distillations.get('nobody')).rejects.toMatchObject({ status: 503, code: 'unavailable' });
  await expect(plane.sdk.distillations.start({ ...request, name: 'run-3' })).rejects.toMatchObject({ status: 503 });
});
