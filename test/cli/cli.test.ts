import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_SPLITS } from '../../contracts/datasets.ts';
import type { Distillation } from '../../contracts/distil.ts';
import { DistilInput } from '../../contracts/distil.ts';
import { startingState } from '../../core/distillation/starting-state.ts';
import { insertLeftOut } from '../../store/clickhouse/dataset-left-out.ts';
import { insertDatasetRows, recordDataset } from '../../store/clickhouse/datasets.ts';
import { datasetOf, rowOf } from '../api/dataset-fixture.ts';
import { appendDistillationEvents, recordDistillation } from '../../store/clickhouse/distillations.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startControlPlane } from '../api/control-plane.ts';
import type { TestControlPlane } from '../api/control-plane.ts';
import { traceRow } from '../api/trace-row.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import type { TestClickHouse } from '../support/clickhouse.ts';

const BIN = fileURLToPath(new URL('../../clients/cli/bin.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stillhouse-cli-'));
let clickhouse: TestClickHouse;
let plane: TestControlPlane;
let server: Server;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  plane = await startControlPlane(clickhouse.client, null);
  server = createAdaptorServer({ fetch: plane.app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const rows = [1, 2, 3].map((n) => JSON.stringify(traceRow(n, { metadata: { run: 'r1' } })));
  await insertTraceSegment(clickhouse.client, { token: 's', lines: Buffer.from(rows.join('\n')) });
  await recordRun();
  // what a supervisor leaves beside a running stack
  mkdirSync(join(home, 'run'));
  mkdirSync(join(home, 'secrets'));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(join(home, 'run', 'parts.json'), JSON.stringify([{ name: 'gateway', pid: process.pid, address, restarts: 0 }]));
  writeFileSync(join(home, 'secrets', 'admin-key'), 'key\n');
});
afterAll(async () => {
  server?.close();
  await plane?.close();
  await clickhouse?.stop();
  rmSync(home, { recursive: true, force: true });
});

async function recordRun(): Promise<void> {
  const at = new Date();
  const run: Distillation = {
    ...startingState(DistilInput.parse({ dataset: 'support' }), {
      name: 'run-1',
      workflowId: 'distil/default/run-1',
      runId: 'r',
      startedAt: at,
    }),
    status: 'failed',
    error: 'The cap of $0.01 is too low: the first batch may cost $0.40.',
    endedAt: at.toISOString(),
  };
  await recordDistillation(clickhouse.client, run);
  const event = { at: at.toISOString(), stage: null, data: {} };
  await appendDistillationEvents(clickhouse.client, 'default', 'run-1', 'r', [
    { ...event, sequence: 1, kind: 'failed', message: 'It failed.' },
  ]);
}

/** Runs the command line in a process, as an installed package would. */
function stillhouse(args: string[], env: Record<string, string> = { STILLHOUSE_HOME: home }) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const clean = { PATH: process.env['PATH']!, HOME: process.env['HOME']! };
    execFile(process.execPath, [BIN, ...args], { env: { ...clean, ...env }, cwd: home }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test('beside a stack it needs no configuration', async () => {
  const listed = await stillhouse(['traces', 'list', '--metadata', 'run=r1']);
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(listed.stdout.trim().split('\n')).toHaveLength(4);
  expect(listed.stdout).toContain('lab/oracle-large');
  // no terminal, no colours
  // eslint-disable-next-line no-control-regex
  expect(listed.stdout).not.toMatch(/\u001b/);
});

test('--json prints what the API answers', async () => {
  const { stdout } = await stillhouse(['traces', 'list', '--limit', '2', '--json']);
  const page = JSON.parse(stdout);
  expect(page).toEqual(JSON.parse(JSON.stringify(await plane.sdk.traces.page({ limit: 2 }))));
  const refused = await stillhouse(['--json', 'traces', 'show', 'nope']);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { status: 404, code: 'not_found', param: 'id' } });
});

test('a run that failed is told in words and by the exit code', async () => {
  const watched = await stillhouse(['distillations', 'watch', 'run-1']);
  expect(watched.code).toBe(1);
  expect(watched.stdout).toContain('It failed.');
  expect(watched.stdout).toContain('The cap of $0.01 is too low');
  const lines = (await stillhouse(['distillations', 'watch', 'run-1', '--json'])).stdout.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).kind)).toEqual(['event', 'state']);
});

test('a dataset whose newest version failed names the one that is ready; a student may be named as its target', async () => {
  const at = new Date().toISOString();
  const base = { project: 'default', name: 'triage', hash: 'h', source: { traces: {} }, sourceHash: 's', task: { kind: 'label' as const } };
  const rows = { train: 60, validation: 15, test: 25 };
  const content = { splits: DEFAULT_SPLITS, rows, goldRows: 0, labels: {}, skipped: {}, warnings: [], createdAt: at, updatedAt: at };
  await recordDataset(clickhouse.client, { ...base, ...content, version: 1, status: 'ready', error: null });
  await recordDataset(clickhouse.client, { ...base, ...content, version: 2, status: 'failed', error: 'no rows' });
  expect((await stillhouse(['datasets', 'show', 'triage'])).stdout).toMatch(/failed  no rows\n.*version 1 is the newest that is ready/);
  expect((await stillhouse(['datasets', 'list'])).stdout).toContain('failed (version 1 is ready)');
  expect((await stillhouse(['students', 'show', 'student/x'])).stderr).toMatch(/^There is no student "x"/);
});

