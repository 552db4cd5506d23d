import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chosenRows } from '../../activities/dataset/chosen-rows.ts';
import { BuildDatasetInput, DEFAULT_SPLITS, type Dataset, type DatasetRequest, SPLITS } from '../../contracts/datasets.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { TraceFilter } from '../../contracts/traces.ts';
import { datasetSourceHash } from '../../platform/content-hash.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { goldOf, readDataset, readDatasetRows } from '../../store/clickhouse/datasets.ts';
import { insertAssignments } from '../../store/clickhouse/cluster-assignments.ts';
import { insertClusters } from '../../store/clickhouse/clusters.ts';
import { insertFeedback } from '../../store/clickhouse/feedback.ts';
import { listTraces } from '../../store/clickhouse/trace-list.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { clusterFixture } from '../store/cluster-fixture.ts';
import { linesOf, traceRow } from '../store/trace-fixtures.ts';
import { type DistilBench, startDistilBench } from '../support/distil-bench.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';

let bench: DistilBench;
let worker: TestWorker;
let client: Client;
let home: string;

beforeAll(async () => {
  bench = await startDistilBench();
  client = await bench.client();
  home = bench.folder();
  worker = await startTestWorker({ env: bench.workerEnv(home) });
}, 120_000);
afterAll(async () => {
  await worker?.stop();
  await bench?.stop();
});

const store = () => bench.clickhouse.client;
const begin = (request: DatasetRequest) => {
  const input = { ...request, splits: request.splits ?? DEFAULT_SPLITS };
  return client.workflow.start(WORKFLOWS.buildDataset, {
    workflowId: workflowIds.buildDataset('default', request.name, datasetSourceHash(input)),
    taskQueue: QUEUES.main,
    args: [input],
  });
};
async function build(request: DatasetRequest): Promise<Dataset> {
  await (await begin(request)).result().catch(() => undefined);
  return (await readDataset(store(), 'default', request.name))!;
}
async function upload(lines: object[]): Promise<string> {
  const bytes = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));
  const file = createHash('sha256').update(bytes).digest('hex');
  await openArtifactStore(`file:${join(home, 'artifacts')}`).put(`files/${file}.jsonl`, bytes);
  return file;
}
const labelled = (count: number, answer: (i: number) => string = (i) => (i % 2 === 0 ? 'yes' : 'no')) =>
  Array.from({ length: count }, (_, i) => ({ messages: [{ role: 'user', content: `question ${i}` }], answer: answer(i) }));
const LABEL: DatasetRequest['task'] = { kind: 'label', labels: ['yes', 'no'] };

let nextSegment = 0;
async function record(
  count: number,
  values: Parameters<typeof traceRow>[1] | ((i: number) => Parameters<typeof traceRow>[1]),
): Promise<void> {
  const rows = Array.from({ length: count }, (_, i) =>
    traceRow(Date.now() - 60_000 + i, typeof values === 'function' ? values(i) : values),
  );
  await insertTraceSegment(store(), { token: `segment-${nextSegment++}`, lines: linesOf(rows) });
}
const asked = (content: string, more: object = {}) => JSON.stringify({ model: 'smart', messages: [{ role: 'user', content }], ...more });

test('traces become rows; failed and interrupted ones, the pipeline and other aliases stay out; gold lies apart', async () => {
  await record(120, (i) => ({
    alias: 'a',
    request: asked(` Question ${i % 100} `, { temperature: 0, top_p: 0.9, seed: 1 }),
    answer_text: i % 2 ? 'no' : ' yes',
    metadata: { gold: 'yes', run: 'x' },
  }));
  await record(5, { alias: 'a', status: 'interrupted', request: asked('lost') });
  await record(5, { alias: 'a', status: 'error', request: asked('bad') });
  await record(5, { alias: 'a', origin: 'pipeline', request: asked('ours') });
  await record(5, { alias: 'b', request: asked('other') });
  await record(3, { alias: 'a', request: asked('odd'), answer_text: 'perhaps' });
  await record(2, { alias: 'a', request: asked('  '), answer_text: 'yes' });
  await record(4, { alias: 'a', request: '', prompt_text: '', answer_text: '', bodies: 'not_stored' });
  const dataset = await build({ name: 'traced', source: { traces: { alias: 'a' } }, task: LABEL });
  expect(dataset).toMatchObject({ status: 'ready', version: 1, goldRows: 120, labels: { yes: 60, no: 60 } });
  expect(dataset.skipped).toEqual({
    'outside the label set': 3,
    'empty prompt': 2,
    'body not stored, by the share that the project stores': 4,
  });
  expect(dataset.warnings.join()).toMatch(/outside the label set: trace [0-9a-f-]{36}/);
  const groups = new Map<string, string>();
  const ids = new Set<string>();
  for (const split of SPLITS) {
    const rows = await readDatasetRows(store(), 'default', dataset, { split });
    expect(rows).toHaveLength(dataset.rows[split]);
    expect(rows.map((row) => row.position)).toEqual(rows.map((_, i) => i));
    expect((await goldOf(store(), 'default', dataset, split)).size).toBe(rows.length);
    for (const row of rows) {
      expect(groups.get(row.group) ?? split).toBe(split);
      groups.set(row.group, split);
      ids.add(row.rowId);
      expect(row).toMatchObject({ parameters: { top_p: 0.9 }, referenceTarget: 'mock/gpt', promptTokens: 12 });
      expect(row.messages).toEqual([{ role: 'user', content: expect.stringMatching(/^ Question \d+ $/) as string }]);
    }
  }
  expect([ids.size, groups.size]).toEqual([120, 100]);
});

