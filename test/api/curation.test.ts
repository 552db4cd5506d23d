import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatasetRowView } from '../../clients/sdk/index.ts';
import { DEFAULT_SPLITS, SPLITS } from '../../contracts/datasets.ts';
import { rowContent } from '../../platform/content-hash.ts';
import { goldOf, readDatasetRows } from '../../store/clickhouse/datasets.ts';
import { insertClusters } from '../../store/clickhouse/clusters.ts';
import { insertVerdicts } from '../../store/clickhouse/dataset-verdicts.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { clusterFixture } from '../store/cluster-fixture.ts';
import type { TestClickHouse } from '../support/clickhouse.ts';
import type { TestControlPlane } from './control-plane.ts';
import { startWorkedPlane, type WorkedPlane } from './worked-plane.ts';
import { traceRow } from './trace-row.ts';

let worked: WorkedPlane;
let clickhouse: TestClickHouse;
let plane: TestControlPlane;

const asked = (content: string) => JSON.stringify({ model: 'support', messages: [{ role: 'user', content }] });
let recorded = 0;
async function record(rows: Parameters<typeof traceRow>[1][]): Promise<void> {
  const lines = rows.map((values) => JSON.stringify(traceRow(recorded++, values)));
  await insertTraceSegment(clickhouse.client, { token: `segment-${recorded}`, lines: Buffer.from(lines.join('\n')) });
}

beforeAll(async () => {
  worked = await startWorkedPlane();
  ({ plane, clickhouse } = worked);
  const text = (i: number) => `Where is the card that I ordered ${i} days ago?`;
  await record(Array.from({ length: 120 }, (_, i) => ({ request: asked(text(i)), answer_text: `Your card number ${i} is on its way.` })));
  await record([
    { request: asked('Please help me with my tax declaration'), answer_text: 'I’m sorry, but I can’t help with that.' },
    { request: asked('Tell me all about the fees of cards'), answer_text: 'There are fees for', finish_reason: 'length' },
    { request: asked('Is there somebody there at all?'), answer_text: '' },
    { request: asked('Wo ist die Karte, die ich vor zwei Wochen bestellt habe?'), answer_text: 'Ihre Karte ist unterwegs zu Ihnen.' },
    { request: asked(text(7).toUpperCase()), answer_text: 'your card number 7 is on its way.' },
    { request: asked('Is it?'), answer_text: 'Yes.' },
  ]);
});
afterAll(() => worked?.stop());

const filters = { languages: ['en' as const], dropDuplicates: true, minAnswerCharacters: 10 };
const request = { name: 'support', source: { traces: { alias: 'support' } }, task: { kind: 'text' as const }, filters };
const REASONS = { refused: 1, 'answer cut off': 1, 'empty answer': 1, 'language de': 1, duplicate: 1, 'answer too short': 1 };

const { 'empty answer': _, ...OTHER_REASONS } = REASONS;

async function built(begun: { name: string; version: number }) {
  const dataset = await plane.sdk.datasets.waitUntilBuilt(begun.name, begun.version);
  expect(dataset.error).toBeNull();
  return dataset;
}
async function allRows(version: number): Promise<DatasetRowView[]> {
  return (await Promise.all(SPLITS.map((split) => Array.fromAsync(plane.sdk.datasets.rows('support', { version, split }))))).flat();
}
const curation = () => plane.sdk.datasets.curation;
const leftOut = async (reason: string, version?: number) => (await curation().leftOut('support', { reason, version })).items;
const restored = async (version: number, ids: string[]) => (await allRows(version)).filter(({ rowId }) => ids.includes(rowId));

describe('what a build leaves out', () => {
  test('is kept with its reason, row by row', async () => {
    const dataset = await built(await plane.sdk.datasets.create(request));
    expect(dataset).toMatchObject({ version: 1, skipped: REASONS });
    const { items, reasons } = await curation().leftOut('support');
    expect(reasons).toEqual(REASONS);
    expect(items).toHaveLength(6);
    expect(await leftOut('language de')).toMatchObject([
      { reference: 'Ihre Karte ist unterwegs zu Ihnen.', place: expect.stringMatching(/^trace /) },
    ]);
    const first = await curation().leftOut('support', { limit: 4 });
    const second = await curation().leftOut('support', { limit: 4, cursor: first.nextCursor! });
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([4, 2, null]);
    expect([...first.items, ...second.items]).toEqual(items);
    // The same request, nothing said since: the same version.
    expect((await plane.sdk.datasets.create(request)).version).toBe(1);
    expect((await curation().curate('support')).version).toBe(1);
  });

  test('comes back in the next version where a person keeps it; versions stay what they are', async () => {
    const ids = (await curation().leftOut('support')).items.filter(({ reason }) => reason !== 'empty answer').map(({ rowId }) => rowId);
    const [empty] = await leftOut('empty answer');
    await curation().edit('support', [
      { rowIds: [...ids, empty!.rowId], verdict: 'keep', note: 'good' },
      { rowIds: [empty!.rowId], answer: 'There is: how can I help?' },
    ]);
    const dataset = await built(await curation().curate('support'));
    expect(dataset).toMatchObject({ version: 2, skipped: {}, goldRows: 1 });
    expect(await restored(2, [...ids, empty!.rowId])).toHaveLength(6);
    expect((await restored(2, [empty!.rowId]))[0]).toMatchObject({
      reference: 'There is: how can I help?',
      referenceTarget: '',
      verdict: { by: 'person', verdict: 'keep', score: null, reason: 'good' },
    });
    expect(await restored(1, ids)).toEqual([]);
    // Once nothing is said of a row any more, the filters leave it out again.
    await curation().edit('support', [{ rowIds: ids, verdict: null }]);
    expect((await built(await curation().curate('support'))).skipped).toEqual(OTHER_REASONS);
  });
});

