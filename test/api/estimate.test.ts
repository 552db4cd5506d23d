import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../contracts/devices.ts';
import { insertDatasetRows, insertGold, recordDataset } from '../../store/clickhouse/datasets.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import type { TestClickHouse } from '../support/clickhouse.ts';
import { startControlPlane } from './control-plane.ts';
import type { TestControlPlane } from './control-plane.ts';
import { datasetOf, rowOf } from './dataset-fixture.ts';
import { traceRow } from './trace-row.ts';

let clickhouse: TestClickHouse;
let plane: TestControlPlane;
const gib = 1024 ** 3;
const card: Device = {
  kind: 'cuda',
  name: 'NVIDIA H100 80GB HBM3',
  count: 1,
  memoryBytes: 80 * gib,
  freeBytes: 79 * gib,
  computeCapability: '9.0',
  note: '',
};

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  plane = await startControlPlane(clickhouse.client, null);
  const traces = [1, 2].map((n) => ({ ...traceRow(n), tokens_out: n }));
  await insertTraceSegment(clickhouse.client, { token: 's', lines: Buffer.from(traces.map((row) => JSON.stringify(row)).join('\n')) });
  const dataset = datasetOf('support', { train: 60, validation: 15, test: 25 });
  const rows = Object.entries(dataset.rows).flatMap(([split, n]) =>
    Array.from({ length: n }, (_, i) => rowOf(split as 'train', i, split === 'train' ? (traces[i]?.id ?? '') : '')),
  );
  // five test rows were answered by another model
  for (const row of rows.filter((one) => one.split === 'test').slice(0, 5)) row.referenceTarget = 'lab/oracle-small';
  await recordDataset(clickhouse.client, dataset);
  await insertDatasetRows(clickhouse.client, 'default', dataset, rows, 'rows');
  const gold = Array.from({ length: 10 }, (_, i) => ({ rowId: `test-${i}`, gold: 'abc' }));
  await insertGold(clickhouse.client, 'default', dataset, gold, 'gold');
});
afterAll(async () => {
  await plane?.close();
  await clickhouse?.stop();
});

describe('the teacher', () => {
  test('is asked for what was not recorded, at the mean tokens of the recorded calls', async () => {
    const estimate = await plane.sdk.estimate({ dataset: 'support' });
    // 75 · 4 − 75 recorded; 15 test rows without gold · 4; 5 test rows of another model
    expect(estimate.calls).toBe(225 + 60 + 5);
    expect(estimate.teacher).toBe('lab/oracle-large');
    // 40 tokens in at $2.5, (1 + 2) / 2 out at $10 a million
    expect(estimate.teacherUsd.expected).toBeCloseTo((290 * (40 * 2.5 + 1.5 * 10)) / 1e6, 9);
    expect(estimate.teacherUsd.most).toBeGreaterThan(estimate.teacherUsd.expected!);
    expect((await plane.sdk.estimate({ dataset: 'support', until: 'curate', nSamples: 2 })).calls).toBe(75);
  });

  test('costs no more than the cap, and what it can not be reckoned by is said', async () => {
    const capped = await plane.sdk.estimate({ dataset: 'support', maxUsd: 0.001 });
    expect(capped.teacherUsd).toEqual({ expected: 0.001, most: 0.001 });
    expect(capped.warnings.join(' ')).toContain('more than the cap of $0.001');
    const unpriced = await plane.sdk.estimate({ dataset: 'support', teacher: 'lab/unknown' });
    expect(unpriced).toMatchObject({ calls: 300 + 60 + 25, teacherUsd: { expected: null, most: null } });
  });

  test('a test split that can not decide is warned about', async () => {
    const estimate = await plane.sdk.estimate({ dataset: 'support' });
    expect(estimate).toMatchObject({ testRows: 25, rowsNeeded: 550 });
    expect(estimate.warnings.join(' ')).toMatch(/25 rows: not even a student without an error/);
    expect((await plane.sdk.estimate({ dataset: 'support', marginPoints: 20 })).warnings).toEqual([]);
  });
});

