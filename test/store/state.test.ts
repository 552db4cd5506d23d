import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Candidate } from '../../contracts/candidates.ts';
import { Dataset, type DatasetRow } from '../../contracts/datasets.ts';
import { Distillation, type DistillationEvent, DistilInput } from '../../contracts/distil.ts';
import type { StateVersion } from '../../contracts/registry.ts';
import { appendCandidates, candidateSpend, candidatesOf } from '../../store/clickhouse/candidates.ts';
import {
  goldOf,
  insertDatasetRows,
  insertGold,
  listDatasets,
  readDataset,
  readDatasetRows,
  readNewestReady,
  recordDataset,
} from '../../store/clickhouse/datasets.ts';
import {
  appendDistillationEvents,
  distillationEventsAfter,
  listDistillations,
  readDistillation,
  recordDistillation,
} from '../../store/clickhouse/distillations.ts';
import { migrate } from '../../store/clickhouse/migrate.ts';
import { appendStateVersions, byRequestId, currentState, stateSince, versionsOf } from '../../store/clickhouse/state-versions.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse?.stop());

describe('state versions', () => {
  const version = (key: string, number: number, sequence: number, values: Partial<StateVersion> = {}): StateVersion => ({
    project: 'default',
    kind: 'alias',
    key,
    version: number,
    sequence,
    requestId: `request-${sequence}`,
    value: { "it's": [1, null] },
    reason: 'because',
    actor: 'me',
    createdAt: '2026-03-04T12:00:00.123Z',
    ...values,
  });

  it('are appended once a request, and read by sequence, key and request', async () => {
    const [a1, b1, a2] = [version('a', 1, 1), version('b', 1, 2), version('a', 2, 3)];
    await Promise.all([appendStateVersions(clickhouse.client, [a1]), appendStateVersions(clickhouse.client, [a1])]);
    await appendStateVersions(clickhouse.client, [b1]);
    await appendStateVersions(clickhouse.client, [a2]);
    // A retry that counted anew must not make a second version of the same request.
    await appendStateVersions(clickhouse.client, [{ ...a2, version: 3, sequence: 4 }]);
    await appendStateVersions(clickhouse.client, [version('a', 1, 1, { project: 'other' })]);
    expect(await currentState(clickhouse.client, 'default')).toEqual([b1, a2]);
    expect(await stateSince(clickhouse.client, 'default', 1)).toEqual([b1, a2]);
    expect(await stateSince(clickhouse.client, 'default', 3)).toEqual([]);
    expect(await versionsOf(clickhouse.client, 'default', 'alias', 'a')).toEqual([a1, a2]);
    expect(await byRequestId(clickhouse.client, 'default', 'request-2')).toEqual([b1]);
    expect(await byRequestId(clickhouse.client, 'other', 'request-2')).toEqual([]);
  });
});