describe('splits', () => {
  test('of a later version are those of the ones before; others are refused', async () => {
    const name = 'shares';
    const splits = { train: 0.7, validation: 0.15, test: 0.15 };
    const task = { kind: 'text' as const };
    const source = (until: string) => ({ traces: { alias: 'support', until } });
    await built(await plane.sdk.datasets.create({ name, source: source('2099-01-01T00:00:00Z'), task, splits }));
    const second = await built(await plane.sdk.datasets.create({ name, source: source('2099-01-02T00:00:00Z'), task }));
    expect(second).toMatchObject({ version: 2, splits });
    const refused = { status: 409, message: expect.stringContaining('is split 70 / 15 / 15 %') as string };
    const third = source('2099-01-03T00:00:00Z');
    await expect(plane.sdk.datasets.create({ name, source: third, task, splits: DEFAULT_SPLITS })).rejects.toMatchObject(refused);
    expect((await plane.sdk.datasets.get(name)).version).toBe(2);
  });
});

test('a cluster that no run of the project has found is refused, and leaves no version behind', async () => {
  await insertClusters(clickhouse.client, [clusterFixture({ project: 'another', id: 'theirs' })]);
  const theirs = plane.sdk.datasets.create({ ...request, name: 'lost', source: { traces: { cluster: 'theirs' } } });
  await expect(theirs).rejects.toMatchObject({ status: 404, message: expect.stringContaining('there is no cluster "theirs"') as string });
  await expect(plane.sdk.datasets.get('lost')).rejects.toMatchObject({ status: 404 });
  await insertClusters(clickhouse.client, [clusterFixture({ id: 'ours' })]);
  expect(await plane.sdk.datasets.create({ ...request, name: 'found', source: { traces: { cluster: 'ours' } } })).toMatchObject({
    version: 1,
  });
});

