import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SPLITS } from '../../contracts/datasets.ts';
import { rowContent } from '../../platform/content-hash.ts';
import { judgeVerdictsOf } from '../../store/clickhouse/dataset-verdicts.ts';
import { listJudgements } from '../../store/clickhouse/dataset-judgements.ts';
import { readDatasetRows } from '../../store/clickhouse/datasets.ts';
import { until } from '../support/until.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { CALL_USD, type JudgeBench, startJudgeBench } from './judge-bench.ts';

const ROWS = 100;
let bench: JudgeBench;
let worker: TestWorker;
let client: Client;

beforeAll(async () => {
  bench = await startJudgeBench();
  client = await bench.client();
  const home = bench.folder();
  worker = await startTestWorker({ env: bench.workerEnv(home) });
  await bench.build(client, home, 'default', ROWS);
}, 120_000);
afterAll(async () => {
  await worker?.stop();
  await bench?.stop();
});

const store = () => bench.clickhouse.client;
const run = async (request?: object) => (await bench.start(client, 'default', request)).result();
async function allRows() {
  const version = { name: 'parity', version: 1 };
  return (await Promise.all(SPLITS.map((split) => readDatasetRows(store(), 'default', version, { split })))).flat();
}
const numberOf = (row: { messages: { content?: unknown }[] }) => Number((row.messages[0]!.content as string).split(' ')[1]);
async function verdicts() {
  const rows = await allRows();
  const judged = rows.map((row) => ({ rowId: row.rowId, contentHash: rowContent(row) }));
  const found = await judgeVerdictsOf(store(), 'default', 'parity', judged);
  return new Map(rows.map((row) => [numberOf(row), found.get(row.rowId)]));
}

test('a cap lets no further call begin; what was answered has its verdict', async () => {
  // The worst case of a call is some multiple of what it costs.
  const state = await run({ maxUsd: 0.05, concurrency: 4 });
  expect(state).toMatchObject({ status: 'completed', capReached: true, version: 1 });
  expect(state.counts.unasked).toBeGreaterThan(0);
  expect(state.counts.judged + state.counts.unparsed).toBe(bench.judge.delivered());
  expect(state.counts.unasked + bench.judge.delivered()).toBe(ROWS);
  expect(state.spentUsd).toBeCloseTo(bench.judge.delivered() * CALL_USD, 6);
  expect(state.spentUsd).toBeLessThanOrEqual(0.05);
});

test('every row has a verdict with its reason; nonsense is no score; nothing is paid for twice', async () => {
  const before = bench.judge.delivered();
  const state = await run();
  expect(bench.judge.delivered()).toBe(ROWS);
  expect(state.counts).toMatchObject({
    rows: ROWS,
    judged: 96,
    kept: 86,
    dropped: 10,
    unparsed: 4,
    unasked: 0,
    reused: before,
    scores: 86,
  });
  expect(state.spentUsd).toBeCloseTo((ROWS - before) * CALL_USD, 6);
  const said = await verdicts();
  expect(said.get(24)).toBeUndefined();
  expect(said.get(13)).toMatchObject({
    by: 'judge',
    verdict: 'drop',
    score: 0,
    criteria: { correct: 0 },
    reason: 'It is wrong.',
    model: 'judge/test',
    promptVersion: 'judge-1',
  });
  expect(said.get(13)!.costUsd).toBeCloseTo(CALL_USD, 9);
  expect(said.get(14)).toMatchObject({ verdict: 'keep', score: 1 });
  const [newest] = await listJudgements(store(), 'default', 'parity');
  expect(newest).toEqual(state);
});

test('another bar judges what is on record anew, for nothing; the newest run counts', async () => {
  const state = await run({ keepFrom: 0 });
  expect(state.counts).toMatchObject({ kept: 96, dropped: 0, reused: ROWS });
  expect([bench.judge.delivered(), state.spentUsd]).toEqual([ROWS, 0]);
  expect((await verdicts()).get(13)).toMatchObject({ verdict: 'keep', score: 0 });
});

test('a verdict says nothing of another answer', async () => {
  const [row] = await allRows();
  const other = { rowId: row!.rowId, contentHash: rowContent({ ...row!, reference: 'something else' }) };
  expect((await judgeVerdictsOf(store(), 'default', 'parity', [other])).size).toBe(0);
});

test('a run that is cancelled journals what is in flight; the next one pays for the rest alone', async () => {
  const before = bench.judge.delivered();
  bench.judge.latencyMs = () => 200;
  const handle = await bench.start(client, 'default', { criteria: ['right'], concurrency: 4 });
  await until('some are answered', () => bench.judge.delivered() >= before + 8);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
  bench.judge.latencyMs = () => 5;
  const [cancelled] = await listJudgements(store(), 'default', 'parity');
  expect(cancelled).toMatchObject({ status: 'cancelled', error: null });
  expect(bench.judge.delivered() - before).toBeLessThan(ROWS);
  const state = await run({ criteria: ['right'] });
  expect(state.counts).toMatchObject({ judged: 96, unasked: 0 });
  expect(bench.judge.delivered() - before).toBe(ROWS);
});

test('a judge that is not there, and a dataset that is not, are refused with a sentence', async () => {
  await expect(run({ model: 'judge/unknown' })).rejects.toMatchObject({ cause: { type: 'price_unknown' } });
  await expect(run({ version: 9 })).rejects.toMatchObject({
    cause: { message: expect.stringContaining('no version of "parity"') as string },
  });
  expect(await listJudgements(store(), 'default', 'parity')).toHaveLength(7);
});
