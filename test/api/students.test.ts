import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Student } from '../../contracts/distil.ts';
import { LanguageModelManifest } from '../../contracts/language-model.ts';
import { MESSAGES } from '../../contracts/names.ts';
import { EncoderManifest } from '../../contracts/stages.ts';
import { Client, Connection } from '@temporalio/client';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import { CHAT_MODEL, ggufFile } from '../support/gguf-file.ts';
import { updateRegistry } from '../support/registry-client.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { startTestWorker } from '../support/worker.ts';
import { startControlPlane } from './control-plane.ts';
import type { TestControlPlane } from './control-plane.ts';

const stops: (() => Promise<unknown>)[] = [];
let plane: TestControlPlane;
let artifacts: ArtifactStore;
let client: Client;
const SHA = 'a'.repeat(64);
const model = ggufFile(CHAT_MODEL, { 'token_embd.weight': [8, 4], 'blk.0.attn_q.weight': [8, 16] });
const ADAPTER = { 'general.architecture': { string: 'llama' }, 'general.type': { string: 'adapter' }, 'adapter.type': { string: 'lora' } };
const adapter = ggufFile(ADAPTER, { 'blk.0.attn_q.weight.lora_a': [8, 2], 'blk.0.attn_q.weight.lora_b': [2, 16] });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const refused = (promise: Promise<unknown>) => promise.then(() => null).catch((error: unknown) => error);

