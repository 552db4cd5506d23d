/**
 * `npm run bench:cluster-checks`: how well clusters of Banking77's training messages agree with their labels before and after a
 * model has looked at their borders. Without a model an oracle that knows the labels stands in for it, wrong in a stated share
 * of its answers: what it shows is what a model's errors cost, not how many it makes. With a key (`OPENAI_API_KEY`, some cents):
 *
 *     OPENAI_API_KEY=… npm run bench:cluster-checks -- --model gpt-4o-mini --url https://api.openai.com/v1
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import OpenAI from 'openai';
import type { CheckDecision } from '../core/clusters/check-borders.ts';
import { readBanking77 } from '../examples/banking77/banking77.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { createLogger } from '../platform/logger.ts';
import { createEmbedderPool } from '../serving/embedder-pool.ts';
import { createOnnxDense } from '../serving/onnx-dense.ts';
import { type Agreement, ChecksBench } from './cluster-checks/harness.ts';
import { askModel } from './cluster-checks/model.ts';
import { oracle } from './cluster-checks/oracle.ts';
import { benchEmbedder } from './embedder-folder.ts';

const ERRORS = [0, 0.05, 0.1, 0.2, 0.3];
/** Draws of errors whose mean is shown. */
const DRAWS = 5;

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'https://api.openai.com/v1' },
    model: { type: 'string' },
    file: { type: 'string', default: 'train' },
    checks: { type: 'string', default: '40' },
  },
});
const key = process.env['OPENAI_API_KEY'] ?? '';
if (values.model !== undefined && key === '') throw new Error('OPENAI_API_KEY is not set: a model is to be asked.');
const rows = readBanking77(values.file === 'test' ? 'test' : 'train');
const texts = rows.map(({ text }) => text);
const names = [...new Set(rows.map(({ label }) => label))].sort();
const pool = await createEmbedderPool({
  embedderFolder: await benchEmbedder(loadEnvironment()),
  threads: 2,
  log: createLogger('bench', 'warn'),
});
const dense = await createOnnxDense(2);
const vectors = await pool.embed(texts);
await pool.close();
const bench = await ChecksBench.of(dense, { vectors, texts, labels: rows.map(({ label }) => names.indexOf(label)) });
const most = Number(values.checks);

function say(name: string, { k, nmi, ari }: Agreement, rest = '') {
  console.log([name.padEnd(44), `K ${Math.round(k)}`.padEnd(6), `NMI ${nmi.toFixed(4)}`, `ARI ${ari.toFixed(4)}`, rest].join(' · '));
}

const outcomes = (decisions: readonly CheckDecision[], outcome: string) =>
  decisions.filter((decision) => decision.outcome === outcome).length;

async function simulated(error: number, once: boolean) {
  const labelOf = new Map(rows.map(({ text, label }) => [text, label]));
  const mean = { k: 0, nmi: 0, ari: 0, split: 0, merged: 0 };
  const draws = error === 0 ? 1 : DRAWS;
  for (let seed = 1; seed <= draws; seed++) {
    const { decisions, k, nmi, ari } = await bench.after(most, oracle(labelOf, { error, once, seed }));
    const found = { k, nmi, ari, split: outcomes(decisions, 'split'), merged: outcomes(decisions, 'merged') };
    for (const name of Object.keys(mean) as (keyof typeof mean)[]) mean[name] += found[name] / draws;
  }
  const title = `simulated, ${100 * error} % wrong${error === 0 ? '' : once ? ', the same twice' : ''}`;
  say(title, mean, `${mean.split.toFixed(1)} split, ${mean.merged.toFixed(1)} merged`);
  return { error, once, ...mean };
}

const before = bench.before();
say('before', before);
const result: Record<string, unknown> = { file: values.file, checks: most, before };
if (values.model !== undefined) {
  const after = await bench.after(most, askModel(new OpenAI({ baseURL: values.url, apiKey: key }), values.model));
  say(values.model, after, `${outcomes(after.decisions, 'split')} split, ${outcomes(after.decisions, 'merged')} merged`);
  result['model'] = { name: values.model, ...after };
} else {
  const simulations = [];
  for (const once of [false, true]) for (const error of once ? ERRORS.slice(1) : ERRORS) simulations.push(await simulated(error, once));
  result['simulated'] = simulations;
}
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/cluster-checks.json', `${JSON.stringify(result, null, 2)}\n`);
await dense.close();
