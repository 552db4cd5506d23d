import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EncoderDeps, StagePulse } from '../../activities/encoder/encoder-deps.ts';
import { trainEncoder } from '../../activities/encoder/train.ts';
import { evaluateEncoder } from '../../activities/evaluate-encoder.ts';
import { exportEncoder } from '../../activities/export-encoder.ts';
import type { DatasetRow } from '../../contracts/datasets.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { type CuratedRow, EncoderManifest, type ExportEncoderResult, type TrainEncoderInput } from '../../contracts/stages.ts';
import { demoMessages, type LabelledMessage } from '../../examples/banking77/banking77.ts';
import { createLogger } from '../../platform/logger.ts';
import { loadOnnxRuntime, openOnnxSession } from '../../serving/onnx-session.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { insertDatasetRows, insertGold } from '../../store/clickhouse/datasets.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';

const LABELS = ['card_arrival', 'exchange_rate', 'pin_blocked'];
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-encoder-'));
const artifacts = openArtifactStore(`file:${folder}`);
const deps: EncoderDeps = { artifacts, embedderFolder: process.env['STILLHOUSE_EMBEDDER']!, log: createLogger('test', 'fatal') };
const steady: StagePulse = { signal: new AbortController().signal, progress: () => undefined };
const DATASET = { name: 'support', version: 1, hash: 'h' };
let clickhouse: TestClickHouse;
let input: TrainEncoderInput;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  const labelled = demoMessages('train', LABELS).slice(0, 120);
  const unlabelled = demoMessages('train', ['top_up_failed', 'age_limit', 'lost_or_stolen_card', 'terminate_account', 'card_linking']);
  const lines = [
    ...labelled.map(curatedRow),
    ...unlabelled.map(({ text }, i) => ({
      ...curatedRow({ text, label: '' }, i + 1),
      split: 'train',
      votes: {},
      best: [],
      dropped: 'no answer',
    })),
  ];
  const curated = await artifacts.put('curated.jsonl', Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n')));
  input = { project: 'default', distillation: 'first', curated, labels: LABELS, seed: 7 };
});
afterAll(async () => {
  await clickhouse.stop();
  rmSync(folder, { recursive: true });
});

function curatedRow({ text, label }: LabelledMessage, i: number): CuratedRow {
  const rest = { group: `${i}`, best: [label], worst: null, agreement: 1, dropped: null };
  return {
    rowId: `${i}`,
    split: i % 5 === 0 ? 'validation' : 'train',
    messages: [{ role: 'user', content: text }],
    votes: { [label]: 4 },
    ...rest,
  };
}

function testRow({ text, label }: LabelledMessage, position: number): DatasetRow {
  const none = { tools: null, responseFormat: null, parameters: {}, promptTokens: 0, traceId: '' };
  // The teacher is wrong in one row of ten.
  const reference = position % 10 === 0 ? LABELS[(LABELS.indexOf(label) + 1) % 3]! : ` ${label}\n`;
  const id = `row-${position}`;
  return {
    rowId: id,
    promptHash: id,
    group: id,
    split: 'test',
    position,
    messages: [{ role: 'user', content: text }],
    reference,
    referenceTarget: 'lab/teacher',
    ...none,
  };
}

