import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Forgetting } from '../../contracts/forget.ts';
import { QUEUES, TABLES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { forgetLate } from '../../gateway/tracing/forget-late.ts';
import { canonicalJson } from '../../platform/content-hash.ts';
import { keepForgetRequest } from '../../store/artifacts/forget-artifacts.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { readDatasetRows } from '../../store/clickhouse/datasets.ts';
import { insertFeedback } from '../../store/clickhouse/feedback.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { storeImage } from '../../store/images/stored-images.ts';
import { linesOf, traceRow } from '../store/trace-fixtures.ts';
import { type DistilBench, startDistilBench } from '../support/distil-bench.ts';
import { quietTemporal, workflowBundle } from '../support/stub-worker.ts';
import { until } from '../support/until.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { type TestControlPlane, startControlPlane } from './control-plane.ts';

const KILLED_WORKER = fileURLToPath(new URL('../chaos/killed-worker.ts', import.meta.url));
/** Stands in every text of the one user, in several writings. */
const MARKER = 'zanzibarquartz';

let bench: DistilBench;
let plane: TestControlPlane;
let worker: TestWorker;
let bundle: string;
let segment = 0;

beforeAll(async () => {
  quietTemporal();
  bench = await startDistilBench();
  plane = await startControlPlane(bench.clickhouse.client, bench.temporal.address);
  bundle = join(bench.folder(), 'workflow-bundle.cjs');
  writeFileSync(bundle, ((await workflowBundle()) as { code: string }).code);
  worker = await startWorker();
}, 180_000);
afterAll(async () => {
  await worker?.stop();
  await plane?.close();
  await bench?.stop();
});

const startWorker = (activity = 'none', point = 'end') =>
  startTestWorker({
    path: KILLED_WORKER,
    programArguments: [activity, point, bundle],
    env: { ...bench.workerEnv(join(bench.folder(), 'home')), STILLHOUSE_ARTIFACTS: plane.artifacts },
  });
const store = () => bench.clickhouse.client;
const artifacts = () => openArtifactStore(plane.artifacts);

async function record(rows: TraceRow[]): Promise<void> {
  const token = `forget-test-${segment++}`;
  await insertTraceSegment(store(), { token, lines: linesOf(rows.map((row) => ({ ...row, segment_id: token }))) });
}

/** The n-th call of a user; its text is long and has quotes in it. */
function call(project: string, n: number, user: string, values: Partial<TraceRow> = {}): TraceRow {
  const text = `Please tell me about "item ${n}" of my order, I am ${user}, and where it is right now`;
  return traceRow(Date.now() - 3_600_000 + n * 10, {
    project,
    user_id: user,
    prompt_text: text,
    answer_text: n % 2 === 0 ? 'yes' : 'no',
    request: JSON.stringify({ messages: [{ role: 'user', content: text }] }),
    response: JSON.stringify({ choices: [{ message: { role: 'assistant', content: `${user}: ${n % 2 === 0 ? 'yes' : 'no'}` } }] }),
    attempts: [
      {
        target: 'a/b',
        provider: 'a',
        model: 'b',
        status: 200,
        error_class: '',
        latency_ms: 1,
        tokens_in: 1,
        tokens_out: 1,
        cost_usd: 0.001,
      },
    ],
    ...values,
  });
}

/** Tables of the store in which the text stands, in any column. */
async function tablesWith(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const table of Object.values(TABLES)) {
    const result = await store().query({ query: `SELECT * FROM ${table}`, format: 'JSONEachRow' });
    if ((await result.text()).includes(text)) found.push(table);
  }
  return found;
}
const filesWith = (text: string) => {
  try {
    return execFileSync('grep', ['-rl', text, plane.artifacts.slice('file:'.length)], { encoding: 'utf8' })
      .trim()
      .split('\n');
  } catch {
    return [];
  }
};

