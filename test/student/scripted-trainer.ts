import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A Python environment in whose place a script speaks the trainer's protocol: for what a real trainer does only on a GPU or
 * by accident (out of memory, numbers that are not finite, a crash, a child that does not end).
 */
export interface ScriptedTrainer {
  /** `STILLHOUSE_TRAINER`. */
  folder: string;
  /** What it was started with, in order, and what became of it. */
  runs(): ScriptedRun[];
}

export interface ScriptedRun {
  event: 'started' | 'ended';
  pid: number;
  command: string;
  microBatchRows?: number;
  rateFactor?: number;
  attempt?: number;
  /** Newest checkpoint that it found. */
  from: number;
  atMs: number;
}

/** What one `train` does: steps with a checkpoint each, then its end. The last entry stands for all that follow. */
export interface TrainScript {
  /** Checkpoints that it writes, ten steps apart. */
  checkpoints: number;
  end: 'done' | 'out_of_memory' | 'non_finite' | 'device_busy' | 'crash' | 'wait' | 'ignore-signals';
}

const PROGRAM = fileURLToPath(new URL('scripted-trainer-program.ts', import.meta.url));

/** Makes the environment in a folder. */
export function scriptedTrainer(folder: string, scripts: readonly TrainScript[]): ScriptedTrainer {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'scripts.json'), JSON.stringify(scripts));
  const python = join(folder, 'bin', 'python');
  // `exec`: the script is the process that is signalled.
  writeFileSync(python, `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "${folder}" "$3" "$4"\n`);
  chmodSync(python, 0o755);
  const log = join(folder, 'runs.jsonl');
  return {
    folder,
    runs: () =>
      existsSync(log)
        ? readFileSync(log, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as ScriptedRun)
        : [],
  };
}