test('a corrected answer is gold, and comes before what the app sent along', async () => {
  await record(120, (i) => ({
    alias: 'said',
    request: asked(`Question ${i}`),
    answer_text: i % 2 ? 'no' : 'yes',
    metadata: (i < 2 ? { gold: 'no' } : {}) as Record<string, string>,
  }));
  const { items } = await listTraces(store(), 'default', TraceFilter.parse({ alias: 'said', limit: 500 }));
  // The oldest two have gold of the app's own.
  const [known, other, silent] = items.toReversed();
  const say = (trace_id: string, corrected_answer: string, at: number) =>
    insertFeedback(store(), 'default', {
      id: randomUUID(),
      at: new Date(at).toISOString(),
      keyId: 'k',
      said: { trace_id, corrected_answer },
    });
  await say(known!.id, 'no', Date.now() - 2000);
  await say(known!.id, 'yes', Date.now() - 1000);
  await say(silent!.id, 'yes', Date.now() - 1000);
  const dataset = await build({ name: 'said', source: { traces: { alias: 'said' } }, task: LABEL });
  expect(dataset).toMatchObject({ status: 'ready', goldRows: 3 });
  const gold = new Map((await Promise.all(SPLITS.map(async (split) => [...(await goldOf(store(), 'default', dataset, split))]))).flat());
  const rows = (await Promise.all(SPLITS.map((split) => readDatasetRows(store(), 'default', dataset, { split })))).flat();
  const goldOfTrace = (id: string) => gold.get(rows.find(({ traceId }) => traceId === id)!.rowId);
  expect([known, other, silent].map((trace) => goldOfTrace(trace!.id))).toEqual(['yes', 'no', 'yes']);
});

/** Puts an alias's traces into clusters. */
async function cluster(alias: string, runId: string, clusterOf: (i: number) => string): Promise<string[]> {
  const { items } = await listTraces(store(), 'default', TraceFilter.parse({ alias, limit: 500 }));
  const oldestFirst = items.toReversed();
  const assignments = oldestFirst.map((trace, i) => ({
    call: { ...trace, ts: trace.at, keyId: '', request: '', promptText: trace.prompt, answerText: trace.answer },
    clusterId: clusterOf(i),
    similarity: 0.9,
    outlier: i === 0,
  }));
  await insertAssignments(store(), { project: 'default', runId, at: new Date(Date.now() + nextSegment++).toISOString() }, assignments);
  return oldestFirst.map(({ id }) => id);
}

test('from a cluster: its traces without outliers, also where they move on while it is built', async () => {
  await record(120, (i) => ({ alias: 'parted', request: asked(`Question ${i}`), answer_text: i % 2 ? 'no' : 'yes' }));
  const ids = await cluster('parted', 'run-1', (i) => (i < 80 ? 'c-large' : 'c-small'));
  const dataset = await build({ name: 'parted', source: { traces: { cluster: 'c-large' } }, task: LABEL });
  const rows = (await Promise.all(SPLITS.map((split) => readDatasetRows(store(), 'default', dataset, { split })))).flat();
  expect(rows.map(({ traceId }) => traceId).sort()).toEqual(ids.slice(1, 80).sort());
  expect(dataset.warnings).toEqual([]);

  const setting = {
    clickhouse: store(),
    artifacts: openArtifactStore(`file:${join(home, 'artifacts')}`),
    temporaryFolder: join(home, 'tmp'),
  };
  const again = {
    input: BuildDatasetInput.parse({ name: 'parted', source: dataset.source, task: LABEL }),
    startedAt: new Date().toISOString(),
  };
  const chosen = new Map(rows.map(({ rowId, split, position }) => [rowId, { split, position }]));
  await cluster('parted', 'run-2', (i) => (i < 40 ? 'c-large' : 'c-other'));
  const read = (await Array.fromAsync(chosenRows(setting, again, chosen))).flat();
  expect(read.map(({ row, at }) => ({ ...row, ...at })).sort(byTrace)).toEqual(rows.sort(byTrace));
  const lost = new Map([...chosen, ['gone', { split: 'train', position: 99 } as const]]);
  await expect(Array.fromAsync(chosenRows(setting, again, lost))).rejects.toMatchObject({ code: 'dataset_invalid' });
});
const byTrace = (a: { traceId: string }, b: { traceId: string }) => (a.traceId < b.traceId ? -1 : 1);