describe('datasets', () => {
  const dataset = (values: Partial<Dataset> = {}): Dataset =>
    Dataset.parse({
      project: 'default',
      name: 'd',
      version: 1,
      hash: '',
      status: 'building',
      source: { traces: { alias: 'support' } },
      sourceHash: 'h',
      task: { kind: 'label' },
      splits: { train: 0.6, validation: 0.15, test: 0.25 },
      rows: { train: 0, validation: 0, test: 0 },
      goldRows: 0,
      labels: {},
      skipped: {},
      warnings: [],
      error: null,
      createdAt: '2026-03-04T12:00:00.000Z',
      updatedAt: '2026-03-04T12:00:00.000Z',
      ...values,
    });
  const row = (position: number, values: Partial<DatasetRow> = {}): DatasetRow => ({
    rowId: `row-${position}`,
    promptHash: `prompt-${position}`,
    group: `group-${position}`,
    split: 'train',
    position,
    messages: [{ role: 'user', content: 'it\'s\n"me" \\N' }],
    tools: null,
    responseFormat: null,
    parameters: { max_tokens: 5 },
    reference: 'a',
    referenceTarget: 'mock/gpt',
    promptTokens: 3,
    traceId: 't',
    ...values,
  });

  it('keep rows whose text is cut within a character, with U+FFFD in its place', async () => {
    const which = { name: 'cut', version: 1 };
    await insertDatasetRows(clickhouse.client, 'default', which, [row(0, { reference: 'cut \ud83d' })], 'cut');
    await insertGold(clickhouse.client, 'default', which, [{ rowId: 'row-0', gold: '\ude42' }], 'cut');
    expect(await readDatasetRows(clickhouse.client, 'default', which, { split: 'train' })).toMatchObject([{ reference: 'cut \ufffd' }]);
    expect(await goldOf(clickhouse.client, 'default', which, 'train')).toEqual(new Map([['row-0', '\ufffd']]));
  });

  it('are what their newest record says', async () => {
    await recordDataset(clickhouse.client, dataset({ status: 'ready', updatedAt: '2026-03-04T12:00:02.000Z' }));
    // An attempt that was slow records an older state after the newer one.
    await recordDataset(clickhouse.client, dataset({ updatedAt: '2026-03-04T12:00:01.000Z' }));
    await recordDataset(clickhouse.client, dataset({ version: 2 }));
    await recordDataset(clickhouse.client, dataset({ name: 'c', project: 'other' }));
    expect(await readDataset(clickhouse.client, 'default', 'd', 1)).toMatchObject({ status: 'ready' });
    expect(await readDataset(clickhouse.client, 'default', 'd')).toMatchObject({ version: 2, status: 'building' });
    expect(await readDataset(clickhouse.client, 'default', 'c')).toBeNull();
    expect(await readNewestReady(clickhouse.client, 'default', 'd')).toMatchObject({ version: 1, status: 'ready' });
    expect(await readNewestReady(clickhouse.client, 'default', 'c')).toBeNull();
    expect((await listDatasets(clickhouse.client, 'default')).map((one) => [one.version, one.status])).toEqual([
      [2, 'building'],
      [1, 'ready'],
    ]);
  });

  it('give their rows in ranges, once each, and their gold apart', async () => {
    const which = { name: 'd', version: 1 };
    const rows = Array.from({ length: 20 }, (_, n) => row(n));
    const test = row(0, { rowId: 'test-0', split: 'test', tools: [{ type: 'function' }], responseFormat: { type: 'json_object' } });
    await insertDatasetRows(clickhouse.client, 'default', which, rows, 'shard-0');
    await insertDatasetRows(clickhouse.client, 'default', which, rows, 'shard-0');
    await insertDatasetRows(clickhouse.client, 'default', which, [test, ...rows.slice(5, 9)], 'another token');
    await insertDatasetRows(clickhouse.client, 'default', { name: 'd', version: 2 }, [row(0)], 'version 2');
    expect(await readDatasetRows(clickhouse.client, 'default', which, { split: 'train' })).toEqual(rows);
    expect(await readDatasetRows(clickhouse.client, 'default', which, { split: 'train', from: 4, to: 7 })).toEqual(rows.slice(4, 7));
    expect(await readDatasetRows(clickhouse.client, 'default', which, { split: 'test' })).toEqual([test]);
    expect(await readDatasetRows(clickhouse.client, 'other', which, { split: 'train' })).toEqual([]);
    const gold = [
      { rowId: 'row-1', gold: 'x' },
      { rowId: 'test-0', gold: 'y' },
    ];
    await insertGold(clickhouse.client, 'default', which, gold, 'gold');
    expect(await goldOf(clickhouse.client, 'default', which, 'test')).toEqual(new Map([['test-0', 'y']]));
    expect(await goldOf(clickhouse.client, 'default', which, 'train')).toEqual(new Map([['row-1', 'x']]));
  });
});

describe('candidates', () => {
  const candidate = (promptHash: string, sample: number, values: Partial<Candidate> = {}): Candidate => ({
    project: 'default',
    promptHash,
    teacher: 'mock/gpt',
    sampling: 's',
    sample,
    answer: 'a',
    finishReason: 'stop',
    traceId: `trace-${promptHash}-${sample}`,
    tokensIn: 1,
    tokensOut: 1,
    costUsd: 0.25,
    latencyMs: 10,
    distillation: 'd',
    runId: 'r',
    createdAt: '2026-03-04 12:00:00.000',
    ...values,
  });

  it('are found by prompt, whoever paid, the first answer to each sample', async () => {
    const [first, second] = [candidate('p', 0), candidate('p', 1, { costUsd: null })];
    const late = candidate('p', 0, { answer: 'b', traceId: 'late', runId: 'r2', createdAt: '2026-03-04 12:00:01.000' });
    await appendCandidates(clickhouse.client, [first, second], 'batch-1');
    await appendCandidates(clickhouse.client, [first, second], 'batch-1');
    await appendCandidates(clickhouse.client, [first, late, candidate('q', 0, { sampling: 'hotter' })], 'batch-2');
    const many = Array.from({ length: 1200 }, (_, n) => `missing-${n}`);
    expect(await candidatesOf(clickhouse.client, 'default', { teacher: 'mock/gpt', sampling: 's' }, [...many, 'p', 'q'])).toEqual([
      first,
      second,
    ]);
    expect(await candidatesOf(clickhouse.client, 'other', { teacher: 'mock/gpt', sampling: 's' }, ['p'])).toEqual([]);
    expect(await candidateSpend(clickhouse.client, 'default', { distillation: 'd', runId: 'r' })).toEqual({ usd: 0.5, calls: 3 });
    expect(await candidateSpend(clickhouse.client, 'default', { distillation: 'd', runId: 'r2' })).toEqual({ usd: 0.25, calls: 1 });
  });
});

