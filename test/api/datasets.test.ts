import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatasetExportQuery } from '../../clients/sdk/index.ts';
import { SPLITS } from '../../contracts/datasets.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import type { TestClickHouse } from '../support/clickhouse.ts';
import type { TestControlPlane } from './control-plane.ts';
import { startWorkedPlane, type WorkedPlane } from './worked-plane.ts';
import { traceRow } from './trace-row.ts';

const LABELS = ['yes', 'no', 'maybe'];
let worked: WorkedPlane;
let plane: TestControlPlane;
let clickhouse: TestClickHouse;

beforeAll(async () => {
  worked = await startWorkedPlane();
  ({ plane, clickhouse } = worked);
  const rows = Array.from({ length: 240 }, (_, n) =>
    traceRow(n, { answer_text: LABELS[n % 3]!, metadata: { run: 'r1', gold: LABELS[n % 3]! } }),
  );
  rows.push(traceRow(500, { status: 'error', metadata: { run: 'r1' } }));
  await insertTraceSegment(clickhouse.client, { token: 's', lines: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')) });
});
afterAll(() => worked?.stop());

const fromTraces = {
  name: 'support',
  source: { traces: { alias: 'support', metadata: { run: 'r1' } } },
  task: { kind: 'label' as const, labels: LABELS },
};
/** A Parquet export as ClickHouse itself reads it back. */
async function parquetRows(query: string): Promise<Record<'rowId' | 'answer' | 'gold' | 'messages', string>[]> {
  const answer = await plane.app.request(`/api/datasets/support/export?format=parquet&version=1&${query}`);
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="support-1-test.parquet"');
  const { client } = clickhouse;
  await client.command({ query: 'DROP TABLE IF EXISTS back' });
  const columns = "rowId String, position UInt32, answer String, messages String, gold Nullable(String) DEFAULT 'not there'";
  await client.command({ query: `CREATE TABLE back (${columns}) ENGINE = MergeTree ORDER BY rowId` });
  const insert = `${clickhouse.url}/?database=stillhouse&query=${encodeURIComponent('INSERT INTO back FORMAT Parquet')}`;
  expect((await fetch(insert, { method: 'POST', body: Buffer.from(await answer.arrayBuffer()) })).status).toBe(200);
  const read = await client.query({ query: 'SELECT * FROM back ORDER BY position', format: 'JSONEachRow' });
  return read.json();
}
const line = (text: string, answer: string) => JSON.stringify({ messages: [{ role: 'user', content: text }], answer, gold: answer });

describe('a dataset from traces', () => {
  test('is there when the request is answered, and is built', async () => {
    const begun = await plane.call('POST', '/api/datasets', fromTraces);
    expect(begun).toMatchObject({ status: 202, body: { name: 'support', version: 1, location: '/api/datasets/support?version=1' } });
    expect((await plane.sdk.datasets.get('support')).version).toBe(1);
    const built = await plane.sdk.datasets.waitUntilBuilt('support');
    expect(built).toMatchObject({ status: 'ready', error: null, goldRows: 240 });
    expect(built.rows.train + built.rows.validation + built.rows.test).toBe(240);
  });

  test('the same request joins it, another source makes a new version', async () => {
    expect(await plane.sdk.datasets.create(fromTraces)).toMatchObject({ version: 1, status: 'ready' });
    const other = { ...fromTraces, source: { traces: { alias: 'support' } } };
    const second = await plane.sdk.datasets.create(other);
    expect(second.version).toBe(2);
    expect(await plane.sdk.datasets.waitUntilBuilt('support', 2)).toMatchObject({ status: 'ready', version: 2 });
    expect(await plane.sdk.datasets.create(fromTraces)).toMatchObject({ version: 1, status: 'ready' });
    expect((await plane.sdk.datasets.list()).map((dataset) => [dataset.name, dataset.version])).toEqual([['support', 2]]);
  });

  test('its rows are shown page by page, without gold', async () => {
    const { rows } = await plane.sdk.datasets.get('support', 1);
    const first = await plane.sdk.datasets.rowsPage('support', { version: 1, split: 'test', limit: 7 });
    expect(first.items.map((row) => row.position)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const all = await Array.fromAsync(plane.sdk.datasets.rows('support', { version: 1, split: 'test', limit: 7 }));
    expect(all).toHaveLength(rows.test);
    expect(Object.keys(all[0]!)).not.toContain('gold');
    await expect(plane.sdk.datasets.get('support', 9)).rejects.toThrow('has no version 9');
  });

  test('is exported split by split; gold only where it is asked for', async () => {
    const { rows } = await plane.sdk.datasets.get('support', 1);
    const exported = async (query: DatasetExportQuery) => {
      const text = await new Response(await plane.sdk.datasets.export('support', { version: 1, ...query })).text();
      return text
        .trimEnd()
        .split('\n')
        .map((one) => JSON.parse(one) as { messages: { role: string; content: string }[]; answer?: string; gold?: string });
    };
    for (const split of SPLITS) {
      const examples = await exported({ split });
      const shown = await Array.fromAsync(plane.sdk.datasets.rows('support', { version: 1, split }));
      expect(examples.map(({ messages }) => messages)).toEqual(
        shown.map((row) => [...row.messages, { role: 'assistant', content: row.reference }]),
      );
    }
    expect((await exported({ format: 'stillhouse' })).every((one) => one.answer !== undefined && one.gold === undefined)).toBe(true);
    const withGold = await exported({ format: 'stillhouse', gold: true });
    expect(withGold.map(({ gold }) => gold)).toEqual(withGold.map(({ answer }) => answer));
    expect(withGold).toHaveLength(rows.train);
    const answer = await plane.app.request('/api/datasets/support/export?format=sharegpt&version=1&split=test');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="support-1-test.sharegpt.jsonl"');
    expect((await answer.text()).trimEnd().split('\n')).toHaveLength(rows.test);
    const parquet = await parquetRows('gold=true&split=test');
    expect(parquet).toHaveLength(rows.test);
    const asShown = await Array.fromAsync(plane.sdk.datasets.rows('support', { version: 1, split: 'test' }));
    expect(parquet.map((row) => [row.rowId, row.answer, row.gold, JSON.parse(row.messages)])).toEqual(
      asShown.map((row) => [row.rowId, row.reference, row.reference, row.messages]),
    );
    expect(new Set((await parquetRows('split=test')).map(({ gold }) => gold))).toEqual(new Set(['not there']));
    // What was exported is a dataset again, and no row changes its split.
    const whole = await Promise.all(SPLITS.map((split) => exported({ format: 'stillhouse', gold: true, split })));
    const text = whole
      .flat()
      .map((one) => JSON.stringify(one))
      .join('\n');
    const { file } = await plane.sdk.datasets.upload(text);
    await plane.sdk.datasets.create({ name: 'again', source: { file }, task: { kind: 'label', labels: LABELS } });
    expect(await plane.sdk.datasets.waitUntilBuilt('again')).toMatchObject({ status: 'ready', goldRows: 240, rows });
    expect((await plane.call('GET', '/api/datasets/support/export?format=xml')).status).toBe(400);
    expect((await plane.call('GET', '/api/datasets/nope/export')).status).toBe(404);
  });

  test('a build that can not succeed says why', async () => {
    await plane.sdk.datasets.create({ ...fromTraces, name: 'nothing', source: { traces: { alias: 'nobody' } } });
    const failed = await plane.sdk.datasets.waitUntilBuilt('nothing');
    expect(failed).toMatchObject({ status: 'failed', error: expect.stringMatching(/\w+/) });
    await expect(plane.sdk.datasets.rowsPage('nothing')).rejects.toMatchObject({ status: 409 });
  });
});

describe('a judge', () => {
  const request = { model: 'lab/oracle-small', criteria: ['right'] };

  test('is started, joined and asked where it stands', async () => {
    const begun = await plane.call('POST', '/api/datasets/support/judge?version=1', request);
    expect(begun).toMatchObject({ status: 202, body: { dataset: 'support', version: 1, status: 'running', input: { keepFrom: 0.5 } } });
    expect(begun.headers.get('location')).toBe(`/api/datasets/support/judgements/${begun.body.name}`);
    expect((await plane.sdk.datasets.curation.judge('support', request, 1)).runId).toBe(begun.body.runId);
    // Of the newest that is ready: another version, another run.
    expect((await plane.sdk.datasets.curation.judge('support', request)).name).not.toBe(begun.body.name);
    const state = await plane.sdk.datasets.curation.judgement('support', begun.body.name);
    expect(state).toMatchObject({ name: begun.body.name, workflowId: `judge/default/support/${begun.body.name}`, status: 'running' });
    await expect.poll(async () => (await plane.sdk.datasets.curation.judgements('support')).length).toBe(2);
  });

  test('is ended by a person', async () => {
    const { curation } = plane.sdk.datasets;
    const begun = await curation.judge('support', { ...request, criteria: ['kind'] }, 1);
    await curation.cancelJudgement('support', begun.name);
    expect((await curation.waitUntilJudged('support', begun.name)).status).toBe('cancelled');
    await expect(curation.cancelJudgement('support', begun.name)).rejects.toMatchObject({ status: 409, param: 'judgement' });
  });

  test('refuses what can not be', async () => {
    const { curation } = plane.sdk.datasets;
    await expect(curation.judge('support', { model: 'nobody/x' })).rejects.toMatchObject({ status: 404, param: 'model' });
    await expect(curation.judge('nope', request)).rejects.toMatchObject({ status: 404 });
    await expect(curation.judgement('support', 'judge-0')).rejects.toMatchObject({ status: 404, param: 'judgement' });
    expect((await plane.call('POST', '/api/datasets/support/judge', { ...request, keepFrom: 2 })).status).toBe(400);
  });
});

describe('a dataset from a file', () => {
  test('the file is kept under its hash, once, and becomes a dataset', async () => {
    const jsonl = Array.from({ length: 120 }, (_, n) => line(`message ${n}`, LABELS[n % 3]!)).join('\n');
    const uploaded = await plane.sdk.datasets.upload(jsonl);
    expect(uploaded).toEqual({ file: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: Buffer.byteLength(jsonl), lines: 120 });
    expect(await plane.sdk.datasets.upload(jsonl)).toEqual(uploaded);
    await plane.sdk.datasets.create({ name: 'filed', source: { file: uploaded.file }, task: { kind: 'label' } });
    expect(await plane.sdk.datasets.waitUntilBuilt('filed')).toMatchObject({ status: 'ready', goldRows: 120 });
  });

  test('bad lines are named, an unknown file is refused', async () => {
    const refused = await plane.sdk.datasets.upload(`${line('a', 'yes')}\n{"messages": []}\nnonsense`).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: 422, code: 'dataset_invalid', data: { badLines: 2 } });
    expect((refused as Error).message).toMatch(/^line 2: messages: .*; line 3: is not JSON$/);
    const unknown = plane.sdk.datasets.create({ name: 'x', source: { file: 'a'.repeat(64) }, task: { kind: 'text' } });
    await expect(unknown).rejects.toMatchObject({ status: 404, param: 'source.file' });
  });
});
