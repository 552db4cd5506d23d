import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dot, plainDense } from '../core/learning/dense.ts';
import { seededRandom } from '../core/random.ts';
import { type Embedder, openEmbedder, openTokenizer, verifyEmbedder } from './embedder.ts';
import { encodeOnnxModel } from './onnx-model.ts';
import { createOnnxDense } from './onnx-dense.ts';

const folder = process.env['STILLHOUSE_EMBEDDER']!;
let embedder: Embedder | undefined;
afterAll(() => embedder?.close());

test('token ids are those of Hugging Face tokenizers 0.22', async () => {
  const encode = await openTokenizer(folder, 128);
  expect(encode('I am still waiting on my card?')).toEqual([101, 1045, 2572, 2145, 3403, 2006, 2026, 4003, 1029, 102]);
  expect(encode('Ünïcödé naïve façade 日本語 test 😀')).toEqual([101, 27260, 15743, 8508, 1864, 1876, 1950, 3231, 100, 102]);
  expect(encode("don't £5.00 — €3")).toEqual([101, 2123, 1005, 1056, 27813, 1012, 4002, 1517, 1574, 2509, 102]);
  expect(encode('')).toEqual([101, 102]);
});

test('a long text keeps its head and the closing token', async () => {
  const encode = await openTokenizer(folder, 128);
  const ids = encode('word '.repeat(100_000));
  expect(ids).toHaveLength(128);
  expect(ids[0]).toBe(101);
  expect(ids.at(-1)).toBe(102);
});

test('vectors have length 1, are the same each time, and know what is alike', async () => {
  embedder = await openEmbedder(folder);
  const [card, again, same, other] = await Promise.all(
    ['Where is my new card?', 'Where is my new card?', 'My card has not arrived yet', 'What is the exchange rate?'].map((text) =>
      embedder!.embed(text),
    ),
  );
  expect(dot(card!.vector, card!.vector)).toBeCloseTo(1, 4);
  expect(again!.vector).toEqual(card!.vector);
  expect(dot(card!.vector, same!.vector)).toBeGreaterThan(dot(card!.vector, other!.vector) + 0.2);
  expect(card!.tokens).toBe(8);
});

test('the engine multiplies as plain JavaScript does', async () => {
  const dense = await createOnnxDense(1);
  const random = seededRandom(1);
  const filled = (rows: number, columns: number) => ({
    rows,
    columns,
    data: Float32Array.from({ length: rows * columns }, () => random() - 0.5),
  });
  for (const [a, b, options] of [
    [filled(5, 7), filled(7, 3), {}],
    [filled(5, 7), filled(3, 7), { transposeB: true }],
    [filled(7, 5), filled(7, 3), { transposeA: true }],
    [filled(7, 5), filled(3, 7), { transposeA: true, transposeB: true }],
  ] as const) {
    const [engine, plain] = [await dense.product(a, b, options), await plainDense.product(a, b, options)];
    expect([engine.rows, engine.columns]).toEqual([plain.rows, plain.columns]);
    engine.data.forEach((value, i) => expect(value).toBeCloseTo(plain.data[i]!, 5));
  }
  await dense.close();
});

test('a folder that is none, or whose model is another, is refused with what to do', async () => {
  await expect(verifyEmbedder('/nowhere')).rejects.toThrow(/can't be used.*Delete the folder/s);
  await expect(openEmbedder('/nowhere')).rejects.toMatchObject({ code: 'artifact_missing' });
  const broken = mkdtempSync(join(tmpdir(), 'stillhouse-embedder-'));
  copyFileSync(join(folder, 'embedder.json'), join(broken, 'embedder.json'));
  writeFileSync(join(broken, 'model.onnx'), 'no model');
  await expect(verifyEmbedder(broken)).rejects.toThrow(/is not the model/);
  rmSync(broken, { recursive: true });
});

test('a model of another maker: a vector a token, token types wanted', async () => {
  const other = mkdtempSync(join(tmpdir(), 'stillhouse-embedder-'));
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(join(folder, file), join(other, file));
  const random = seededRandom(3);
  const table = Float32Array.from({ length: 30_522 * 4 }, () => random() - 0.5);
  const model = encodeOnnxModel({
    nodes: [
      { opType: 'Add', input: ['input_ids', 'token_type_ids'], output: ['ids'] },
      { opType: 'Gather', input: ['table', 'ids'], output: ['last_hidden_state'] },
    ],
    initializers: [{ name: 'table', shape: [30_522, 4], data: table }],
    inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => ({ name, shape: ['batch', 'tokens'], integers: true })),
    outputs: [{ name: 'last_hidden_state', shape: ['batch', 'tokens', 4] }],
  });
  writeFileSync(join(other, 'model.onnx'), model);
  const info = { name: 'another', sha256: createHash('sha256').update(model).digest('hex'), dimensions: 4, maxTokens: 128 };
  const vectorOf = async (more: object) => {
    writeFileSync(join(other, 'embedder.json'), JSON.stringify({ ...info, ...more }));
    const opened = await openEmbedder(other);
    const { vector } = await opened.embed('card').finally(() => opened.close());
    return [...vector];
  };
  // [CLS] card [SEP]
  const tokens = [101, 4003, 102].map((id) => [...table.subarray(4 * id, 4 * id + 4)]);
  const unit = (vector: number[]) => vector.map((value) => value / Math.hypot(...vector));
  const mean = unit([0, 1, 2, 3].map((j) => tokens.reduce((sum, token) => sum + token[j]!, 0)));
  (await vectorOf({})).forEach((value, j) => expect(value).toBeCloseTo(mean[j]!, 5));
  (await vectorOf({ pooling: 'cls' })).forEach((value, j) => expect(value).toBeCloseTo(unit(tokens[0]!)[j]!, 5));
  expect(await vectorOf({ prefix: 'query: ' })).not.toEqual(await vectorOf({}));
  await expect(vectorOf({ dimensions: 5 })).rejects.toMatchObject({ code: 'artifact_missing' });
  rmSync(other, { recursive: true });
});