/** A project with calls of two users, and all that is made of calls. */
async function populate(project: string): Promise<{ mine: TraceRow[]; theirs: TraceRow[]; image: string }> {
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  const image = createHash('sha256').update(png).digest('hex');
  await storeImage(artifacts(), project, image, png);
  const mine = Array.from({ length: 12 }, (_, n) => call(project, n, MARKER));
  const theirs = Array.from({ length: 30 }, (_, n) => call(project, 100 + n, 'somebody'));
  mine[0]!.request = mine[0]!.request.replace('"messages"', `"image":"stillhouse:image/${image}","messages"`);
  const pipeline = call(project, 500, '', {
    origin: 'pipeline',
    prompt_text: 'Name these',
    request: JSON.stringify({
      messages: [{ role: 'user', content: `Name these: ${JSON.stringify([mine[3]!.prompt_text, theirs[3]!.prompt_text])}` }],
    }),
  });
  pipeline.request = JSON.stringify({ messages: [{ role: 'user', content: `Name these: ${mine[3]!.prompt_text}` }] });
  await record([...mine, ...theirs, pipeline]);
  const said = { trace_id: mine[1]!.id, comment: `${MARKER} said so` };
  await insertFeedback(store(), project, { id: randomUUID(), at: new Date().toISOString(), keyId: 'k', said });
  const dataset = await plane.sdkOf(project).datasets.create({
    name: 'orders',
    source: { traces: { alias: 'support' } },
    task: { kind: 'label', labels: ['yes', 'no'] },
    splits: { train: 0.6, validation: 0.15, test: 0.25 },
  });
  await until(
    'the dataset is ready',
    async () => (await plane.sdkOf(project).datasets.get('orders', dataset.version)).status === 'ready',
    60_000,
  );
  const curated = { rowId: 'x', messages: [{ role: 'user', content: mine[2]!.prompt_text }], answer: 'yes' };
  await artifacts().put(`distillations/${project}/d/curated-0123.jsonl`, Buffer.from(`${JSON.stringify(curated)}\n`));
  await artifacts().put(`distillations/${project}/other/curated-0123.jsonl`, Buffer.from('{"rowId":"y"}\n'));
  return { mine, theirs, image };
}

/** As the API does it, with less patience for what comes late. */
async function forget(project: string, request: Parameters<typeof keepForgetRequest>[3]['request']) {
  const name = createHash('sha256')
    .update(canonicalJson([project, request]))
    .digest('hex')
    .slice(0, 32);
  await keepForgetRequest(artifacts(), project, name, { request, startedAt: new Date().toISOString() });
  const client = await bench.client();
  return client.workflow.start<(input: unknown) => Promise<Forgetting>>(WORKFLOWS.forgetTraces, {
    workflowId: workflowIds.forgetTraces(project, name),
    taskQueue: QUEUES.main,
    args: [{ project, name, settleMs: 100 }],
  });
}

