/**
 * `npm run bench:trainer`: what the trainer reaches on the demo's ten labels with the built-in base, five seeds, plain SFT
 * against the default loss; and what checkpoints, a resume and a step cost, the last beside plain TRL in the same run.
 *
 * A student is scored on test messages with their annotators' answers, which the trainer never sees.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleContext } from '../infra/language-model/console-context.ts';
import { cleanLabels } from '../activities/clean-labels.ts';
import { CuratedRow } from '../contracts/stages.ts';
import { DEMO_LABELS } from '../examples/banking77/banking77.ts';
import { ensureLanguageModelParts } from '../infra/language-model/language-model-parts.ts';
import { ensureEnvironment } from '../infra/language-model/python-environment.ts';
import { pythonOf } from '../infra/preparations/locked-environment.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { createLogger } from '../platform/logger.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { benchEmbedder } from './embedder-folder.ts';
import { python } from './extraction/learn.ts';
import { curatedRows, testRows, trainMessages } from './trainer/curated-rows.ts';
import { ARMS, type Run, runSettings, train } from './trainer/run.ts';

const SEEDS = [1, 2, 3, 4, 5];
const THREADS = 2;
/** The run that a resume's cost is held against. */
const RUN_SECONDS = 600;

const env = loadEnvironment();
const context = consoleContext(env);
const { base } = await ensureLanguageModelParts(env, context, process.env);
// TRL is in the development environment only.
const executable = pythonOf(await ensureEnvironment(context, process.env, 'development'));
const log = createLogger('bench', 'warn');
const embedderFolder = await benchEmbedder(env);
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-bench-'));
const script = (name: string) => join(import.meta.dirname, 'trainer', name);
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

async function score(adapter: string): Promise<number> {
  const [line] = await python(executable, [script('score_adapter.py'), base, adapter, join(folder, 'test.jsonl'), `${THREADS}`]);
  return line!['accuracy'] as number;
}

async function plainTrl(data: string): Promise<number> {
  const { loraRank, loraAlpha, loraDropout, learningRate, batchRows } = runSettings(ARMS[0]!, 1);
  const settings = { loraRank, loraAlpha, loraDropout, learningRate, batchRows, epochs: 2, warmupSteps: 10, seed: 1 };
  writeFileSync(join(folder, 'trl.json'), JSON.stringify(settings));
  const lines = await python(executable, [script('trl_sft.py'), base, data, join(folder, 'trl.json'), `${THREADS}`]);
  return lines.at(-1)!['tokensPerSecond'] as number;
}

/** As `distil` does before a language model is trained: rows whose label their neighbours doubt teach nothing. */
async function cleaned(rows: readonly CuratedRow[], seed: number): Promise<CuratedRow[]> {
  const artifacts = openArtifactStore(`file:${join(folder, 'artifacts')}`);
  const curated = await artifacts.put(`bench/${seed}.jsonl`, Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')));
  const deps = { artifacts, embedderFolder, log, temporaryFolder: folder };
  const pulse = { signal: new AbortController().signal, progress: () => undefined };
  const input = { project: 'bench', distillation: `${seed}`, curated, labels: [...DEMO_LABELS], seed };
  const result = await cleanLabels(deps, input, pulse);
  const lines = (await artifacts.get(result.curated)).toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => CuratedRow.parse(JSON.parse(line)));
}

function table(runs: readonly (Run & { accuracy: number })[]): void {
  for (const { arm, seed, accuracy, validationScore, bestPhase, seconds, tokensPerSecond } of runs)
    console.log(
      [
        arm.padEnd(8),
        `seed ${seed}`,
        `accuracy ${percent(accuracy)}`,
        `validation ${percent(validationScore)}`,
        `best in ${bestPhase}`,
        `${seconds.toFixed(1)} s`,
        `${tokensPerSecond.toFixed(0)} tokens/s`,
      ].join(' · '),
    );
}

try {
  const messages = await trainMessages(embedderFolder, log);
  writeFileSync(
    join(folder, 'test.jsonl'),
    testRows()
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
  );
  const place = { executable, base, folder, threads: THREADS };
  const before = await score('-');
  console.log(`base alone: ${percent(before)}`);
  const runs: (Run & { accuracy: number })[] = [];
  for (const seed of SEEDS) {
    const rows = await cleaned(curatedRows(messages, seed), seed);
    for (const arm of ARMS) {
      const run = await train(place, rows, arm, seed);
      runs.push({ ...run, accuracy: await score(run.adapter) });
      table(runs.slice(-1));
    }
  }
  const mean = (arm: string) => {
    const own = runs.filter((run) => run.arm === arm);
    return own.reduce((sum, run) => sum + run.accuracy, 0) / own.length;
  };
  const resume = await train(place, curatedRows(messages, 1), ARMS[0]!, 1, { name: 'resume', stopAtStep: 20 });
  const trl = await plainTrl(resume.data);
  const own = runs.filter(({ arm }) => arm === 'sft').map((run) => run.tokensPerSecond);
  const checkpointShare = Math.max(...runs.map((run) => run.checkpointSeconds / (run.seconds + run.checkpointSeconds)));
  const summary = {
    before,
    accuracy: { sft: mean('sft'), default: mean('default') },
    checkpointShare,
    resumeSeconds: resume.resumeSeconds,
    resumeShare: resume.resumeSeconds / RUN_SECONDS,
    tokensPerSecond: { own: Math.max(...own), trl },
  };
  console.log(`mean accuracy: SFT alone ${percent(summary.accuracy.sft)}, default ${percent(summary.accuracy.default)}`);
  console.log(`checkpoints: at most ${percent(checkpointShare)} of a run, one every 5 s`);
  console.log(
    `resume: ${resume.resumeSeconds.toFixed(1)} s from start to the first new step, ${percent(summary.resumeShare)} of 10 minutes`,
  );
  console.log(`tokens/s: ${summary.tokensPerSecond.own.toFixed(0)}, plain TRL ${trl.toFixed(0)}`);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/trainer.json', `${JSON.stringify({ ...summary, runs }, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