beforeAll(async () => {
  const [clickhouse, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  stops.push(
    () => clickhouse.stop(),
    () => temporal.stop(),
  );
  const worker = await startTestWorker({ env: { ...clickhouse.env, TEMPORAL_ADDRESS: temporal.address } });
  stops.unshift(() => worker.stop());
  plane = await startControlPlane(clickhouse.client, temporal.address);
  artifacts = openArtifactStore(plane.artifacts);
  stops.unshift(() => plane.close());
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  stops.unshift(() => client.connection.close());
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function manifestOf(student: Student): Promise<LanguageModelManifest> {
  return LanguageModelManifest.parse(JSON.parse((await artifacts.get(student.manifest)).toString()));
}

describe('a whole model', () => {
  test('is uploaded, imported as not evaluated, and served by what its own file says', async () => {
    const uploaded = await plane.sdk.students.upload('tiny', new Blob([model]).stream());
    expect(uploaded).toEqual({ kind: 'gguf', sha256: sha256(model), bytes: model.length });
    const student = await plane.sdk.students.import({ name: 'tiny', model: { form: 'gguf', model: uploaded.sha256 }, labels: ['a', 'b'] });
    expect(student).toMatchObject({ name: 'tiny', kind: 'language-model', version: 1, lineage: null, evaluation: null, placement: null });
    expect(await plane.sdk.students.get('tiny')).toEqual({ ...student, forgottenRows: 0 });
    expect(await manifestOf(student)).toMatchObject({
      base: { id: 'Tiny', digest: sha256(model), parameters: 160, contextTokens: 512, vocabulary: 4, licence: 'apache-2.0' },
      quantization: 'f16',
      served: { form: 'merged', model: { sha256: sha256(model) } },
      controlTokens: ['<s>', '<|im_end|>'],
      templateOptions: {},
      labels: ['a', 'b'],
      agreement: null,
    });
  });

  test('can be downloaded, file by file, with hashes to compare', async () => {
    const files = await plane.sdk.students.files('tiny');
    expect(files.map(({ file }) => file)).toEqual(['manifest.json', 'model.f16.gguf']);
    for (const { file, sha256: hash, bytes } of files) {
      const body = Buffer.concat(await Array.fromAsync(await plane.sdk.students.download('tiny', file)));
      expect([body.length, sha256(body)]).toEqual([bytes, hash]);
    }
    const response = await plane.app.request('/api/students/tiny/files/model.f16.gguf');
    expect(response.headers.get('etag')).toBe(`"${sha256(model)}"`);
    expect(response.headers.get('content-length')).toBe(String(model.length));
    expect(await refused(plane.sdk.students.download('tiny', '../secrets'))).toMatchObject({ status: 404 });
    expect(await refused(plane.sdk.students.files('tyni'))).toMatchObject({ message: expect.stringContaining('"tiny"') });
  });

  test('an import under its name is a further version; over a student that was trained here it is refused', async () => {
    const again = await plane.sdk.students.import({ name: 'tiny', model: { form: 'gguf', model: sha256(model) } });
    expect(again.version).toBe(2);
    const lineage = { distillation: 'd', dataset: 's', datasetVersion: 1, datasetHash: 'h', teacher: 't/x', usedGold: false, seed: 7 };
    const { version: _, ...trained } = { ...again, name: 'trained', lineage };
    await updateRegistry(client, 'default', MESSAGES.putStudent, { requestId: 'r', student: trained });
    await plane.snapshots.refresh('default');
    const over = await refused(plane.sdk.students.import({ name: 'trained', model: { form: 'gguf', model: sha256(model) } }));
    expect(over).toMatchObject({ status: 409, message: expect.stringContaining('was trained here') });
  });
});

describe('an adapter', () => {
  test('stands on the base of a student that is here, with its template', async () => {
    const { sha256: hash } = await plane.sdk.students.upload('ours', new Blob([adapter]).stream(), 'gguf');
    const student = await plane.sdk.students.import({ name: 'ours', base: 'Tiny', model: { form: 'adapter', adapter: hash } });
    expect(student).toMatchObject({ base: { id: 'Tiny', digest: sha256(model) }, lineage: null });
    expect(await manifestOf(student)).toMatchObject({
      served: { form: 'adapter', base: { sha256: sha256(model) }, adapter: { sha256: hash } },
      merged: null,
      chatTemplate: CHAT_MODEL['tokenizer.chat_template'] && expect.stringContaining('messages'),
    });
    expect((await plane.sdk.students.files('ours')).map(({ file }) => file)).toEqual(['manifest.json', 'adapter.gguf', 'base.f16.gguf']);
  });

  test('without a base here, or with one that it does not fit, is refused in a sentence', async () => {
    const form = { form: 'adapter' as const, adapter: sha256(adapter) };
    expect(await refused(plane.sdk.students.import({ name: 'x', model: form }))).toMatchObject({
      status: 400,
      message: expect.stringMatching(/does not say which base it is for.*There are students on "Tiny"/),
    });
    expect(await refused(plane.sdk.students.import({ name: 'x', base: 'Qwen/Qwen3-0.6B', model: form }))).toMatchObject({
      message: expect.stringContaining('no student here stands on "Qwen/Qwen3-0.6B"'),
    });
    const wide = ggufFile(ADAPTER, { 'blk.0.attn_q.weight.lora_a': [9, 2] });
    const { sha256: hash } = await plane.sdk.students.upload('x', new Blob([wide]).stream());
    const misfit = await refused(plane.sdk.students.import({ name: 'x', base: 'Tiny', model: { form: 'adapter', adapter: hash } }));
    expect(misfit).toMatchObject({ message: expect.stringContaining("a side of 9, and the base's has 8") });
    const unsent = await refused(plane.sdk.students.import({ name: 'x', base: 'Tiny', model: { form: 'adapter', adapter: SHA } }));
    expect(unsent).toMatchObject({ message: expect.stringContaining('was uploaded; send it') });
  });
});

test('an encoder comes with its manifest and its numbers', async () => {
  const head = Buffer.alloc(2 * 5 * 4, 1);
  const manifest: EncoderManifest = {
    format: 'stillhouse-encoder/1',
    input: 'last-user-text',
    embedder: { sha256: SHA, name: 'mini', dimensions: 4, maxTokens: 256 },
    labels: ['yes', 'no'],
    head: { key: 'elsewhere/head.f32', sha256: sha256(head), bytes: head.length },
    temperature: 1,
    neighbours: null,
    onnx: { key: 'elsewhere/model.onnx', sha256: SHA, bytes: 1 },
    validationAccuracy: 0.9,
  };
  const body = JSON.stringify(manifest);
  const { sha256: hash } = await plane.sdk.students.upload('enc', body);
  const lacking = await refused(plane.sdk.students.import({ name: 'enc', model: { form: 'encoder', manifest: hash } }));
  expect(lacking).toMatchObject({ message: expect.stringContaining('model.manifest.head: no file with the hash') });
  await plane.sdk.students.upload('enc', new Blob([head]).stream(), 'floats');
  const student = await plane.sdk.students.import({ name: 'enc', model: { form: 'encoder', manifest: hash } });
  expect(student).toMatchObject({ kind: 'encoder', labels: ['yes', 'no'], embedderSha256: SHA, base: null, evaluation: null });
  const stored = EncoderManifest.parse(JSON.parse((await artifacts.get(student.manifest)).toString()));
  expect(await artifacts.get(stored.head)).toEqual(head);
  expect(stored.onnx).toBeNull();
});

describe('an upload is refused that', () => {
  const truncated = model.subarray(0, 60);
  const tensors = (offsets: number[]) => {
    const header = Buffer.from(JSON.stringify({ w: { dtype: 'F32', shape: [1], data_offsets: offsets } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, header, Buffer.alloc(4)]);
  };
  test.each([
    ['is a zip archive, as PyTorch saves', Buffer.from('PK\u0003\u0004archive/data.pkl'), /can run code when it is loaded/],
    ['is a bare pickle', Buffer.from([0x80, 0x02, 0x7d, 0x71]), /can run code when it is loaded/],
    ['is a GGUF cut off in its header', truncated, /header is cut off/],
    ['is a GGUF cut off in its weights', model.subarray(0, model.length - 530), /weights are cut off/],
    ['is safetensors cut off', tensors([0, 8]), /lies outside of it/],
    ['is no model at all', Buffer.from('hello'), /neither GGUF nor safetensors nor JSON/],
    ['begins like JSON', Buffer.from('{"a": '), /begins like JSON and is none/],
  ])('%s', async (_, bytes, reason) => {
    expect(await refused(plane.sdk.students.upload('x', new Blob([bytes]).stream()))).toMatchObject({
      status: 400,
      message: expect.stringMatching(reason),
    });
    expect(await artifacts.has(`models/${sha256(bytes)}.gguf`)).toBe(false);
  });

  test('is not what it is said to be', async () => {
    const whole = await plane.sdk.students.upload('x', new Blob([tensors([0, 4])]).stream());
    expect(whole.kind).toBe('safetensors');
    const other = await refused(plane.sdk.students.upload('x', new Blob([model]).stream(), 'json'));
    expect(other).toMatchObject({ message: expect.stringContaining('said to be json and is gguf') });
  });
});

test('a language model is placed on a server that the configuration names', async () => {
  expect(await plane.sdk.students.place('tiny', 'gpu-box')).toMatchObject({ name: 'tiny', placement: 'gpu-box' });
  expect((await plane.sdk.students.get('tiny')).placement).toBe('gpu-box');
  expect((await plane.sdk.students.place('tiny', 'local')).placement).toBeNull();
  expect(await refused(plane.sdk.students.place('tiny', 'gpu-bax'))).toMatchObject({
    status: 404,
    message: expect.stringContaining('"gpu-box"'),
  });
  expect(await refused(plane.sdk.students.place('nobody', null))).toMatchObject({ status: 404 });
  expect(await refused(plane.sdk.students.place('enc', 'gpu-box'))).toMatchObject({
    status: 400,
    message: expect.stringContaining('encoder'),
  });
});
