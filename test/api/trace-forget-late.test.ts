import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterSource } from '../../contracts/clusters.ts';
import { HEADERS } from '../../contracts/http.ts';
import { TABLES } from '../../contracts/names.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { forgetLate } from '../../gateway/tracing/forget-late.ts';
import { clusterCalls } from '../../store/clickhouse/cluster-source.ts';
import { countDatasetTraces, datasetTraces } from '../../store/clickhouse/dataset-source.ts';
import { noteForgotten } from '../../store/clickhouse/forget.ts';
import { labProvider, startGatewayProcess } from '../gateway/gateway-process.ts';
import { answerWith, startUpstream } from '../gateway/upstream.ts';
import { traceRow } from '../store/trace-fixtures.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import type { TestWorker } from '../support/worker.ts';
import { call, type ForgetBench, startForgetBench } from './forget-fixture.ts';

let bench: ForgetBench;
let worker: TestWorker;

beforeAll(async () => {
  bench = await startForgetBench();
  worker = await bench.startWorker();
}, 180_000);
afterAll(async () => {
  await worker?.stop();
  await bench?.stop();
});

/** Nothing of the project but this call is shown, counted, exported, or read for datasets and clusters. */
async function onlyReadable(project: string, { id }: TraceRow): Promise<void> {
  const soon = new Date(Date.now() + 60_000).toISOString();
  const sdk = bench.plane.sdkOf(project);
  const { traces } = sdk;
  const used = await sdk.usage({ by: ['user'], since: '2000-01-01T00:00:00Z', until: soon });
  expect(used.items.reduce((sum, { calls }) => sum + calls, 0)).toBe(1);
  const page = await traces.page({ count: 'true' });
  expect([page.items.map((item) => item.id), page.count?.traces]).toEqual([[id], 1]);
  const exported = await new Response(await traces.export({ format: 'jsonl' })).text();
  expect(
    exported
      .trim()
      .split('\n')
      .map((line: string) => (JSON.parse(line) as { id: string }).id),
  ).toEqual([id]);
  const read = async (pages: AsyncIterable<{ id: string }[]>) => (await Array.fromAsync(pages)).flat().map((row) => row.id);
  expect(await read(datasetTraces(bench.store(), project, {}, soon))).toEqual([id]);
  expect(await countDatasetTraces(bench.store(), project, {}, soon)).toBe(1);
  expect(await read(clusterCalls(bench.store(), project, ClusterSource.parse({}), { until: soon }))).toEqual([id]);
}

test('what comes after it was forgotten goes, too; calls of later are nobody that was forgotten', async () => {
  const user = 'late-zanzibarquartz';
  const early = [0, 1].map((n) => call('late', n, user));
  await bench.record([early[0]!]);
  await (await bench.forget('late', { user, ids: [early[1]!.id] })).result();
  const later = traceRow(Date.now(), { project: 'late', user_id: user });
  const inSpool = call('late', 2, user);
  await bench.record([early[0]!, early[1]!, inSpool, later]);
  // Removed with the next look; until then read by nobody.
  await onlyReadable('late', later);
  const file = { messages: [{ role: 'user', content: inSpool.prompt_text }] };
  await bench.artifacts().put('distillations/late/d/curated-4567.jsonl', Buffer.from(`${JSON.stringify(file)}\n`));
  expect(await forgetLate(bench.store(), bench.artifacts(), 'late')).toBe(true);
  expect(await bench.artifacts().list('distillations/late/')).toEqual([]);
  const { items } = await bench.plane.sdkOf('late').traces.page({});
  expect(items.map(({ id }) => id)).toEqual([later.id]);
  expect(await forgetLate(bench.store(), bench.artifacts(), 'late')).toBe(false);
  expect(await forgetLate(bench.store(), bench.artifacts(), 'nobody')).toBe(false);
}, 60_000);