describe('distillations', () => {
  const run = (values: Partial<Distillation>): Distillation =>
    Distillation.parse({
      project: 'default',
      name: 'one',
      workflowId: 'distil/default/one',
      runId: 'r1',
      status: 'running',
      stage: 'generate',
      progress: 0.1,
      stages: [],
      input: DistilInput.parse({ dataset: 'd' }),
      dataset: null,
      teacher: null,
      spentUsd: 0,
      student: null,
      evaluation: null,
      curated: null,
      usedGold: false,
      warnings: [],
      error: null,
      aliasMoved: null,
      stale: false,
      startedAt: '2026-03-04T12:00:00.000Z',
      endedAt: null,
      updatedAt: '2026-03-04T12:00:00.000Z',
      ...values,
    });
  const event = (sequence: number, at = '2026-03-04T12:00:00.000Z'): DistillationEvent => ({
    sequence,
    at,
    stage: null,
    kind: 'progress',
    message: `${sequence}`,
    data: { n: 1 },
  });

  it('are what their newest record says', async () => {
    await recordDistillation(clickhouse.client, run({ progress: 0.9, updatedAt: '2026-03-04T12:00:02.000Z' }));
    await recordDistillation(clickhouse.client, run({ progress: 0.5, updatedAt: '2026-03-04T12:00:01.000Z' }));
    await recordDistillation(clickhouse.client, run({ name: 'two', updatedAt: '2026-03-04T12:00:03.000Z' }));
    expect(await readDistillation(clickhouse.client, 'default', 'one')).toMatchObject({ progress: 0.9 });
    expect(await readDistillation(clickhouse.client, 'other', 'one')).toBeNull();
    expect((await listDistillations(clickhouse.client, 'default')).map((one) => one.name)).toEqual(['two', 'one']);
  });

  it('have events in order, those of the newest run', async () => {
    await appendDistillationEvents(clickhouse.client, 'default', 'one', 'r1', [event(1), event(2)]);
    await appendDistillationEvents(clickhouse.client, 'default', 'one', 'r1', [event(1), event(2)]);
    await appendDistillationEvents(clickhouse.client, 'default', 'one', 'r1', [event(2), event(3)]);
    expect(await distillationEventsAfter(clickhouse.client, 'default', 'one', 1)).toEqual([event(2), event(3)]);
    const again = event(1, '2026-03-05T12:00:00.000Z');
    await appendDistillationEvents(clickhouse.client, 'default', 'one', 'r2', [again]);
    expect(await distillationEventsAfter(clickhouse.client, 'default', 'one', 0)).toEqual([again]);
    expect(await distillationEventsAfter(clickhouse.client, 'default', 'one', 2, 'r1')).toEqual([event(3)]);
    expect(await distillationEventsAfter(clickhouse.client, 'default', 'none', 0)).toEqual([]);
  });
});

describe('migrations', () => {
  it('may run twice and at once', async () => {
    const env = { ...clickhouse.env, CLICKHOUSE_DATABASE: 'second' };
    const applied = await Promise.all([migrate(env), migrate(env), migrate(env)]);
    expect(applied.flat()).toContain('0001_traces');
    expect(await migrate(env)).toEqual([]);
  });

  it('refuse a schema that is newer than the program', async () => {
    const env = { ...clickhouse.env, CLICKHOUSE_DATABASE: 'newer' };
    await migrate(env);
    await clickhouse.client.command({ query: "INSERT INTO newer.schema_migrations (number, name) VALUES (9999, '9999_future')" });
    await expect(migrate(env)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('9999_future') });
  });

  it('are asked for where they are missing', async () => {
    const { client } = clickhouse;
    await client.command({ query: 'RENAME TABLE datasets TO datasets_away' });
    await expect(listDatasets(client, 'default')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('run the migrations'),
    });
    await client.command({ query: 'RENAME TABLE datasets_away TO datasets' });
  });
});
