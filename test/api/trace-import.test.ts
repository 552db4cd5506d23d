import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { importLines } from '../../activities/import-traces.ts';
import type { TraceImport } from '../../contracts/imports.ts';
import { TABLES } from '../../contracts/names.ts';
import { LineReader } from '../../platform/line-reader.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { connectClickHouse } from '../../store/clickhouse/connection.ts';
import { defineQuery, runQuery } from '../../store/clickhouse/query.ts';
import { spendByKey } from '../../store/clickhouse/spend.ts';
import { startCuttingProxy } from '../gateway/cutting-proxy.ts';
import type { DistilBench } from '../support/distil-bench.ts';
import { until } from '../support/until.ts';
import type { TestWorker } from '../support/worker.ts';
import type { TestControlPlane } from './control-plane.ts';
import { type KillablePlane, startKillablePlane } from './killable-plane.ts';

const BEGAN = Date.parse('2026-05-31T23:59:00Z');

let bench: DistilBench;
let plane: TestControlPlane;
let worker: TestWorker;
let killable: KillablePlane;
let startWorker: KillablePlane['startWorker'];

beforeAll(async () => {
  killable = await startKillablePlane();
  ({ bench, plane, startWorker } = killable);
  worker = await startWorker();
}, 180_000);
afterAll(async () => {
  await worker?.stop();
  await killable?.stop();
});

/** A call as LiteLLM logs it; the n-th of a log that runs over the end of a month. */
function call(n: number, answer = `answer ${n}`) {
  const at = (BEGAN + n * 10) / 1000;
  return {
    request_id: `r${n}`,
    call_type: 'acompletion',
    spend: 0.001,
    model: 'gpt-4o',
    custom_llm_provider: 'openai',
    startTime: at,
    endTime: at + 0.25,
    messages: [{ role: 'user', content: `question ${n}` }],
    response: { choices: [{ message: { role: 'assistant', content: answer }, finish_reason: 'stop' }] },
    prompt_tokens: 10,
    completion_tokens: 2,
  };
}
const jsonl = (lines: readonly unknown[]) => lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');

const COUNTS = defineQuery({
  name: 'counts of a project',
  sql: `SELECT (SELECT count() FROM ${TABLES.traces} WHERE project = {project:String}) AS rows,
    (SELECT uniqExact(id) FROM ${TABLES.traces} WHERE project = {project:String}) AS ids,
    (SELECT count() FROM ${TABLES.attempts} WHERE project = {project:String}) AS attempts,
    (SELECT toInt64(sum(calls)) FROM ${TABLES.usageMinutes} WHERE project = {project:String}) AS minutes,
    (SELECT toInt64(sum(calls)) FROM ${TABLES.usageDays} WHERE project = {project:String}) AS days`,
  parameters: z.object({ project: z.string() }),
  row: z.object({ rows: z.number(), ids: z.number(), attempts: z.number(), minutes: z.number(), days: z.number() }),
});
const counts = async (project: string) => (await runQuery(bench.clickhouse.client, COUNTS, { project }))[0]!;
const each = (n: number) => ({ rows: n, ids: n, attempts: n, minutes: n, days: n });

async function ended(project: string, { name }: Pick<TraceImport, 'name'>): Promise<TraceImport> {
  return until(
    'the import ends',
    async () => {
      const found = await plane.sdkOf(project).traces.importState(name);
      return found.status === 'completed' || found.status === 'failed' ? found : null;
    },
    120_000,
  );
}

test('what a project masks is masked in a log, too', async () => {
  await plane.sdk.projects.create({ name: 'masked-logs', privacy: { mask: ['email'], fields: ['ssn'] } });
  const sdk = plane.sdkOf('masked-logs');
  const lines = [0, 1].map((n) => ({
    ...call(n, 'to ann@example.com'),
    messages: [{ role: 'user', content: '{"ssn":"078-05-1120","of":"ann@example.com"}' }],
  }));
  expect(await ended('masked-logs', await sdk.traces.import(jsonl(lines), { format: 'litellm' }))).toMatchObject({ imported: 2 });
  const { items } = await sdk.traces.page({ origin: 'import' });
  expect(items).toHaveLength(2);
  for (const item of items)
    expect(item).toMatchObject({ prompt: '{"ssn":"[removed]","of":"[email]"}', answer: 'to [email]', tokensIn: 10 });
  expect(JSON.stringify(await sdk.traces.get(items[0]!.id))).not.toMatch(/ann@|078/);
});

