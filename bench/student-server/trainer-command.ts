import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('../../gpu-worker/trainer', import.meta.url));

/** An event of the trainer's standard output. */
export type TrainerEvent = { event: string } & Record<string, unknown>;

/** Runs a command of the trainer on a configuration; its last event, which must be the one expected. */
export async function trainerCommand(
  python: string,
  command: string,
  options: { config: object; folder: string; expect: string },
): Promise<TrainerEvent> {
  const path = join(options.folder, `${command}.json`);
  writeFileSync(path, JSON.stringify(options.config));
  const env = { ...process.env, PYTHONPATH: PACKAGE };
  const child = spawn(python, ['-m', 'stillhouse_trainer', command, path], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let last: TrainerEvent = { event: 'nothing' };
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  createInterface({ input: child.stdout }).on('line', (line) => (last = JSON.parse(line) as TrainerEvent));
  await new Promise<void>((resolve) => child.once('close', () => resolve()));
  if (last.event === options.expect) return last;
  throw new Error(`the trainer's ${command} ended with ${JSON.stringify(last)}:\n${said}`);
}