describe('the student', () => {
  test('an encoder takes a minute and no card', async () => {
    const estimate = await plane.sdk.estimate({ dataset: 'support' });
    expect(estimate).toMatchObject({ student: { kind: 'encoder', base: null }, fits: true, device: { kind: 'cpu' } });
    expect(estimate.deviceSource).toContain("this gateway's processor");
    expect(estimate.hours).toBeLessThan(0.05);
  });

  test('a name of the catalogue has its numbers, on the device that was stated', async () => {
    const estimate = await plane.sdk.estimate({ dataset: 'support', student: 'llama-3.1-8b', device: card });
    expect(estimate).toMatchObject({
      student: { base: 'meta-llama/Llama-3.1-8B-Instruct', parameters: 8_030_261_248, licence: 'llama3.1', gated: true },
      deviceSource: 'stated in the request',
      fits: true,
      reason: '',
    });
    expect(estimate.vramBytes.train16! / 1e9).toBeCloseTo(20, -1);
    expect(estimate.vramBytes.train4!).toBeLessThan(estimate.vramBytes.train16! / 1.8);
    expect(estimate.vramBytes.serve! / 1e9).toBeCloseTo(5.1, 0);
    expect(estimate.deviceUsd).toBeCloseTo(2 * estimate.hours!, 9);
    expect(estimate.warnings.join(' ')).toContain('HF_TOKEN');
  });

  test('one that can not fit says so with both numbers', async () => {
    const small = { ...card, name: 'a small card', freeBytes: 4 * gib };
    const estimate = await plane.sdk.estimate({ dataset: 'support', student: 'qwen3-14b', device: small });
    expect(estimate.fits).toBe(false);
    expect(estimate.reason).toMatch(/needs about \d+\.\d GiB .* a small card has 4\.0 GiB free/);
  });

  test('of an unknown size nothing is made up', async () => {
    const estimate = await plane.sdk.estimate({ dataset: 'support', student: 'someone/mystery' });
    expect(estimate).toMatchObject({ hours: null, diskBytes: null, vramBytes: { train16: null, train4: null, serve: null } });
    expect(estimate.warnings.join(' ')).toContain('a worker looks at it before the teacher is paid');
    expect((await plane.sdk.estimate({ dataset: 'support', student: 'our-base' })).student.base).toBe('our-base');
  });

  test('one that its provider tunes costs the tokens of its training file', async () => {
    const estimate = await plane.sdk.estimate({ dataset: 'support', student: 'hosted/lab/oracle-small', training: { epochs: 2 } });
    expect(estimate).toMatchObject({ student: { kind: 'hosted', base: 'lab/oracle-small' }, hours: null });
    // 60 rows of 41.5 tokens, twice, at $3 a million
    expect(estimate.deviceUsd).toBeCloseTo((60 * 41.5 * 2 * 3) / 1e6, 9);
    const unpriced = await plane.sdk.estimate({ dataset: 'support', student: 'hosted/lab/oracle-large' });
    expect(unpriced.warnings.join(' ')).toContain('no price for tuning "lab/oracle-large"');
  });

  test('the built-in one is made for labels: no warning', async () => {
    const estimate = await plane.sdk.estimate({ dataset: 'support', student: 'lora', marginPoints: 20 });
    expect(estimate).toMatchObject({ warnings: [], student: { base: 'stillhouse-mini', taskFloor: ['label'] }, fits: true });
  });
});

test('the names that can be chosen are listed with what they stand for', async () => {
  const bases = await plane.sdk.students.bases();
  expect(bases.slice(0, 3).map(({ name }) => name)).toEqual(['encoder', 'lora', 'our-base']);
  expect(bases.find(({ name }) => name === 'qwen3-0.6b')).toEqual({
    name: 'qwen3-0.6b',
    family: 'Qwen3',
    kind: 'language-model',
    base: 'Qwen/Qwen3-0.6B',
    parameters: 596_049_920,
    licence: 'apache-2.0',
    gated: false,
    contextTokens: 40_960,
    taskFloor: ['label'],
    trainBytes: { bits16: expect.closeTo(2.68e9, -8), bits4: expect.closeTo(1.96e9, -8) },
  });
  expect(bases[0]!.trainBytes).toBeNull();
});

test.each([
  [{ dataset: 'support', student: 'qwen3-0.7b' }, 400, /student: there is no "qwen3-0.7b"; the nearest: .*"qwen3-0.6b"/],
  [{ dataset: 'support', student: 'our-bass' }, 400, /the nearest: "our-base"/],
  [{ dataset: 'support', student: '../../etc' }, 400, /there is no "..\/..\/etc"/],
  [{ dataset: 'support', student: 'hosted/lap/oracle' }, 404, /student: There is no provider "lap"/],
  [{ dataset: 'suport' }, 404, /There is no dataset "suport"/],
  [{ dataset: 'support', project: 'other' }, 403, /belongs to the project/],
  [{ dataset: 'support', nSamples: 0 }, 400, /nSamples/],
])('%j is refused', async (body, status, detail) => {
  const refused = await plane.call('POST', '/api/estimate', body);
  expect([refused.status, refused.body.detail]).toEqual([status, expect.stringMatching(detail)]);
});