describe('an encoder student', () => {
  let trained: ArtifactRef;
  let exported: ExportEncoderResult;

  test('training that was cut off goes on with the vectors that it had', async () => {
    const cut = new AbortController();
    const seen: number[] = [];
    const pulse: StagePulse = {
      signal: cut.signal,
      progress: (details) => {
        seen.push(Number(details?.['done']));
        cut.abort(new Error('killed'));
      },
    };
    await expect(trainEncoder(deps, input, pulse)).rejects.toThrow('killed');
    expect(seen).toEqual([512]);
    expect(await artifacts.list('embeddings/')).toHaveLength(1);
    expect(await artifacts.list('encoders/')).toEqual([]);
    const result = await trainEncoder(deps, input, steady);
    trained = result.trained;
    expect(result).toMatchObject({ trainRows: 120 });
    expect(result.unlabelledRows).toBeGreaterThan(512);
    expect(result.validationAccuracy).toBeGreaterThan(0.9);
    // Customers' text in another form is not kept longer than it is needed.
    expect(await artifacts.list('embeddings/')).toEqual([]);
  });

  test('the same input, from another distillation too, is found and not trained again', async () => {
    const again = await trainEncoder(deps, { ...input, distillation: 'second' }, { ...steady, progress: () => expect.unreachable() });
    expect(again.trained).toEqual(trained);
  });

  test('is exported as a manifest and as one model of its own, which answer alike', async () => {
    exported = await exportEncoder(deps, { project: 'default', distillation: 'first', trained }, steady);
    expect(exported.compared).toBe(24);
    expect(exported.maxDifference).toBeLessThan(1e-4);
    expect(await exportEncoder(deps, { project: 'default', distillation: 'first', trained }, steady)).toEqual(exported);
    const manifest = EncoderManifest.parse(JSON.parse((await artifacts.get(exported.manifest)).toString()));
    const session = await openOnnxSession(await artifacts.get(manifest.onnx!), 1);
    const { Tensor } = await loadOnnxRuntime();
    // "where is my card", three at once: the model takes batches.
    const ids = BigInt64Array.from([101, 2073, 2003, 2026, 4003, 102].map(BigInt));
    const three = (values: bigint[]) => new Tensor('int64', BigInt64Array.from([...values, ...values, ...values]), [3, 6]);
    const output = await session.run({ input_ids: three([...ids]), attention_mask: three([...ids].map(() => 1n)) });
    expect(output['probabilities']!.dims).toEqual([3, 3]);
    expect((output['probabilities']!.data as Float32Array)[0]).toBeGreaterThan(0.8);
    await session.release();
  });

  test('is scored against gold on the test split, with answers row by row', async () => {
    const rows = demoMessages('test', LABELS).map(testRow);
    const gold = demoMessages('test', LABELS).map(({ label }, position) => ({ rowId: `row-${position}`, gold: label }));
    await insertDatasetRows(clickhouse.client, 'default', DATASET, rows, 'rows');
    await insertGold(clickhouse.client, 'default', DATASET, gold, 'gold');
    const task = {
      project: 'default',
      distillation: 'first',
      manifest: exported.manifest,
      dataset: DATASET,
      teacher: 'lab/teacher',
      marginPoints: 3,
      references: null,
      usdPerCoreHour: 0.1,
    };
    const { evaluation } = await evaluateEncoder({ ...deps, clickhouse: clickhouse.client }, task, steady);
    expect(evaluation).toMatchObject({
      n: 120,
      reference: 'gold',
      teacher: { correct: 108, accuracy: 0.9, usdPer1k: null },
      decision: 'not_worse',
    });
    expect(evaluation.student.accuracy).toBeGreaterThan(0.9);
    expect(evaluation.student.usdPer1k).toBeGreaterThan(0);
    expect(evaluation.perLabel.map(({ n }) => n)).toEqual([40, 40, 40]);
    const lines = (await artifacts.get(evaluation.answers!)).toString().trim().split('\n');
    const right = lines
      .map((line) => JSON.parse(line) as { student: string; reference: string })
      .filter((row) => row.student === row.reference);
    expect(right).toHaveLength(evaluation.student.correct);
    // A second attempt finds it, measured times included.
    expect((await evaluateEncoder({ ...deps, clickhouse: clickhouse.client }, task, steady)).evaluation).toEqual(evaluation);
  });

  test('without gold the majority of fresh samples is the reference; copies and rows without an answer of the teacher do not count', async () => {
    const rows = demoMessages('test', LABELS).slice(0, 30).map(testRow);
    const version = { ...DATASET, version: 2 };
    // Answered by a student, by a person, by a person and then by the teacher, and three copies of the first row.
    rows[17]!.referenceTarget = 'student/support';
    rows[18]!.referenceTarget = '';
    rows[19]!.referenceTarget = '';
    for (const place of [1, 2, 3]) rows[place]!.group = rows[0]!.group;
    await insertDatasetRows(clickhouse.client, 'default', version, rows, 'rows-2');
    const lines = rows.slice(0, 20).map(({ rowId, reference }) => ({ rowId, reference }));
    const fresh = lines.map((line, i) => JSON.stringify(i === 19 ? { ...line, teacher: 'wrong' } : line));
    const references = await artifacts.put('references.jsonl', Buffer.from(fresh.join('\n')));
    const task = {
      project: 'default',
      distillation: 'x',
      manifest: exported.manifest,
      dataset: version,
      teacher: 'lab/teacher',
      marginPoints: 3,
      references,
      usdPerCoreHour: 0.1,
    };
    const evaluate = (input: typeof task | (Omit<typeof task, 'references'> & { references: null })) =>
      evaluateEncoder({ ...deps, clickhouse: clickhouse.client }, input, steady);
    const { evaluation } = await evaluate(task);
    expect(evaluation).toMatchObject({
      n: 15,
      rows: 18,
      leftOut: 12,
      reference: 'teacher-majority',
      goldRows: 0,
      teacher: { correct: 14 },
    });
    await expect(evaluate({ ...task, references: null })).rejects.toMatchObject({ code: 'test_too_small' });

    await insertGold(clickhouse.client, 'default', version, [{ rowId: rows[5]!.rowId, gold: rows[5]!.reference }], 'gold-2');
    const mixed = await evaluate({ ...task, marginPoints: 4 });
    expect(mixed.evaluation).toMatchObject({ n: 15, reference: 'mixed', goldRows: 1 });
  });
});

test('one label only, and rows too few, are refused with numbers', async () => {
  const rows = demoMessages('train', ['card_arrival']).slice(0, 30).map(curatedRow);
  const curated = await artifacts.put('one-label.jsonl', Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')));
  await expect(trainEncoder(deps, { ...input, curated }, steady)).rejects.toMatchObject({
    code: 'dataset_too_small',
    data: { rows: 30, labels: 1 },
  });
});
