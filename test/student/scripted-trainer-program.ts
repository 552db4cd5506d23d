import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScriptedRun, TrainScript } from './scripted-trainer.ts';

// The program behind `scripted-trainer.ts`: `node … <environment> <command> <config.json>`.
const [environment, command, configPath] = process.argv.slice(2) as [string, string, string];
const config = JSON.parse(readFileSync(configPath, 'utf8')) as {
  folder: string;
  attempt: number;
  microBatchRows: number;
  rateFactor: number;
};
const say = (event: object) => process.stdout.write(`${JSON.stringify({ at: Date.now() / 1000, ...event })}\n`);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
let from = 0;
const note = (event: ScriptedRun['event']) =>
  appendFileSync(
    join(environment, 'runs.jsonl'),
    `${JSON.stringify({ event, pid: process.pid, command, microBatchRows: config.microBatchRows, rateFactor: config.rateFactor, attempt: config.attempt, from, atMs: Date.now() })}\n`,
  );

function checkpoint(step: number): void {
  const name = `step-${String(step).padStart(6, '0')}-attempt-${config.attempt}`;
  const path = join(config.folder, 'checkpoints', name);
  mkdirSync(`${path}.tmp`, { recursive: true });
  const weights = `weights of step ${step}`;
  writeFileSync(join(`${path}.tmp`, 'weights.txt'), weights);
  const files = { 'weights.txt': { bytes: weights.length, sha256: sha256(weights) } };
  writeFileSync(join(`${path}.tmp`, 'manifest.json'), JSON.stringify({ step, files }));
  renameSync(`${path}.tmp`, path);
  say({ event: 'checkpoint', step, path, ms: 1, bytes: weights.length });
}

function newestCheckpoint(): number {
  mkdirSync(join(config.folder, 'checkpoints'), { recursive: true });
  const steps = readdirSync(join(config.folder, 'checkpoints')).map((name) => Number(/^step-(\d+)-attempt-\d+$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...steps);
}

function end(code: number): never {
  note('ended');
  process.exit(code);
}

function fail(code: string, exit: number): never {
  say({ event: 'error', code, message: `told to fail with ${code}`, data: {} });
  return end(exit);
}

/** A child whose parent is gone ends, whatever it is told. */
function endWithParent(): void {
  process.stdin.on('end', () => end(75));
  process.stdin.resume();
}

function train(): void {
  const log = readFileSync(join(environment, 'runs.jsonl'), 'utf8').trim().split('\n');
  const started = log.filter((line) => line.includes('"started"') && line.includes('"train"')).length;
  const scripts = JSON.parse(readFileSync(join(environment, 'scripts.json'), 'utf8')) as TrainScript[];
  const script = scripts[Math.min(started, scripts.length) - 1]!;
  say({ event: 'start', resumedFrom: from, totalSteps: 100, rows: 8, validationRows: 2 });
  let step = from;
  for (let i = 0; i < script.checkpoints; i++) {
    step += 10;
    say({ event: 'step', step, totalSteps: 100, epoch: step / 50, phase: 'warm-up', terms: { loss: 1 / step } });
    checkpoint(step);
  }
  process.on('SIGTERM', () => {
    if (script.end === 'ignore-signals') return;
    checkpoint(step + 5);
    say({ event: 'stopped', step: step + 5 });
    end(75);
  });
  switch (script.end) {
    case 'done': {
      const adapter = join(config.folder, 'adapter');
      mkdirSync(adapter, { recursive: true });
      writeFileSync(join(adapter, 'adapter_config.json'), '{}');
      writeFileSync(join(adapter, 'adapter_model.safetensors'), `adapter of step ${step}`);
      const numbers = { validationScore: 0.9, warmupScore: 0.8, epochs: 2, seconds: 1, tokensPerSecond: 100 };
      say({ event: 'done', step, adapter, ...numbers, terms: { loss: 0.1 } });
      return end(0);
    }
    case 'out_of_memory':
      return fail('out_of_memory', 71);
    case 'non_finite':
      return fail('non_finite', 72);
    case 'device_busy':
      return fail('device_busy', 69);
    case 'crash':
      return end(70);
    case 'wait':
    case 'ignore-signals':
      setInterval(() => say({ event: 'step', step, totalSteps: 100, epoch: 1, phase: 'warm-up', terms: { loss: 1 } }), 100);
  }
}

if (command === 'train') from = newestCheckpoint();
note('started');
endWithParent();
if (command === 'train') train();
else {
  const sizes = { parameters: 1_000_000, contextTokens: 512, vocabulary: 1000, licence: null, longestRowTokens: 20 };
  say({ event: 'base', id: 'stillhouse-mini', digest: sha256('base'), folder: environment, ...sizes });
  end(0);
}