test('a log comes in once, whatever file its calls come in; bad lines are named and the rest goes in', async () => {
  const sdk = plane.sdkOf('logs');
  const lines = [
    call(0),
    call(1),
    call(1),
    '{"half": ',
    '',
    { prompt: 'x' },
    { ...call(2), startTime: 0 },
    { ...call(3), call_type: 'aembedding' },
    call(4),
  ];
  const body = Buffer.concat([
    Buffer.from(jsonl(lines)),
    Buffer.from('\n{"messages": "'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}\n{"cut off'),
  ]);
  const first = await ended('logs', await sdk.traces.import(new Blob([body]), { format: 'auto' }));
  expect(first).toMatchObject({ status: 'completed', lines: 11, imported: 3, known: 1, skipped: 1, refused: 5, error: null });
  expect(first.problems.map(({ line }) => line)).toEqual([4, 6, 7, 10, 11]);
  expect(first.problems.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('is not JSON'),
    expect.stringContaining('of no format that is known'),
    expect.stringContaining('before there were such calls'),
    'is not UTF-8',
    expect.stringContaining('is not JSON'),
  ]);
  expect(await counts('logs')).toEqual(each(3));

  // The same file: nothing is read. Read anew, or its calls in another file: nothing is stored.
  expect(await sdk.traces.import(new Blob([body]), { format: 'auto' })).toEqual(first);
  const again = await ended('logs', await sdk.traces.import(new Blob([body]), { format: 'auto', again: 'true' }));
  expect(again).toMatchObject({ imported: 0, known: 4 });
  const other = await ended('logs', await sdk.traces.import(jsonl([call(5), call(4), call(0)]), { format: 'litellm' }));
  expect(other).toMatchObject({ imported: 1, known: 2 });
  expect(await counts('logs')).toEqual(each(4));

  // As any call, but for whose it was.
  const { items } = await sdk.traces.page({ origin: 'import' });
  expect(items).toHaveLength(4);
  const trace = await sdk.traces.get(items.at(-1)!.id);
  expect(trace).toMatchObject({
    target: 'openai/gpt-4o',
    status: 'ok',
    costUsd: 0.001,
    latencyMs: 250,
    prompt: 'question 0',
    answer: 'answer 0',
  });
  expect(trace.request).toEqual({ model: 'gpt-4o', messages: [{ role: 'user', content: 'question 0' }] });
  const days = { from: BEGAN - 86_400_000, until: BEGAN + 86_400_000 };
  expect(await spendByKey(bench.clickhouse.client, 'logs', days)).toEqual([]);

  // Another project's is not found, and its own calls are its own.
  await expect(plane.sdkOf('others').traces.importState(first.name)).rejects.toThrow('no import');
  await expect(plane.sdkOf('others').traces.get(trace.id)).rejects.toThrow();
});

test('undated calls are refused unless it is said when they were made; what the project would delete at once is refused', async () => {
  const example = {
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ],
  };
  const undated = await ended('undated', await plane.sdkOf('undated').traces.import(jsonl([example]), { format: 'openai' }));
  expect(undated).toMatchObject({ refused: 1, problems: [{ line: 1, reason: expect.stringContaining('has no time') }] });
  const at = '2026-05-01T00:00:00Z';
  const dated = await ended('undated', await plane.sdkOf('undated').traces.import(jsonl([example, example]), { format: 'openai', at }));
  expect(dated).toMatchObject({ imported: 1, known: 1, at: '2026-05-01T00:00:00.000Z' });
});

