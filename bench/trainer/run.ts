/** One training of the bench: the product's trainer as the worker starts it. */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TrainingSettings } from '../../contracts/language-model.ts';
import type { CuratedRow } from '../../contracts/stages.ts';
import { DEMO_LABELS } from '../../examples/banking77/banking77.ts';

/** Both take the same passes; β and γ of `default` are `distil`'s. */
export interface Arm {
  name: 'sft' | 'default';
  beta: number;
  gamma: number;
}
export const ARMS: readonly Arm[] = [
  { name: 'sft', beta: 0, gamma: 0 },
  { name: 'default', beta: 0.5, gamma: 0.1 },
];

/** What `distil` suggests for a small base on a processor. */
export function runSettings({ beta, gamma }: Pick<Arm, 'beta' | 'gamma'>, seed: number): TrainingSettings {
  return {
    loraRank: 16,
    loraAlpha: 32,
    loraDropout: 0.05,
    learningRate: 3e-3,
    warmupShare: 0.05,
    weightDecay: 0,
    clipNorm: 1,
    batchRows: 16,
    warmupEpochs: 6,
    epochs: 1,
    steps: null,
    rounds: 1,
    beta,
    gamma,
    preference: 'best-of-n',
    roundSamples: 4,
    roundTemperature: 1,
    maxTokens: 256,
    dtype: 'float32',
    fourBit: false,
    gradientCheckpointing: false,
    seed,
  };
}

export interface Place {
  /** The Python that has the trainer's packages. */
  executable: string;
  base: string;
  folder: string;
  threads: number;
}

export interface Run {
  arm: string;
  seed: number;
  adapter: string;
  /** The training rows' file. */
  data: string;
  validationScore: number;
  bestPhase: string;
  /** Of steps alone. */
  seconds: number;
  tokensPerSecond: number;
  checkpointSeconds: number;
  /** From the second process's start to its first step; 0 where none was stopped. */
  resumeSeconds: number;
}

type Event = Record<string, unknown> & { event: string; at: number };

/** Trains; with `stopAtStep` the process is stopped there by SIGTERM and another one goes on. */
export async function train(
  { executable, base, folder, threads }: Place,
  rows: readonly CuratedRow[],
  arm: Arm,
  seed: number,
  { name = `${arm.name}-${seed}`, stopAtStep }: { name?: string; stopAtStep?: number } = {},
): Promise<Run> {
  const work = join(folder, name);
  mkdirSync(work, { recursive: true });
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const data = { path: join(work, 'rows.jsonl'), sha256: createHash('sha256').update(text).digest('hex') };
  writeFileSync(data.path, text);
  const settings = runSettings(arm, seed);
  const files = { base, data, folder: work, deviceLock: join(folder, 'device.lock') };
  const task = { baseDigest: 'bench', task: { kind: 'label' }, labels: DEMO_LABELS, keepBest: 2, nSamples: 4, settings };
  const config = { ...files, ...task, microBatchRows: settings.batchRows, rateFactor: 1, threads, device: 'cpu', checkpointSeconds: 5 };
  const events: Event[] = [];
  let resumeSeconds = 0;
  if (stopAtStep !== undefined) {
    await attempt(executable, work, { ...config, checkpointSeconds: 0, attempt: 1 }, events, stopAtStep);
    const began = Date.now() / 1000;
    const resumed: Event[] = [];
    await attempt(executable, work, { ...config, checkpointSeconds: 0, attempt: 2 }, resumed);
    // Its first checkpoint is written right after its first step.
    resumeSeconds = resumed.find(({ event }) => event === 'checkpoint')!.at - began;
    events.push(...resumed);
  } else await attempt(executable, work, { ...config, attempt: 1 }, events);
  const done = events.find(({ event }) => event === 'done') as unknown as Run | undefined;
  if (!done) throw new Error(`The trainer did not finish: ${JSON.stringify(events.at(-1))}`);
  const { adapter, validationScore, bestPhase, seconds, tokensPerSecond } = done;
  const checkpointSeconds = events.filter(({ event }) => event === 'checkpoint').reduce((sum, { ms }) => sum + (ms as number) / 1000, 0);
  const result = { adapter, validationScore, bestPhase, seconds, tokensPerSecond, checkpointSeconds, resumeSeconds };
  return { arm: arm.name, seed, data: data.path, ...result };
}

async function attempt(executable: string, work: string, config: object, events: Event[], stopAtStep?: number): Promise<void> {
  const path = join(work, 'config.json');
  writeFileSync(path, JSON.stringify(config));
  const trainer = join(import.meta.dirname, '../../gpu-worker/trainer');
  const child = spawn(executable, ['-m', 'stillhouse_trainer', 'train', path], {
    env: { ...process.env, PYTHONPATH: trainer, OMP_WAIT_POLICY: 'passive' },
    // stdin stays open: its end would mean that we are gone.
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  for await (const line of createInterface({ input: child.stdout! })) {
    const event = JSON.parse(line) as Event;
    events.push(event);
    if (event.event === 'checkpoint' && event['step'] === stopAtStep) child.kill('SIGTERM');
  }
  await closed;
}
