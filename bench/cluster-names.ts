/**
 * `npm run bench:cluster-names`: names that a model gives to clusters of Banking77's test messages, and how often a judge who is
 * given only the names puts held-out messages into the right one. It takes a key (`OPENAI_API_KEY`) and costs some cents:
 *
 *     OPENAI_API_KEY=… npm run bench:cluster-names -- --model gpt-4o-mini --judge gpt-4o-mini --url https://api.openai.com/v1
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import OpenAI from 'openai';
import { seededRandom, shuffled } from '../core/random.ts';
import { readBanking77 } from '../examples/banking77/banking77.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { createLogger } from '../platform/logger.ts';
import { createEmbedderPool } from '../serving/embedder-pool.ts';
import { createOnnxDense } from '../serving/onnx-dense.ts';
import { judgeNames } from './cluster-names/harness.ts';
import { benchEmbedder } from './embedder-folder.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'https://api.openai.com/v1' },
    model: { type: 'string', default: 'gpt-4o-mini' },
    judge: { type: 'string' },
    /** Held-out messages that are judged. */
    judged: { type: 'string', default: '300' },
    clusters: { type: 'string' },
  },
});
const env = loadEnvironment();
const key = process.env['OPENAI_API_KEY'] ?? '';
if (key === '') throw new Error('OPENAI_API_KEY is not set: names are given, and judged, by a model.');
const messages = readBanking77('test').map(({ text }) => text);
const order = shuffled(messages.length, seededRandom(7));
const half = Math.floor(messages.length / 2);
const pick = (from: number, to: number) => [...order.subarray(from, to)].map((i) => messages[i]!);
const pool = await createEmbedderPool({ embedderFolder: await benchEmbedder(env), threads: 2, log: createLogger('bench', 'warn') });
const dense = await createOnnxDense(2);
const began = performance.now();
try {
  const result = await judgeNames({
    client: new OpenAI({ baseURL: values.url, apiKey: key }),
    naming: values.model,
    judge: values.judge ?? values.model,
    pool,
    dense,
    shown: pick(0, half),
    heldOut: pick(half, half + Number(values.judged)),
    ...(values.clusters === undefined ? {} : { clusters: Number(values.clusters) }),
  });
  const seconds = (performance.now() - began) / 1000;
  for (const name of result.names) console.log(name);
  console.log(
    `\n${result.clusters} clusters, ${result.named} named by ${values.model} · ${result.judged} held-out messages judged · ${(100 * result.agreement).toFixed(1)} % in the right cluster · ${seconds.toFixed(0)} s`,
  );
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/cluster-names.json', `${JSON.stringify({ ...result, seconds }, null, 2)}\n`);
} finally {
  await Promise.all([pool.close(), dense.close()]);
}
