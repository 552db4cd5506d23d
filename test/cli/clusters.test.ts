import { execFile } from 'node:child_process';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterTracesInput } from '../../contracts/clusters.ts';
import { startingClusterRun } from '../../core/clusters/starting-run.ts';
import { recordClusterRun } from '../../store/clickhouse/cluster-runs.ts';
import { insertClusterChecks } from '../../store/clickhouse/cluster-checks.ts';
import { insertAssignments } from '../../store/clickhouse/cluster-assignments.ts';
import { insertClusters } from '../../store/clickhouse/clusters.ts';
import { type TestControlPlane, startControlPlane } from '../api/control-plane.ts';
import { traceRow } from '../api/trace-row.ts';
import { clusterFixture } from '../store/cluster-fixture.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';

const BIN = fileURLToPath(new URL('../../clients/cli/bin.js', import.meta.url));
let clickhouse: TestClickHouse;
let plane: TestControlPlane;
let server: Server;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  plane = await startControlPlane(clickhouse.client, null);
  server = createAdaptorServer({ fetch: plane.app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const begun = { name: 'weekly', scope: 's', workflowId: 'clusters/default/weekly', runId: 'r', startedAt: new Date() };
  const run = startingClusterRun(ClusterTracesInput.parse({}), begun);
  await recordClusterRun(clickhouse.client, { ...run, status: 'completed', counts: { ...run.counts, clusters: 2, assigned: 40 } });
  const of = { project: 'default', scope: 's', runId: 'r' };
  await insertClusters(clickhouse.client, [
    clusterFixture({ ...of, id: 'aaaa' }),
    clusterFixture({ ...of, id: 'bbbb', name: 'pin, blocked', namedBy: 'keywords', description: '', inclusion: '', exclusion: '' }),
  ]);
  const said = { model: 'lab/oracle', promptVersion: 1, cosine: 0.5, costUsd: 0.001, traceId: 't' };
  const sides = ['aaaa', 'bbbb'].map((clusterId) => ({ clusterId, texts: 5 }));
  await insertClusterChecks(clickhouse.client, { project: 'default', runId: 'r', at: begun.startedAt.toISOString() }, [
    { ...said, kind: 'split', verdict: 'two', outcome: 'split', reason: 'Cards, and PINs.', sides },
    { ...said, kind: 'merge', verdict: null, outcome: 'kept', reason: 'No answer.', sides, costUsd: null, traceId: null },
  ]);
});
afterAll(async () => {
  server?.close();
  await plane?.close();
  await clickhouse?.stop();
});

function stillhouse(...args: string[]) {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { PATH: process.env['PATH']!, HOME: process.env['HOME']!, STILLHOUSE_URL: url, STILLHOUSE_API_KEY: 'key' };
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [BIN, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('clusters are listed with what they are, shown, and called something else', async () => {
  const listed = await stillhouse('clusters');
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(listed.stdout).toMatch(/aaaa +Card not arrived/);
  expect(listed.stdout).toContain('1 of 2 names are keywords: --naming <target>');
  const shown = await stillhouse('clusters', 'show', 'aaaa');
  expect(shown.stdout).toMatch(/belongs +Whoever waits\./);
  expect(shown.stdout).toMatch(/one task +yes: The answers are one of a few labels\./);
  expect(await stillhouse('clusters', 'rename', 'bbbb', 'PIN is blocked')).toMatchObject({
    code: 0,
    stdout: 'bbbb is called "PIN is blocked".\n',
  });
  expect((await stillhouse('clusters', 'rename', 'bbbb', 'card not ARRIVED')).stderr).toMatch(/^name: the cluster aaaa is called/);
  const { items } = JSON.parse((await stillhouse('clusters', 'list', '--json')).stdout) as { items: { id: string; namedBy: string }[] };
  expect(items.find(({ id }) => id === 'bbbb')).toMatchObject({ name: 'PIN is blocked', namedBy: 'person' });
  expect((await stillhouse('clusters', 'runs')).stdout).toMatch(/weekly +cluster +completed +2 +40/);
});

test('usage by cluster says what the clusters are called', async () => {
  const { id, ts } = traceRow(1);
  const call = { id, ts, alias: 'support', target: 'lab/oracle', keyId: 'k', status: 'ok', tokensIn: 70, tokensOut: 9, costUsd: 0.25 };
  const read = { ...call, latencyMs: 20, request: '', promptText: '', answerText: '' };
  const at = new Date().toISOString();
  await insertAssignments(clickhouse.client, { project: 'default', runId: 'r', at }, [
    { call: read, clusterId: 'aaaa', similarity: 0.9, outlier: false },
  ]);
  const usage = await stillhouse('usage', '--by', 'cluster,day');
  expect(usage.stdout).toMatch(/^cluster +cluster's name +day +calls[^]*\naaaa +Card not arrived +\d{4}-\d\d-\d\d +1 +0 +70 +9 /);
});

test('what a model has made of borders is told with its reason', async () => {
  const told = await stillhouse('clusters', 'checks', 'weekly');
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toMatch(/split +two\? +two +Card not arrived \| .* +5 \+ 5 .*Cards, and PINs\./);
  const { items } = JSON.parse((await stillhouse('clusters', 'checks', 'weekly', '--json')).stdout) as { items: object[] };
  expect(items[1]).toMatchObject({ verdict: null, outcome: 'kept', traceId: null, costUsd: null });
  expect(await stillhouse('clusters', 'run', '--checks', 'many')).toMatchObject({ code: 2, stderr: expect.stringMatching(/whole number/) });
});

test('what is wrong is said in a sentence', async () => {
  expect(await stillhouse('clusters', 'show', 'nope')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^There is no cluster "nope"/),
  });
  expect(await stillhouse('clusters', 'run', '--granularity', '2')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/from 0 to 1/),
  });
  expect(await stillhouse('clusters', 'run', '--every', 'day')).toMatchObject({ code: 2 });
  const assign = await stillhouse('clusters', 'run', '--assign', '--alias', 'unseen', '--no-wait');
  expect(assign).toMatchObject({ code: 1, stderr: expect.stringMatching(/no clusters of these traces yet|not answer|try again/) });
});