test('killed amid the import and right before its end, it goes on: each call once in every table', async () => {
  await worker.stop();
  const total = 12_000;
  const sdk = plane.sdkOf('killed');
  const begun = await sdk.traces.import(jsonl(Array.from({ length: total }, (_, n) => call(n))), { format: 'litellm' });
  const second = await sdk.traces.import(jsonl([call(0), call(total)]), { format: 'litellm' });
  expect((await sdk.traces.importState(second.name)).status).toBe('waiting');
  const amid = await startWorker();
  await until('some of it is stored', async () => (await counts('killed')).rows >= 2_000);
  await amid.kill();
  const stored = (await counts('killed')).rows;
  expect(stored).toBeLessThan(total);
  const atTheEnd = await startWorker('importFile', 'end');
  expect(await atTheEnd.exited).toBeNull();
  worker = await startWorker();
  const report = await ended('killed', begun);
  expect(report).toMatchObject({ status: 'completed', lines: total, refused: 0 });
  expect(report.imported + report.known).toBe(total);
  expect(await ended('killed', second)).toMatchObject({ imported: 1, known: 1 });
  expect(await counts('killed')).toEqual(each(total + 1));
}, 240_000);

test('an insert that was done and not acknowledged is not done again', async () => {
  const proxy = await startCuttingProxy(() => bench.clickhouse.url);
  const clickhouse = connectClickHouse({ ...bench.clickhouse.env, CLICKHOUSE_URL: proxy.url });
  const attempt = () =>
    importLines(linesOf(Buffer.from(jsonl([call(0), call(1), call(8_000)])), []), {
      setting: { clickhouse, artifacts: openArtifactStore(plane.artifacts), now: Date.now },
      project: 'cut',
      waiting: { name: 'x', format: 'litellm', at: null, keptSince: null, startedAt: '' },
      moved: () => undefined,
      again: true,
    });
  proxy.mode = 'cut-answers';
  await expect(attempt()).rejects.toMatchObject({ code: 'unavailable' });
  await expect(attempt()).rejects.toMatchObject({ code: 'unavailable' });
  expect(proxy.cut).toBe(2);
  proxy.mode = 'pass';
  // Both attempts ended with the first month's block, which is sent again for the sake of roll-ups; the second month's was not sent yet.
  expect(await attempt()).toMatchObject({ imported: 1, known: 2 });
  expect(await counts('cut')).toEqual(each(3));
  await clickhouse.close();
  await proxy.stop();
});

test('cut anywhere, in any order, with repeats and bad lines: the same calls', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.nat(30), fc.constantFrom('', 'bad', '{"a":1}')), { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(400), { maxLength: 8 }),
      async (lines, cuts) => {
        const project = `any-${run++}`;
        const bytes = Buffer.from(jsonl(lines.map((line) => (typeof line === 'number' ? call(line) : line))));
        const setting = { clickhouse: bench.clickhouse.client, artifacts: openArtifactStore(plane.artifacts), now: Date.now };
        const waiting = { name: 'x', format: 'auto' as const, at: null, keptSince: null, startedAt: '' };
        const read = () => importLines(linesOf(bytes, cuts), { setting, project, waiting, moved: () => undefined, again: true });
        const different = new Set(lines.filter((line) => typeof line === 'number')).size;
        const calls = lines.filter((line) => typeof line === 'number').length;
        const bad = lines.filter((line) => line === 'bad' || line === '{"a":1}').length;
        expect(await read()).toMatchObject({ imported: different, known: calls - different, refused: bad });
        expect(await read()).toMatchObject({ imported: 0, known: calls, refused: bad });
        expect(await counts(project)).toEqual(each(different));
      },
    ),
    { numRuns: 15 },
  );
}, 60_000);

async function* linesOf(bytes: Buffer, cuts: readonly number[]) {
  const reader = new LineReader();
  let from = 0;
  for (const cut of [...cuts.map((at) => at % bytes.length), bytes.length].sort((a, b) => a - b)) {
    yield* reader.add(bytes.subarray(from, cut));
    from = cut;
  }
  yield* reader.end();
}
