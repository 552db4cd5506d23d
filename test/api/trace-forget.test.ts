import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TABLES } from '../../contracts/names.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { readDatasetRows } from '../../store/clickhouse/datasets.ts';
import { insertFeedback } from '../../store/clickhouse/feedback.ts';
import { storeImage } from '../../store/images/stored-images.ts';
import { until } from '../support/until.ts';
import type { TestWorker } from '../support/worker.ts';
import { call, type ForgetBench, startForgetBench } from './forget-fixture.ts';

/** Stands in every text of the one user, in several writings. */
const MARKER = 'zanzibarquartz';

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

const filesWith = (text: string) => {
  try {
    return execFileSync('grep', ['-rl', text, bench.plane.artifacts.slice('file:'.length)], { encoding: 'utf8' })
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
  await storeImage(bench.artifacts(), project, image, png);
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
  await bench.record([...mine, ...theirs, pipeline]);
  const said = { trace_id: mine[1]!.id, comment: `${MARKER} said so` };
  await insertFeedback(bench.store(), project, { id: randomUUID(), at: new Date().toISOString(), keyId: 'k', said });
  const dataset = await bench.plane.sdkOf(project).datasets.create({
    name: 'orders',
    source: { traces: { alias: 'support' } },
    task: { kind: 'label', labels: ['yes', 'no'] },
    splits: { train: 0.6, validation: 0.15, test: 0.25 },
  });
  await until(
    'the dataset is ready',
    async () => (await bench.plane.sdkOf(project).datasets.get('orders', dataset.version)).status === 'ready',
    60_000,
  );
  const curated = { rowId: 'x', messages: [{ role: 'user', content: mine[2]!.prompt_text }], answer: 'yes' };
  await bench.artifacts().put(`distillations/${project}/d/curated-0123.jsonl`, Buffer.from(`${JSON.stringify(curated)}\n`));
  await bench.artifacts().put(`distillations/${project}/other/curated-0123.jsonl`, Buffer.from('{"rowId":"y"}\n'));
  return { mine, theirs, image };
}

test('a user is forgotten in every table and every file, through kills at each stage; others are as they were', async () => {
  const { mine, theirs, image } = await populate('shop');
  const other = await populate('elsewhere');
  const sdk = bench.plane.sdkOf('shop');
  expect(await sdk.traces.countToForget({ user: MARKER })).toBe(12);
  expect((await bench.tablesWith(MARKER)).sort()).toEqual(['dataset_rows', 'feedback', 'traces']);
  const before = await readDatasetRows(bench.store(), 'shop', { name: 'orders', version: 1 }, { split: 'train' });

  await worker.stop();
  const handle = await bench.forget('shop', { user: MARKER });
  for (const activity of ['markForgotten', 'removeForgotten', 'endForgetting']) {
    const dying = await bench.startWorker(activity, 'end');
    expect(await dying.exited).toBeNull();
  }
  worker = await bench.startWorker();
  const report = await handle.result();
  expect(report).toMatchObject({ status: 'completed', error: null });
  const { items } = await sdk.traces.page({ limit: 200 });
  expect(items.map(({ id }) => id).sort()).toEqual(theirs.map(({ id }) => id).sort());

  // Only the other project's are left, and nothing of hers was touched.
  const shop = await bench.store().query({ query: `SELECT * FROM ${TABLES.traces} WHERE project = 'shop'`, format: 'JSONEachRow' });
  expect(await shop.text()).not.toContain(MARKER);
  for (const table of [TABLES.datasetRows, TABLES.feedback, TABLES.attempts, TABLES.imageUses]) {
    const rows = await (
      await bench.store().query({ query: `SELECT * FROM ${table} WHERE project = 'shop'`, format: 'JSONEachRow' })
    ).text();
    expect([MARKER, ...mine.map(({ id }) => id)].filter((left) => rows.includes(left))).toEqual([]);
  }
  expect(filesWith(MARKER).filter((path) => path.includes('/shop/'))).toEqual([]);
  expect(await bench.artifacts().list('images/shop/')).toEqual([]);
  expect(await bench.artifacts().list('distillations/shop/')).toEqual(['distillations/shop/other/curated-0123.jsonl']);
  expect(await bench.artifacts().list(`images/elsewhere/`)).toEqual([`images/elsewhere/${image}`]);
  expect(await bench.plane.sdkOf('elsewhere').traces.countToForget({ user: MARKER })).toBe(12);
  expect(other.mine).toHaveLength(12);
  expect(filesWith(MARKER).length).toBeGreaterThan(0);

  // The dataset says what it has lost, and holds the rest.
  const after = await readDatasetRows(bench.store(), 'shop', { name: 'orders', version: 1 }, { split: 'train' });
  expect(after.length).toBeLessThan(before.length);
  expect(after.every(({ traceId }) => theirs.some(({ id }) => id === traceId))).toBe(true);
  expect(await sdk.datasets.get('orders')).toMatchObject({ forgottenRows: 12 });
  expect((await bench.plane.sdkOf('elsewhere').datasets.get('orders')).forgottenRows).toBe(0);
}, 240_000);

test('by HTTP: begun, shown, and no id of another project is touched', async () => {
  const mine = call('here', 0, 'a');
  await bench.record([mine, call('there', 0, 'a')]);
  const begun = await bench.plane.sdkOf('there').traces.forget({ ids: [mine.id] });
  expect(begun.status).toBe('running');
  expect(await bench.plane.sdkOf('there').traces.forgettingState(begun.name)).toMatchObject({ name: begun.name });
  await expect(bench.plane.sdkOf('here').traces.forgettingState(begun.name)).rejects.toThrow('Nothing was asked');
  expect(await bench.plane.sdkOf('there').traces.countToForget({ ids: [mine.id] })).toBe(0);
  await until('it is marked', async () => (await bench.tablesWith(mine.id)).includes(TABLES.forgotten), 30_000);
  expect((await bench.plane.sdkOf('here').traces.get(mine.id)).id).toBe(mine.id);
  expect((await bench.plane.call('POST', '/api/traces/forget', {})).status).toBe(400);
  expect((await bench.plane.call('POST', '/api/traces/forget', { ids: ["' OR 1=1"] })).status).toBe(400);
}, 60_000);