test('a user is forgotten in every table and every file, through kills at each stage; others are as they were', async () => {
  const { mine, theirs, image } = await populate('shop');
  const other = await populate('elsewhere');
  const sdk = plane.sdkOf('shop');
  expect(await sdk.traces.countToForget({ user: MARKER })).toBe(12);
  expect((await tablesWith(MARKER)).sort()).toEqual(['dataset_rows', 'feedback', 'traces']);
  const before = await readDatasetRows(store(), 'shop', { name: 'orders', version: 1 }, { split: 'train' });

  await worker.stop();
  const handle = await forget('shop', { user: MARKER });
  for (const activity of ['markForgotten', 'removeForgotten', 'endForgetting']) {
    const dying = await startWorker(activity, 'end');
    expect(await dying.exited).toBeNull();
  }
  worker = await startWorker();
  const report = await handle.result();
  expect(report).toMatchObject({ status: 'completed', error: null });
  const { items } = await sdk.traces.page({ limit: 200 });
  expect(items.map(({ id }) => id).sort()).toEqual(theirs.map(({ id }) => id).sort());

  // Only the other project's are left, and nothing of hers was touched.
  const shop = await store().query({ query: `SELECT * FROM ${TABLES.traces} WHERE project = 'shop'`, format: 'JSONEachRow' });
  expect(await shop.text()).not.toContain(MARKER);
  for (const table of [TABLES.datasetRows, TABLES.feedback, TABLES.attempts, TABLES.imageUses]) {
    const rows = await (await store().query({ query: `SELECT * FROM ${table} WHERE project = 'shop'`, format: 'JSONEachRow' })).text();
    expect([MARKER, ...mine.map(({ id }) => id)].filter((left) => rows.includes(left))).toEqual([]);
  }
  expect(filesWith(MARKER).filter((path) => path.includes('/shop/'))).toEqual([]);
  expect(await artifacts().list('images/shop/')).toEqual([]);
  expect(await artifacts().list('distillations/shop/')).toEqual(['distillations/shop/other/curated-0123.jsonl']);
  expect(await artifacts().list(`images/elsewhere/`)).toEqual([`images/elsewhere/${image}`]);
  expect(await plane.sdkOf('elsewhere').traces.countToForget({ user: MARKER })).toBe(12);
  expect(other.mine).toHaveLength(12);
  expect(filesWith(MARKER).length).toBeGreaterThan(0);

  // The dataset says what it has lost, and holds the rest.
  const after = await readDatasetRows(store(), 'shop', { name: 'orders', version: 1 }, { split: 'train' });
  expect(after.length).toBeLessThan(before.length);
  expect(after.every(({ traceId }) => theirs.some(({ id }) => id === traceId))).toBe(true);
  expect(await sdk.datasets.get('orders')).toMatchObject({ forgottenRows: 12 });
  expect((await plane.sdkOf('elsewhere').datasets.get('orders')).forgottenRows).toBe(0);
}, 240_000);

test('what comes after it was forgotten goes, too; calls of later are nobody that was forgotten', async () => {
  const user = `late-${MARKER}`;
  const early = [0, 1].map((n) => call('late', n, user));
  await record([early[0]!]);
  await (await forget('late', { user, ids: [early[1]!.id] })).result();
  const later = traceRow(Date.now() + 1000, { project: 'late', user_id: user });
  const inSpool = call('late', 2, user);
  await record([early[0]!, early[1]!, inSpool, later]);
  expect(await forgetLate(store(), artifacts(), 'late')).toBe(true);
  const { items } = await plane.sdkOf('late').traces.page({});
  expect(items.map(({ id }) => id)).toEqual([later.id]);
  expect(await forgetLate(store(), artifacts(), 'late')).toBe(false);
  expect(await forgetLate(store(), artifacts(), 'nobody')).toBe(false);
}, 60_000);

test('by HTTP: begun, shown, and no id of another project is touched', async () => {
  const mine = call('here', 0, 'a');
  await record([mine, call('there', 0, 'a')]);
  const begun = await plane.sdkOf('there').traces.forget({ ids: [mine.id] });
  expect(begun.status).toBe('running');
  expect(await plane.sdkOf('there').traces.forgettingState(begun.name)).toMatchObject({ name: begun.name });
  await expect(plane.sdkOf('here').traces.forgettingState(begun.name)).rejects.toThrow('Nothing was asked');
  expect(await plane.sdkOf('there').traces.countToForget({ ids: [mine.id] })).toBe(0);
  await until('it is marked', async () => (await tablesWith(mine.id)).includes(TABLES.forgotten), 30_000);
  expect((await plane.sdkOf('here').traces.get(mine.id)).id).toBe(mine.id);
  expect((await plane.call('POST', '/api/traces/forget', {})).status).toBe(400);
  expect((await plane.call('POST', '/api/traces/forget', { ids: ["' OR 1=1"] })).status).toBe(400);
}, 60_000);