test('rows are edited, looked at where they were left out, and the trail is told', async () => {
  const dataset = datasetOf('cleaned', { train: 2, validation: 0, test: 0 });
  await recordDataset(clickhouse.client, dataset);
  const [first, second] = [rowOf('train', 0), rowOf('train', 1)];
  await insertDatasetRows(clickhouse.client, 'default', dataset, [first, second], 'cli-rows');
  await insertLeftOut(clickhouse.client, 'default', dataset, [
    { rowId: 'left', split: 'train', reason: 'language de', place: 'line 9', messages: first.messages, reference: 'ja', traceId: '' },
  ]);
  const ids = [first.rowId, second.rowId];
  const edited = await stillhouse(['datasets', 'edit', 'cleaned', '--rows', ...ids, '--drop', '--tags', 'odd,old', '--note', 'not ours']);
  expect(edited.stdout).toMatch(/verdict +– → drop +not ours/);
  expect(edited.stdout).toMatch(/tags +→ odd, old/);
  expect((await stillhouse(['datasets', 'edits', 'cleaned', '--row', second.rowId])).stdout.trim().split('\n')).toHaveLength(3);
  const shown = JSON.parse((await stillhouse(['datasets', 'rows', 'cleaned', '--json'])).stdout);
  expect(shown.items[0]).toMatchObject({ tags: ['odd', 'old'], verdict: { by: 'person', verdict: 'drop', reason: 'not ours' } });
  expect((await stillhouse(['datasets', 'left-out', 'cleaned'])).stdout).toMatch(/language de +1 rows[\s\S]+language de +line 9/);
  const undone = await stillhouse(['datasets', 'edit', 'cleaned', '--rows', first.rowId, '--undo', '--json']);
  expect(JSON.parse(undone.stdout).items).toMatchObject([{ field: 'verdict', before: 'drop', after: null }]);
});

test('status is 1 while a part is down', async () => {
  const status = await stillhouse(['status']);
  expect(status.code).toBe(1);
  expect(status.stdout).toMatch(/Temporal +down/);
  expect(status.stdout).toMatch(/3 calls in the last 24 hours/);
});

test('what would be forgotten is counted first, and what is no name of a call is refused', async () => {
  const counted = await stillhouse(['traces', 'forget', '--metadata', 'run=r1']);
  expect(counted).toMatchObject({ code: 0, stdout: expect.stringContaining('3 calls are stored that this names.') });
  expect((await stillhouse(['traces', 'forget', '--metadata', 'run=r2', '--json'])).stdout).toContain('"traces": 0');
  const both = await stillhouse(['traces', 'forget', '--metadata', 'run=r1', '--metadata', 'a=b', '--json']);
  expect(both.stdout).toContain('"traces": 0');
});

test('usage, counts and exports', async () => {
  const usage = await stillhouse(['usage', '--by', 'alias,model', '--key', 'admin']);
  expect(usage.stdout).toMatch(/support\s+oracle-large\s+3\s+0/);
  const byRun = await stillhouse(['usage', '--by', 'metadata.run,user,alias', '--metadata', 'run=r1']);
  expect(byRun.stdout).toMatch(/^metadata\.run +user +alias +calls.*\nr1 +– +support +3 /);
  expect((await stillhouse(['usage', '--by', 'day,model'])).stdout).not.toMatch(/^all /m);
  expect((await stillhouse(['traces', '--text', 'message 2', '--count'])).stdout).toMatch(/1 in all/);
  const file = join(home, 'traces.csv');
  const exported = await stillhouse(['traces', 'export', '--format', 'csv', '--text', 'message', '-o', file]);
  expect(exported).toMatchObject({ code: 0, stdout: expect.stringContaining('traces.csv') });
  expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(4);
  const { stdout } = await stillhouse(['traces', 'export', '--text', 'message 3']);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { alias: string }).alias),
  ).toEqual(['support']);
});

test.each([
  [['alias', 'set', 'support'], /missing required argument 'targets'/],
  [['alias', 'set', 'support', 'gpt-4o'], /must be provider\/model/],
  [['traces', '--status', 'fine'], /Allowed choices are ok, error/],
  [['traces', '--min-cost-usd', 'much'], /must be a number/],
  [['usage', '--by', 'colour'], /none of alias, model, provider/],
  [['traces', 'export', '--format', 'xls'], /Allowed choices are jsonl, csv, parquet/],
  [['nothing'], /unknown command 'nothing'/],
  [['keys', 'show', 'app'], /^error: unknown command 'keys show'; there are list, create, limit, revoke\n/],
  [['usage', '--by', 'metadata.'], /"metadata\." is none of alias, .*, metadata\.<key>/],
  [['traces', 'forget', '--yes'], /--id, --user, --session or --metadata/],
  [['datasets', 'judge', 'x'], /required option '--model <target>'/],
  [['datasets', 'edit', 'x', '--rows', 'a', '--keep', '--drop'], /cannot be used with option '--drop'/],
  [['datasets', 'create', 'x', '--file', '/nope'], /^--file: \/nope can't be read: .*no such file.*\n$/],
  [['datasets', 'create', 'x', '--file', '/'], /^--file: \/ can't be read: it is a folder, or no plain file\.\n$/],
])('%j is a wrong command line: 2', async (args, sentence) => {
  expect(await stillhouse(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(sentence) });
});

test('what is missing is said in a sentence: 1', async () => {
  const nowhere = await stillhouse(['traces'], { STILLHOUSE_HOME: join(home, 'none') });
  expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringMatching(/^No stack runs here.*stillhouse up/) });
  const gone = await stillhouse(['traces'], { STILLHOUSE_URL: 'http://127.0.0.1:9', STILLHOUSE_API_KEY: 'k' });
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringMatching(/^http:\/\/127.0.0.1:9 does not answer\. Is the stack running\?/) });
  const noSource = await stillhouse(['datasets', 'create', 'x']);
  expect(noSource).toMatchObject({ code: 1, stderr: expect.stringContaining('Which traces?') });
});
