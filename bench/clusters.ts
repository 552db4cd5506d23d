/**
 * `npm run bench:clusters`: what clustering finds in Banking77's test messages without their labels, beside k-means and
 * Ward with the number of intents given; how well two samples agree; time, memory and event loop of the worker's own process
 * with 20,000 prompts (`-- --worker`: that alone). Draws the map (`-- --map <file>`). The one setting comes from the training
 * file: `-- --calibrate` shows how.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { assignVector } from '../core/clustering/assign-vector.ts';
import { MINILM_COHESION } from '../core/clustering/cluster-options.ts';
import { type Clustering, clusterVectors } from '../core/clustering/cluster-vectors.ts';
import { clusterKeywords } from '../core/clustering/keywords.ts';
import { mapOf } from '../core/clustering/map.ts';
import { type Matrix, rowOf, takeRows } from '../core/learning/matrix.ts';
import { seededRandom, shuffled } from '../core/random.ts';
import { partitionAgreement } from '../core/statistics/partition-agreement.ts';
import { readBanking77 } from '../examples/banking77/banking77.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { createLogger } from '../platform/logger.ts';
import { createEmbedderPool } from '../serving/embedder-pool.ts';
import { openTokenizer } from '../serving/embedder.ts';
import { createOnnxDense } from '../serving/onnx-dense.ts';
import { calibrate } from './clusters/calibrate.ts';
import { mapSvg } from './clusters/map-svg.ts';
import { kMeansPeer, wardPeer } from './clusters/peers.ts';
import { type WorkerFigures, workerRun } from './clusters/worker-run.ts';
import { benchEmbedder } from './embedder-folder.ts';

const { values: args } = parseArgs({
  options: { calibrate: { type: 'boolean' }, map: { type: 'string' }, worker: { type: 'boolean' } },
});
const log = createLogger('bench', 'warn');
const embedderFolder = await benchEmbedder(loadEnvironment());
if (args.worker) {
  sayWorker(await workerRun(embedderFolder));
  process.exit();
}
const pool = await createEmbedderPool({ embedderFolder, threads: 2, log });
const dense = await createOnnxDense(2);
const [training, test] = [readBanking77('train'), readBanking77('test')];
const names = [...new Set(test.map(({ label }) => label))].sort();
const labels = test.map(({ label }) => names.indexOf(label));

/** Prompts a second, of messages that are sixteen tokens long. */
async function embeddingSpeed(): Promise<number> {
  const encode = await openTokenizer(embedderFolder, 128);
  const texts = [...training, ...test].map(({ text }) => text).filter((text) => encode(text).length === 16);
  const [, seconds] = await timed(() => pool.embed(texts));
  return texts.length / seconds;
}

function say(name: string, groups: ArrayLike<number>, seconds: number | null, of: ArrayLike<number> = labels) {
  const agreement = partitionAgreement(groups, of);
  const k = new Set(Array.from(groups)).size;
  const cells = [name.padEnd(44), `K ${k}`.padEnd(6), `NMI ${agreement.nmi.toFixed(4)}`, `ARI ${agreement.ari.toFixed(4)}`];
  console.log([...cells, seconds === null ? '' : `${seconds.toFixed(1)} s`].join(' · '));
  return { ...agreement, k };
}

function sayWorker({ stages, ...run }: WorkerFigures): void {
  console.log(
    `20,000 prompts in the worker's process, from traces to clusters on record: ${run.clusters} clusters · ${run.seconds.toFixed(0)} s · ${run.peakMb} MB at most · ` +
      `event loop computed ${run.blockedMs.toFixed(0)} ms at most in one turn (${run.longestMs.toFixed(0)} ms with waiting for a core) · a later trace is read, assigned and stored in ${run.assignMs.toFixed(1)} ms`,
  );
  for (const { stage, seconds, cpuMs, wallMs } of stages)
    if (cpuMs > 0 || wallMs > 0)
      console.log(`  ${stage.padEnd(20)} ${seconds.toFixed(1)} s · computed ${cpuMs.toFixed(0)} ms at most (${wallMs.toFixed(0)} ms)`);
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now();
  return [await work(), (performance.now() - began) / 1000];
}