test('a mixed bag is said, with the clusters to build from instead', async () => {
  await record(120, (i) => ({ alias: 'bag', request: asked(`Question ${i}`), answer_text: i % 2 ? 'no' : 'yes' }));
  await cluster('bag', 'run-3', (i) => (i < 60 ? 'c-triage' : 'c-extract'));
  const { task } = clusterFixture({});
  await insertClusters(store(), [
    clusterFixture({ id: 'c-triage', name: 'Triage' }),
    clusterFixture({ id: 'c-extract', name: 'Orders', task: { ...task, kind: 'json' } }),
  ]);
  const dataset = await build({ name: 'bag', source: { traces: { alias: 'bag' } }, task: LABEL });
  expect(dataset.warnings[0]).toMatch(/mixed bag of 2 tasks.*50 % json: cluster c-extract "Orders"; 50 % label: cluster c-triage "Triage"/);
  const one = await build({ name: 'bag-triage', source: { traces: { alias: 'bag', cluster: 'c-triage' } }, task: LABEL });
  expect([one.status, one.warnings]).toEqual(['ready', []]);
});

test('another source makes a new version, in which no row changes its split', async () => {
  const first = await build({ name: 'grows', source: { file: await upload(labelled(80)) }, task: LABEL });
  const second = await build({ name: 'grows', source: { file: await upload(labelled(160)) }, task: LABEL });
  expect([first.version, second.version, second.status]).toEqual([1, 2, 'ready']);
  const splitsOf = async (dataset: Dataset) => {
    const all = await Promise.all(SPLITS.map((split) => readDatasetRows(store(), 'default', dataset, { split })));
    return new Map(all.flat().map((row) => [row.group, row.split]));
  };
  const [before, after] = await Promise.all([splitsOf(first), splitsOf(second)]);
  for (const [group, split] of before) expect(after.get(group)).toBe(split);
  // Other shares would move rows: there is no such version.
  const third = { file: await upload(labelled(170)) };
  const handle = await begin({ name: 'grows', source: third, task: LABEL, splits: { train: 0.8, validation: 0.1, test: 0.1 } });
  await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'conflict' } } });
  expect((await readDataset(store(), 'default', 'grows'))!.version).toBe(2);
});

test('builds of one name at once get versions of their own', async () => {
  const sources = await Promise.all([60, 61, 62].map(async (count) => ({ file: await upload(labelled(count)) })));
  const handles = await Promise.all(sources.map((source) => begin({ name: 'at-once', source, task: LABEL })));
  const results = await Promise.all(handles.map((handle) => handle.result()));
  expect(results.map((result) => (result as Dataset).version).sort((a, b) => a - b)).toEqual([1, 2, 3]);
  for (const { version, rows } of results as Dataset[])
    expect((await readDatasetRows(store(), 'default', { name: 'at-once', version }, { split: 'train' })).length).toBe(rows.train);
});

test('a worker that is killed amid a build leaves one version with every row once', async () => {
  const source = { file: await upload(labelled(6_000)) };
  const handle = await begin({ name: 'killed', source, task: LABEL });
  await expect.poll(async () => (await handle.describe()).historyLength, { timeout: 30_000 }).toBeGreaterThan(12);
  await worker.kill();
  worker = await startTestWorker({ env: bench.workerEnv(home) });
  await handle.result();
  const dataset = (await readDataset(store(), 'default', 'killed'))!;
  expect(dataset).toMatchObject({ status: 'ready', version: 1 });
  const all = await Promise.all(SPLITS.map((split) => readDatasetRows(store(), 'default', dataset, { split })));
  expect(new Set(all.flat().map((row) => row.rowId)).size).toBe(6_000);
});

test('what can not be learned from is refused, with the row and the numbers', async () => {
  const errorOf = async (name: string, lines: object[], task: DatasetRequest['task'] = LABEL) => {
    const dataset = await build({ name, source: { file: await upload(lines) }, task });
    expect(dataset.status).toBe('failed');
    return dataset.error;
  };
  expect(await errorOf('tiny', labelled(6))).toMatch(
    /^6 rows in 6 groups of near-duplicates are too few to split \(\d train, \d validation, \d test\)/,
  );
  expect(
    await errorOf(
      'one',
      labelled(60, () => 'yes'),
    ),
  ).toBe('All 60 rows have the label "yes": there is nothing to tell apart.');
  expect(
    await errorOf(
      'outside',
      labelled(60, (i) => (i === 6 ? 'perhaps' : i % 2 ? 'yes' : 'no')),
    ),
  ).toBe('outside the label set: line 7');
  expect(await errorOf('empty', [...labelled(60), { messages: [{ role: 'user', content: ' ' }], answer: 'yes' }])).toBe(
    'empty prompt: line 61',
  );
  expect(
    await errorOf(
      'free',
      labelled(60, (i) => `answer ${i}`),
      { kind: 'label' },
    ),
  ).toMatch(/60 rows have 60 different answers/);
  const nothing = await build({ name: 'nothing', source: { traces: { alias: 'nobody' } }, task: LABEL });
  expect(nothing).toMatchObject({ status: 'failed', error: 'There are no rows: the source has no usable call.' });
});
