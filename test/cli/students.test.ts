import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { insertDatasetRows, recordDataset } from '../../store/clickhouse/datasets.ts';
import { startControlPlane } from '../api/control-plane.ts';
import { datasetOf, rowOf } from '../api/dataset-fixture.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import { CHAT_MODEL, ggufFile } from '../support/gguf-file.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { startTestWorker } from '../support/worker.ts';

const BIN = fileURLToPath(new URL('../../clients/cli/bin.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-cli-students-'));
const stops: (() => unknown)[] = [];
let url: string;
const model = ggufFile(CHAT_MODEL, { 'token_embd.weight': [8, 4], 'blk.0.attn_q.weight': [8, 16] });
const ADAPTER = { 'general.architecture': { string: 'llama' }, 'general.type': { string: 'adapter' }, 'adapter.type': { string: 'lora' } };

beforeAll(async () => {
  const [clickhouse, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  stops.push(
    () => clickhouse.stop(),
    () => temporal.stop(),
  );
  const worker = await startTestWorker({ env: { ...clickhouse.env, TEMPORAL_ADDRESS: temporal.address } });
  stops.unshift(() => worker.stop());
  const plane = await startControlPlane(clickhouse.client, temporal.address);
  stops.unshift(() => plane.close());
  plane.app.post('/v1/chat/completions', async (c) => {
    const { model: target, messages } = await c.req.json<{ model: string; messages: { content: string }[] }>();
    c.header(HEADERS.costUsd, '0.0002');
    return c.json({ choices: [{ message: { role: 'assistant', content: `${target} heard ${messages[0]!.content}` } }] });
  });
  const server = createAdaptorServer({ fetch: plane.app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.unshift(() => server.close());
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dataset = datasetOf('support', { train: 6, validation: 2, test: 2 });
  const rows = Object.entries(dataset.rows).flatMap(([split, n]) => Array.from({ length: n }, (_, i) => rowOf(split as 'train', i)));
  await recordDataset(clickhouse.client, dataset);
  await insertDatasetRows(clickhouse.client, 'default', dataset, rows, 'rows');
  writeFileSync(join(folder, 'tiny.gguf'), model);
  mkdirSync(join(folder, 'lora'));
  const tensors = { 'blk.0.attn_q.weight.lora_a': [8, 2], 'blk.0.attn_q.weight.lora_b': [2, 16] };
  writeFileSync(join(folder, 'lora', 'adapter.gguf'), ggufFile(ADAPTER, tensors));
  mkdirSync(join(folder, 'peft'));
  writeFileSync(join(folder, 'peft', 'adapter_config.json'), '{}');
  writeFileSync(join(folder, 'model.bin'), Buffer.from('PK\u0003\u0004archive/data.pkl'));
});
afterAll(async () => {
  for (const stop of stops) await stop();
  rmSync(folder, { recursive: true, force: true });
});

function stillhouse(...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = { PATH: process.env['PATH']!, HOME: process.env['HOME']!, STILLHOUSE_URL: url, STILLHOUSE_API_KEY: 'k' };
    execFile(process.execPath, [BIN, ...args], { env, cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test('a GGUF is imported, shown as not evaluated, called, placed and pulled again, bytes and all', async () => {
  const imported = await stillhouse('students', 'import', 'tiny', '--gguf', 'tiny.gguf', '--labels', 'a, b');
  expect(imported).toMatchObject({ code: 0, stderr: '' });
  expect(imported.stdout).toMatch(/imported: trained elsewhere, not evaluated/);
  expect((await stillhouse('students', 'list')).stdout).toMatch(/student\/tiny +1 +language-model +2 +Tiny +imported +– +not evaluated/);
  const called = await stillhouse('students', 'call', 'student/tiny', 'hello there');
  expect(called.stdout).toMatch(/^student\/tiny heard hello there\n.* ms, \$0.00020\n$/);
  expect((await stillhouse('students', 'place', 'tiny', 'gpu-box')).stdout).toBe('student/tiny is served by gpu-box (version 2).\n');
  expect((await stillhouse('students', 'show', 'tiny')).stdout).toMatch(/served by +gpu-box/);
  const pulled = await stillhouse('students', 'pull', 'tiny', '--to', 'out');
  expect(pulled.code).toBe(0);
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['manifest.json', 'model.f16.gguf']);
  expect(readFileSync(join(folder, 'out', 'model.f16.gguf'))).toEqual(model);
  // a damaged copy is replaced, a good one stays
  writeFileSync(join(folder, 'out', 'model.f16.gguf'), Buffer.alloc(model.length));
  const again = await stillhouse('students', 'pull', 'tiny', '--to', 'out');
  expect(again.stdout).toMatch(/· out\/manifest.json.*\n✔ out\/model.f16.gguf/);
  expect(readFileSync(join(folder, 'out', 'model.f16.gguf'))).toEqual(model);
});

test('an adapter goes onto the base of a student; what can not be served is refused in a sentence', async () => {
  const imported = await stillhouse('students', 'import', 'ours', '--adapter', 'lora', '--base', 'tiny', '--json');
  expect(JSON.parse(imported.stdout)).toMatchObject({ name: 'ours', base: { id: 'Tiny' }, evaluation: null });
  const files = JSON.parse((await stillhouse('students', 'files', 'ours', '--json')).stdout);
  expect(files.items.map(({ file }: { file: string }) => file)).toEqual(['manifest.json', 'adapter.gguf', 'base.f16.gguf']);
  expect(await stillhouse('students', 'import', 'x', '--adapter', 'lora', '--base', 'Qwen/Qwen3-4B')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no student here stands on "Qwen/Qwen3-4B"'),
  });
});

test.each([
  [['students', 'import', 'x', '--gguf', 'model.bin'], 1, /can run code when it is loaded/],
  [['students', 'import', 'x', '--gguf', 'nowhere.gguf'], 2, /there is no file nowhere.gguf/],
  [['students', 'import', 'x', '--adapter', 'peft'], 2, /has no adapter.gguf. llama.cpp's convert_lora_to_gguf.py makes it/],
  [['students', 'import', 'x'], 2, /Name it by --gguf, --adapter or --encoder/],
  [['students', 'pull', 'nobody', '--to', 'out'], 1, /There is no student "nobody"/],
  [['students', 'place', 'tiny', 'gpu-bax'], 1, /"gpu-box"/],
])('%j is refused', async (args, code, sentence) => {
  expect(await stillhouse(...args)).toMatchObject({ code, stderr: expect.stringMatching(sentence) });
});

test('an estimate names dollars, hours, memory and what is missing', async () => {
  const { code, stdout } = await stillhouse('estimate', 'support', '--student', 'qwen3-0.6b');
  expect(code).toBe(0);
  expect(stdout).toMatch(/qwen3-0.6b on Qwen\/Qwen3-0.6B, 596 million parameters/);
  expect(stdout).toMatch(/lab\/oracle-large: 32 calls, about \$0\.00\d+, at most \$/);
  expect(stdout).toMatch(/memory +\d.* GB to train in 16 bit, .* in 4 bit; .* to serve/);
  expect(stdout).toMatch(/test rows +2; about 550 decide/);
  expect(await stillhouse('estimate', 'support', '--student', 'qwen3-0.7b')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('"qwen3-0.6b"'),
  });
});