/** Adjusted Rand index of two clusterings of 80 % each on the rows that both have; mean of five pairs. */
async function stabilityOf(vectors: Matrix): Promise<number> {
  let sum = 0;
  for (let pair = 0; pair < 5; pair++) {
    const found: Map<number, number>[] = [];
    for (const half of [0, 1]) {
      const rows = shuffled(vectors.rows, seededRandom(100 + 2 * pair + half)).slice(0, Math.round(0.8 * vectors.rows));
      const { assignment } = await clusterVectors(dense, takeRows(vectors, rows));
      found.push(new Map([...rows].map((row, i) => [row, assignment[i]!])));
    }
    const both = [...found[0]!.keys()].filter((row) => found[1]!.has(row));
    sum += partitionAgreement(
      both.map((row) => found[0]!.get(row)!),
      both.map((row) => found[1]!.get(row)!),
    ).ari;
  }
  return sum / 5;
}

/** Test messages assigned one by one to clusters of the training file's: what new traces meet. */
async function incremental(train: Matrix): Promise<{ nmi: number; ari: number; assignMs: number }> {
  const model = await clusterVectors(dense, train);
  const began = performance.now();
  const groups = test.map((_, i) => assignVector(rowOf(vectors, i), model).cluster);
  const assignMs = (performance.now() - began) / test.length;
  const { nmi, ari } = say(`new ones by ${model.clusters.length} clusters of the training file`, groups, null);
  return { nmi, ari, assignMs };
}

async function drawMap(found: Clustering, file: string): Promise<void> {
  const keywords = clusterKeywords(
    found.clusters.map((_, k) => test.flatMap(({ text }, i) => (found.assignment[i] === k ? [text] : []))),
    2,
  );
  const places = await mapOf(dense, vectors);
  const caption = `Banking77's ${test.length} test messages, ${found.clusters.length} clusters found without labels, named by their keywords`;
  writeFileSync(
    file,
    mapSvg(
      places,
      found.assignment,
      keywords.map((words) => words.map(({ word }) => word).join(', ')),
      caption,
    ),
  );
  console.log(`the map is in ${file}`);
}

const vectors = await pool.embed(test.map(({ text }) => text));
const trainVectors = await pool.embed(training.map(({ text }) => text));
const perSecond = await embeddingSpeed();
await pool.close();
if (args.calibrate)
  await calibrate(
    dense,
    trainVectors,
    training.map(({ label }) => label),
  );
const K = names.length;
const [kMeans, kMeansSeconds] = await timed(() => kMeansPeer(dense, vectors, K));
const peers = {
  kMeans: say(`k-means, ${K} given`, kMeans, kMeansSeconds),
  ward: say(`Ward, centred, ${K} given`, await wardPeer(dense, vectors, K), null),
};
const given = await clusterVectors(dense, vectors, { clusters: K });
const withK = say(`Stillhouse, ${K} given`, given.assignment, null);
const [found, seconds] = await timed(() => clusterVectors(dense, vectors));
const ours = say(`Stillhouse, number found (cohesion ${MINILM_COHESION})`, found.assignment, seconds);
const { assignMs, ...later } = await incremental(trainVectors);
const stability = await stabilityOf(vectors);
console.log(
  `agreement of 80 % samples ${stability.toFixed(3)} · ${found.outlier.reduce((sum, far) => sum + far, 0)} of ${test.length} are noise`,
);
console.log(
  `embedding ${perSecond.toFixed(0)} prompts/s of 16 tokens on 2 threads · a new vector is assigned in ${assignMs.toFixed(3)} ms`,
);
const worker = await workerRun(embedderFolder);
sayWorker(worker);
if (args.map) await drawMap(found, args.map);
const result = {
  nmi: ours.nmi,
  ari: ours.ari,
  k: ours.k,
  stability,
  seconds,
  embedPerSecond: perSecond,
  assignMs,
  withK,
  later,
  peers,
  worker,
};
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/clusters.json', `${JSON.stringify(result, null, 2)}\n`);
await dense.close();
