import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { rowOf, zeros } from '../core/learning/matrix.ts';
import type { EncoderManifest } from '../contracts/stages.ts';
import { createLogger } from '../platform/logger.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { openEmbedder, readEmbedderInfo } from './embedder.ts';
import { createEncoderPool, type EncoderPool } from './encoder-pool.ts';
import { floatBytes, joinHead } from './encoder-student.ts';

const embedderFolder = process.env['STILLHOUSE_EMBEDDER']!;
const info = readEmbedderInfo(embedderFolder);
const log = createLogger('test', 'fatal');
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-pool-'));
const artifacts = openArtifactStore(`file:${folder}`);
let pool: EncoderPool;
afterEach(() => pool.close());
afterAll(() => rmSync(folder, { recursive: true }));

const EXAMPLES = { card_arrival: 'Where is my new card?', exchange_rate: 'What is the exchange rate?' };

/** A student whose weights are the vectors of its examples. */
async function putStudent(name: string, change: Partial<EncoderManifest> = {}) {
  const labels = Object.keys(EXAMPLES);
  const weights = zeros(2, info.dimensions);
  const embedder = await openEmbedder(embedderFolder);
  for (const [k, text] of Object.values(EXAMPLES).entries()) rowOf(weights, k).set((await embedder.embed(text)).vector);
  await embedder.close();
  const head = await artifacts.put(`${name}/head.f32`, floatBytes(joinHead({ weights, bias: Float32Array.of(0, 0) }).data));
  const vectors = await artifacts.put(`${name}/vectors.f32`, floatBytes(weights.data));
  const votes = await artifacts.put(`${name}/votes.f32`, floatBytes(Float32Array.of(1, 0, 0, 1)));
  const manifest: EncoderManifest = {
    format: 'stillhouse-encoder/1',
    input: 'last-user-text',
    embedder: info,
    labels,
    head,
    temperature: 0.1,
    neighbours: { k: 1, weight: 0.5, cosineTemperature: 0.05, vectors, votes, rows: 2 },
    onnx: null,
    validationAccuracy: 1,
    ...change,
  };
  return artifacts.put(`${name}/manifest.json`, Buffer.from(JSON.stringify(manifest)));
}

test('answers with a label, its probability, tokens and compute time', async () => {
  pool = createEncoderPool({ embedderFolder, artifacts, log });
  const student = await putStudent('plain');
  expect(await pool.prepare(student)).toEqual({ labels: ['card_arrival', 'exchange_rate'] });
  const [card, rate] = await Promise.all([
    pool.classify(student, 'My card has not arrived'),
    pool.classify(student, 'exchange rates please'),
  ]);
  expect([card.label, rate.label]).toEqual(['card_arrival', 'exchange_rate']);
  expect(card.probability).toBeGreaterThan(0.9);
  expect(card.probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  expect(card.tokens).toBe(7);
  expect(card.computeMs).toBeGreaterThan(0);
});

test('one thread serves many students; those that were dropped from memory come back', async () => {
  pool = createEncoderPool({ embedderFolder, artifacts, log, maxBytes: 1 });
  const students = [await putStudent('first'), await putStudent('second', { temperature: 1 })];
  const answers = [];
  for (const student of [...students, ...students]) answers.push((await pool.classify(student, 'Where is my new card?')).probability);
  expect(answers[2]).toBe(answers[0]);
  expect(answers[3]).toBe(answers[1]);
  expect(answers[0]).not.toBe(answers[1]);
});

test('a student of another embedder is one whose artifact is missing: callers fall back', async () => {
  pool = createEncoderPool({ embedderFolder, artifacts, log });
  const student = await putStudent('foreign', { embedder: { ...info, sha256: 'f'.repeat(64) } });
  await expect(pool.classify(student, 'x')).rejects.toMatchObject({
    code: 'artifact_missing',
    message: expect.stringContaining('embedder') as string,
  });
});

test('missing and damaged artifacts are named', async () => {
  pool = createEncoderPool({ embedderFolder, artifacts, log });
  const student = await putStudent('damaged');
  const none = { key: 'none/manifest.json', sha256: 'a'.repeat(64), bytes: 1 };
  await expect(pool.classify(none, 'x')).rejects.toMatchObject({ code: 'artifact_missing' });
  const [head] = readdirSync(join(folder, 'damaged')).filter((file) => file.startsWith('head'));
  writeFileSync(join(folder, 'damaged', head!), 'other bytes');
  await expect(pool.classify(student, 'x')).rejects.toMatchObject({ code: 'artifact_corrupt' });
  const short = await putStudent('short', { neighbours: { ...(await neighboursOf('short-source')), rows: 3 } });
  await expect(pool.classify(short, 'x')).rejects.toMatchObject({ code: 'artifact_corrupt' });
});

async function neighboursOf(name: string): Promise<NonNullable<EncoderManifest['neighbours']>> {
  const manifest = JSON.parse((await artifacts.get(await putStudent(name))).toString()) as EncoderManifest;
  return manifest.neighbours!;
}