test.each([
  ['user', { user: 'ann' }, { user_id: 'ann' }],
  ['session', { session: 'a b' }, { session_id: 'a b' }],
  ['metadata', { metadata: { 'customer=x': 'c=17 é' } }, { metadata: { 'customer=x': 'c=17 é', other: '1' } }],
  ['pairs', { metadata: { 'customer=x': 'c=17', user: 'é' } }, { metadata: { user: 'é', other: '1', 'customer=x': 'c=17' } }],
])(
  'by %s: those calls and no others, hidden from when they come, whatever comes later of it stays',
  async (kind, request, values) => {
    const project = `by-${kind}`;
    const others: Partial<TraceRow>[] = [
      {},
      { metadata: { customer: 'x=c=17 é' } },
      { metadata: { 'customer=x': 'c=17' } },
      { metadata: { user: 'é', 'customer=x': 'c=18' } },
      { user_id: 'anna', session_id: 'a' },
    ];
    const kept = others.map((value, n) => call(project, n, 'somebody', value));
    const pipeline = call(project, 50, 'somebody', { ...values, origin: 'pipeline' });
    await bench.record([...kept, pipeline, ...[10, 11].map((n) => call(project, n, 'somebody', values))]);
    const sdk = bench.plane.sdkOf(project);
    expect(await sdk.traces.forgetPreview(request)).toEqual({ traces: 2, warnings: [] });
    await worker.stop();
    const handle = await bench.forget(project, request);
    if (kind !== 'user' && kind !== 'session') {
      const dying = await bench.startWorker('markForgotten', 'end');
      expect(await dying.exited).toBeNull();
    } else {
      await noteForgotten(bench.store(), project, request, new Date().toISOString());
    }
    const shown = async () => (await sdk.traces.page({ limit: 200 })).items.map(({ id }) => id).sort();
    const left = [...kept, pipeline].map(({ id }) => id).sort();
    // On record, and nothing removed yet.
    expect(await shown()).toEqual(left);
    worker = await bench.startWorker();
    expect((await handle.result()).counts).toMatchObject({ traces: 2, pipelineTraces: 0 });
    expect(await shown()).toEqual(left);
    const late = call(project, 12, 'somebody', values);
    const later = traceRow(Date.now(), { project, ...values });
    await bench.record([late, later]);
    expect(await shown()).toEqual([...left, later.id].sort());
    expect(await forgetLate(bench.store(), bench.artifacts(), project)).toBe(true);
    expect(await shown()).toEqual([...left, later.id].sort());
    expect(await bench.tablesWith(late.id)).toEqual([TABLES.forgotten]);
  },
  120_000,
);

test('what a project masks is not told by its name, and the preview says so', async () => {
  await bench.plane.sdk.projects.create({ name: 'masked', privacy: { mask: ['email'], fields: ['metadata.account'] } });
  const sdk = bench.plane.sdkOf('masked');
  await until('the settings are there', async () => (await sdk.traces.forgetPreview({ user: 'a@b.example' })).warnings.length > 0);
  const { warnings } = await sdk.traces.forgetPreview({ user: 'a@b.example', session: 'plain', metadata: { other: '1', account: '17' } });
  expect(warnings).toEqual([expect.stringContaining('user as "[email]"'), expect.stringContaining('pair as "account=[removed]"')]);
  expect((await sdk.traces.forgetPreview({ user: 'u-1', metadata: { other: '17' } })).warnings).toEqual([]);
});

test('cancelled at once, what was asked is on record all the same, and is removed as what comes late is', async () => {
  await bench.record([0, 1].map((n) => call('cancelled', n, 'zanzibarquartz')));
  const handle = await bench.forget('cancelled', { user: 'zanzibarquartz' });
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
  await forgetLate(bench.store(), bench.artifacts(), 'cancelled');
  expect((await bench.plane.sdkOf('cancelled').traces.page({})).items).toEqual([]);
}, 60_000);

test('what lay in the spool of a gateway that was killed meanwhile is shipped by the next one, and is gone with the next look', async () => {
  const wire = await startTcpProxy(new URL(bench.bench.clickhouse.url).host);
  const upstream = await startUpstream(answerWith('yes'));
  const gateway = await startGatewayProcess({ clickhouseUrl: `http://${wire.address}`, providers: [labProvider(upstream.url)] });
  try {
    const ask = async (asker: string) => {
      const body = { model: 'lab/test', user: asker, messages: [{ role: 'user', content: `I am ${asker}, where is my order?` }] };
      const answer = await gateway.post(body);
      expect(answer.status).toBe(200);
      return answer.headers.get(HEADERS.traceId)!;
    };
    const user = 'spooledquartz';
    const other = await ask('somebody');
    wire.cut();
    const late = await ask(user);
    await gateway.kill();
    expect((await bench.forget('default', { user }).then((handle) => handle.result())).counts).toMatchObject({ traces: 0 });
    wire.mend();
    await gateway.restart();
    const shown = async () => (await bench.plane.sdk.traces.page({})).items.map(({ id }) => id).filter((id) => id === other || id === late);
    await until('the spool is adopted and shipped', async () => (await bench.tablesWith(late)).includes(TABLES.traces), 30_000);
    expect(await shown()).toEqual([other]);
    await expect(bench.plane.sdk.traces.get(late)).rejects.toThrow('no trace');
    expect(await forgetLate(bench.store(), bench.artifacts(), 'default')).toBe(true);
    expect(await shown()).toEqual([other]);
    expect(await bench.tablesWith(user)).toEqual([]);
  } finally {
    await gateway.dispose();
    await Promise.all([upstream.stop(), wire.stop()]);
  }
}, 120_000);
