/** The product's trainer on a seed's rows, in each of the ways that are compared. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TrainingSettings } from '../../contracts/language-model.ts';
import type { CuratedRow } from '../../contracts/stages.ts';
import { SAMPLES } from './task.ts';

/** A way to learn. All take the same warm-up (NLL alone) and `EPOCHS` more passes: only what these passes do differs. */
export interface Arm {
  name: string;
  beta: number;
  gamma: number;
  rounds: number;
}

/** β and γ are `distil`'s defaults. */
export const ARMS: readonly Arm[] = [
  { name: 'SFT alone', beta: 0, gamma: 0, rounds: 1 },
  { name: 'preference', beta: 0.5, gamma: 0.1, rounds: 1 },
  { name: 'on-policy round', beta: 0.5, gamma: 0.1, rounds: 2 },
];
const WARMUP_EPOCHS = 5;
/** After the warm-up, in all rounds together. */
const EPOCHS = 2;
const BATCH_ROWS = 8;

export interface Learned {
  adapter: string;
  steps: number;
  seconds: number;
  /** Field-level F1 with the teacher's best answers: of the exported checkpoint, and after the warm-up. */
  validationScore: number;
  warmupScore: number;
  bestPhase: string;
}

export function settingsOf({ beta, gamma, rounds }: Arm, seed: number): TrainingSettings {
  return {
    loraRank: 16,
    loraAlpha: 32,
    loraDropout: 0.05,
    learningRate: 3e-3,
    warmupShare: 0.05,
    weightDecay: 0,
    clipNorm: 1,
    batchRows: BATCH_ROWS,
    warmupEpochs: WARMUP_EPOCHS,
    epochs: EPOCHS / rounds,
    steps: null,
    rounds,
    beta,
    gamma,
    preference: 'best-of-n',
    roundSamples: 4,
    roundTemperature: 1,
    maxTokens: 384,
    dtype: 'float32',
    fourBit: false,
    gradientCheckpointing: false,
    seed,
  };
}

export interface Place {
  python: string;
  /** Folder of the base model. */
  base: string;
  /** A folder of this training's own. */
  folder: string;
  threads: number;
}

export async function learn(
  place: Place,
  rows: readonly CuratedRow[],
  arm: Arm,
  seed: number,
  onLine?: (line: Line) => void,
): Promise<Learned> {
  mkdirSync(place.folder, { recursive: true });
  const at = (name: string) => join(place.folder, name);
  const data = rows.map((row) => JSON.stringify(row)).join('\n');
  writeFileSync(at('rows.jsonl'), data);
  const config = {
    base: place.base,
    baseDigest: sha256(readFileSync(join(place.base, 'model.safetensors'))),
    data: { path: at('rows.jsonl'), sha256: sha256(data) },
    task: { kind: 'json' },
    labels: [],
    keepBest: 1,
    nSamples: SAMPLES,
    settings: settingsOf(arm, seed),
    microBatchRows: BATCH_ROWS,
    rateFactor: 1,
    threads: place.threads,
    device: 'cpu',
    deviceLock: at('device.lock'),
    folder: at('work'),
    attempt: 1,
    checkpointSeconds: 600,
  };
  writeFileSync(at('config.json'), JSON.stringify(config));
  const events = await python(place.python, ['-m', 'stillhouse_trainer', 'train', at('config.json')], onLine);
  const done = events.find(({ event }) => event === 'done');
  if (!done) throw new Error(`The trainer did not finish: ${JSON.stringify(events.at(-1))}`);
  const { adapter, step: steps, seconds, validationScore, warmupScore, bestPhase } = done as unknown as Learned & { step: number };
  return { adapter, steps, seconds, validationScore, warmupScore, bestPhase };
}

type Line = Record<string, unknown>;

/** Runs a Python program of the trainer's or the bench's and returns the JSON lines that it printed. */
export async function python(executable: string, args: string[], onLine?: (line: Line) => void): Promise<Line[]> {
  const path = join(import.meta.dirname, '../../gpu-worker/trainer');
  // stdin stays open: the trainer ends when it closes. Threads that wait do not spin, for others want the core.
  const env = { ...process.env, PYTHONPATH: path, OMP_WAIT_POLICY: 'passive' };
  const child: ChildProcess = spawn(executable, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: Line[] = [];
  const errors: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const closed = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  for await (const text of createInterface({ input: child.stdout! })) {
    // Libraries print lines of their own where they show progress.
    if (!text.startsWith('{"')) continue;
    const line = JSON.parse(text) as Line;
    lines.push(line);
    onLine?.(line);
  }
  const status = await closed;
  if (status !== 0)
    throw new Error(`${args.join(' ')} ended with ${status}: ${JSON.stringify(lines.at(-1))}\n${errors.join('').slice(-2000)}`);
  return lines;
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
