import { afterAll, beforeAll, expect, test } from 'vitest';
import { surveyTest } from '../../activities/distil/test-survey.ts';
import type { Dataset, DatasetRow } from '../../contracts/datasets.ts';
import { datasetShape } from '../../store/clickhouse/dataset-shape.ts';
import { insertDatasetRows, insertGold } from '../../store/clickhouse/datasets.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';

const TEACHER = 'lab/teacher';
const PLAN = { teacher: TEACHER, nSamples: 4, price: { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }, maxAnswerTokens: 10 };
let clickhouse: TestClickHouse;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

function row(position: number, group: string, referenceTarget: string): DatasetRow {
  const rowId = `row-${position}`;
  const prompt = { promptHash: rowId, messages: [{ role: 'user', content: 'x' }], tools: null, responseFormat: null, parameters: {} };
  return { rowId, ...prompt, group, split: 'test', position, reference: 'a', referenceTarget, promptTokens: 5, traceId: '' };
}

test('a test split is counted in groups, and what only others have answered is counted as missing', async () => {
  const rows = [row(0, 'g0', TEACHER), row(1, 'g0', TEACHER), row(2, 'g2', TEACHER), row(3, 'g3', 'student/support'), row(4, 'g4', '')];
  const version = { name: 'support', version: 1 };
  await insertDatasetRows(clickhouse.client, 'default', version, rows, 'rows');
  const gold = [0, 1, 3].map((position) => ({ rowId: `row-${position}`, gold: 'b' }));
  await insertGold(clickhouse.client, 'default', version, gold, 'gold');
  const dataset = { ...version, rows: { train: 0, validation: 0, test: rows.length } } as Dataset;
  const survey = await surveyTest(clickhouse.client, 'default', dataset, PLAN);
  expect(survey).toMatchObject({ groups: 4, complete: 2, unanswered: 2, known: { groups: 1, teacherErrors: 1 } });
  // Four samples of row 2, one answer of row 3, five calls of row 4; other targets' token counts bound nothing.
  const bytes = Buffer.byteLength(JSON.stringify([rows[3]!.messages, null, null])) + 8;
  expect(survey.freshUsd).toBeCloseTo((4 * 15 + (1 + 5) * (bytes + 10)) / 1_000_000, 12);
});

test('the longest prompt is bounded by what this very teacher was billed', async () => {
  const version = { name: 'lengths', version: 1 };
  await insertDatasetRows(clickhouse.client, 'default', version, [row(0, 'g0', 'student/support')], 'by-a-student');
  const shape = await datasetShape(clickhouse.client, 'default', version);
  expect(shape.mostPromptTokens('student/support')).toBe(5);
  expect(shape.mostPromptTokens(TEACHER)).toBeGreaterThanOrEqual(JSON.stringify([{ role: 'user', content: 'x' }]).length);
});
