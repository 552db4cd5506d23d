import { availableParallelism } from 'node:os';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NamesSetting, judgeNames } from '../../bench/cluster-names/harness.ts';
import { createLogger } from '../../platform/logger.ts';
import { createEmbedderPool } from '../../serving/embedder-pool.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { LABELS } from '../support/distil-bench.ts';
import { type NamingUpstream, startNamingUpstream } from '../support/naming-upstream.ts';
import { messages } from './cluster-bench.ts';

let namer: NamingUpstream;
let setting: NamesSetting;
let close: () => Promise<unknown>;

beforeAll(async () => {
  const [shown, heldOut] = [messages(40), messages(20, 'test')];
  namer = await startNamingUpstream(new Map([...shown, ...heldOut].map(({ text, label }) => [text.trim(), label])));
  const log = createLogger('bench-test', 'silent');
  const pool = await createEmbedderPool({ embedderFolder: process.env['STILLHOUSE_EMBEDDER']!, threads: availableParallelism(), log });
  const dense = await createOnnxDense(2);
  close = () => Promise.all([namer.stop(), pool.close(), dense.close()]);
  setting = {
    client: new OpenAI({ baseURL: `${namer.url}/v1`, apiKey: 'none', maxRetries: 0 }),
    naming: 'namer',
    judge: 'judge',
    pool,
    dense,
    shown: shown.map(({ text }) => text),
    heldOut: heldOut.map(({ text }) => text),
    clusters: 4,
  };
});
afterAll(() => close());

test('a judge given only the names puts held-out members into their clusters', async () => {
  const result = await judgeNames(setting);
  expect(result).toMatchObject({ clusters: 4, named: 4, unanswered: 0 });
  expect(new Set(result.names).size).toBe(4);
  expect(result.judged).toBeGreaterThan(70);
  expect(result.agreement).toBeGreaterThan(0.85);
});

test('names that say something else are found out', async () => {
  namer.instead = (label) => {
    const name = LABELS[(LABELS.indexOf(label) + 1) % LABELS.length]!.replaceAll('_', ' ');
    return JSON.stringify({ name, description: 'd', inclusion: 'i', exclusion: 'e' });
  };
  const result = await judgeNames(setting);
  expect([result.named, new Set(result.names).size]).toEqual([4, 4]);
  expect(result.agreement).toBeLessThan(0.2);
});

test('an answer that is no name leaves keywords', async () => {
  namer.instead = () => 'Requests about cards';
  expect((await judgeNames(setting)).named).toBe(0);
});