describe('edits', () => {
  test('drop, correct and tag in bulk; the next version has them, no row changes its split, and an undone one is as it was', async () => {
    const before = await allRows(3);
    const [a, b, c] = before.filter(({ split }) => split === 'test');
    const kept = new Map(before.map((row) => [row.rowId, row.split]));
    const recordedEdits = await curation().edit('support', [
      { rowIds: [a!.rowId, b!.rowId], verdict: 'drop', tags: ['odd'], note: 'not ours' },
      { rowIds: [c!.rowId], answer: 'It arrives tomorrow.' },
    ]);
    expect(recordedEdits).toMatchObject([
      { rowId: a!.rowId, field: 'verdict', before: null, after: 'drop', note: 'not ours', actor: 'admin' },
      { rowId: a!.rowId, field: 'tags', before: [], after: ['odd'] },
      { rowId: b!.rowId, field: 'verdict' },
      { rowId: b!.rowId, field: 'tags' },
      { rowId: c!.rowId, field: 'answer', before: c!.reference, after: 'It arrives tomorrow.' },
    ]);
    // What stands already is no edit.
    expect(await curation().edit('support', [{ rowIds: [a!.rowId], verdict: 'drop' }])).toEqual([]);
    // What is said of an answer shows beside it until a version has it.
    const answers = async (version: number) => (await restored(version, [b!.rowId, c!.rowId])).map(({ rowId, answer }) => [rowId, answer]);
    expect(new Map((await answers(3)) as [string, string | null][])).toEqual(
      new Map([
        [b!.rowId, null],
        [c!.rowId, 'It arrives tomorrow.'],
      ]),
    );
    const begun = await curation().curate('support');
    expect((await built(begun)).skipped).toMatchObject({ 'dropped by a person': 2 });
    expect(await answers(begun.version)).toEqual([[c!.rowId, null]]);
    const after = await allRows(begun.version);
    expect(after).toHaveLength(before.length - 2);
    for (const row of after) expect(row.split).toBe(kept.get(row.rowId));
    expect(after.find(({ rowId }) => rowId === c!.rowId)!.reference).toBe('It arrives tomorrow.');
    expect((await goldOf(clickhouse.client, 'default', begun, 'test')).get(c!.rowId)).toBe('It arrives tomorrow.');
    expect((await leftOut('dropped by a person', begun.version)).map(({ rowId }) => rowId).sort()).toEqual([a!.rowId, b!.rowId].sort());

    await curation().edit('support', [
      { rowIds: [a!.rowId, b!.rowId], verdict: null, tags: [] },
      { rowIds: [c!.rowId], answer: null },
    ]);
    const undone = await built(await curation().curate('support'));
    expect(undone.version).toBe(begun.version + 1);
    expect(undone.hash).toBe((await plane.sdk.datasets.get('support', 3)).hash);
    const ofRow = await Array.fromAsync(curation().edits('support', { row: c!.rowId }));
    expect(ofRow.map(({ before: from, after: to }) => [from, to])).toEqual([
      ['It arrives tomorrow.', null],
      [c!.reference, 'It arrives tomorrow.'],
    ]);
    expect((await Array.fromAsync(curation().edits('support'))).length).toBeGreaterThan(10);
  });

  test('a judge drops rows where the build asks for it, test rows aside; a person wins', async () => {
    // Of one row a person has said 'keep' above: where it lies among the splits is by the hash of its id.
    const rows = (await allRows(3)).filter(({ verdict }) => verdict === null);
    const trained = rows.filter(({ split }) => split === 'train').slice(0, 3);
    const tested = rows.find(({ split }) => split === 'test')!;
    const stored = (
      await Promise.all(SPLITS.map((split) => readDatasetRows(clickhouse.client, 'default', { name: 'support', version: 3 }, { split })))
    ).flat();
    const said = { at: new Date().toISOString(), score: 0.2, criteria: {}, reason: 'wrong', model: 'lab/judge', promptVersion: 'judge-1' };
    await insertVerdicts(
      clickhouse.client,
      'default',
      'support',
      [...trained, tested].map(({ rowId }) => ({
        ...said,
        rowId,
        contentHash: rowContent(stored.find((row) => row.rowId === rowId)!),
        verdict: 'drop' as const,
        costUsd: 0,
        runId: 'r',
        traceId: '',
      })),
    );
    await curation().edit('support', [{ rowIds: [trained[0]!.rowId], verdict: 'keep' }]);
    const begun = await curation().curate('support', { filters: { ...filters, dropJudged: true } });
    expect((await built(begun)).skipped).toMatchObject({ 'dropped by a judge': 2 });
    const after = new Map((await allRows(begun.version)).map((row) => [row.rowId, row]));
    expect([...trained, tested].map(({ rowId }) => after.get(rowId)?.verdict ?? null)).toEqual([
      { by: 'person', verdict: 'keep', score: null, reason: '' },
      null,
      null,
      { by: 'judge', verdict: 'drop', score: expect.closeTo(0.2, 5), reason: 'wrong' },
    ]);
  });

  test('what can not be is refused whole', async () => {
    const [row] = await allRows(3);
    await expect(
      curation().edit('support', [
        { rowIds: [row!.rowId], tags: ['x'] },
        { rowIds: ['nobody'], verdict: 'drop' },
      ]),
    ).rejects.toMatchObject({ status: 404, param: 'rowIds' });
    expect((await allRows(3)).find(({ rowId }) => rowId === row!.rowId)!.tags).toEqual([]);
    expect((await plane.call('PATCH', '/api/datasets/support/rows', { edits: [{ rowIds: [row!.rowId] }] })).status).toBe(400);
    expect((await plane.call('POST', '/api/datasets/support/curate', { filters: { languages: ['xx'] } })).status).toBe(400);
    await expect(curation().edit('nope', [{ rowIds: ['a'], verdict: 'drop' }])).rejects.toMatchObject({ status: 404 });
  });
});

test('what was said of the rows of a file holds for a longer one', async () => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      JSON.stringify({ messages: [{ role: 'user', content: `question ${i}` }], answer: i % 2 ? 'odd' : 'even' }),
    );
  const build = async (count: number) => {
    const { file } = await plane.sdk.datasets.upload(lines(count).join('\n'));
    return built(await plane.sdk.datasets.create({ name: 'filed', source: { file }, task: { kind: 'label', labels: ['odd', 'even'] } }));
  };
  await build(80);
  const rows = await Array.fromAsync(plane.sdk.datasets.rows('filed', { split: 'train' }));
  const [dropped, corrected] = rows;
  const other = corrected!.reference === 'odd' ? 'even' : 'odd';
  await curation().edit('filed', [
    { rowIds: [dropped!.rowId], verdict: 'drop' },
    { rowIds: [corrected!.rowId], answer: other },
  ]);
  await expect(curation().edit('filed', [{ rowIds: [dropped!.rowId], answer: 'neither' }])).rejects.toMatchObject({
    status: 400,
    param: 'answer',
  });
  const longer = await build(120);
  expect(longer).toMatchObject({ version: 2, skipped: { 'dropped by a person': 1 }, goldRows: 1 });
  const after = await Array.fromAsync(plane.sdk.datasets.rows('filed', { split: 'train' }));
  expect(after.find(({ rowId }) => rowId === corrected!.rowId)!.reference).toBe(other);
  expect(after.some(({ rowId }) => rowId === dropped!.rowId)).toBe(false);
});
