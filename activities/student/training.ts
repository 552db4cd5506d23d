import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Device } from '../../contracts/devices.ts';
import type { TrainStudentInput } from '../../contracts/language-model.ts';
import { contentHash } from '../../platform/content-hash.ts';

/** Where the Python package `stillhouse_trainer` lies. */
export const TRAINER_SOURCE = fileURLToPath(new URL('../../gpu-worker/trainer', import.meta.url));

/** SHA-256 over the trainer's own code: a checkpoint of other code is not gone on from. */
export async function trainerVersion(source: string = TRAINER_SOURCE): Promise<string> {
  const folder = join(source, 'stillhouse_trainer');
  const entries = await readdir(folder, { recursive: true });
  const hash = createHash('sha256');
  for (const entry of entries.filter((name) => name.endsWith('.py')).toSorted())
    hash.update(entry).update(await readFile(join(folder, entry)));
  return hash.digest('hex');
}

/** What a training's result is named by: all that decides its bytes, and nothing else. */
export function trainingKey(input: TrainStudentInput, version: string): string {
  const { checked, curated, task, keepBest, nSamples, project } = input;
  const { base, settings } = checked;
  const hash = contentHash({ version, base: base.digest, settings, curated: curated.sha256, task, keepBest, nSamples });
  return `trainings/${project}/${hash.slice(0, 32)}`;
}

/**
 * The lock of a device, held by the trainer itself. A card is the whole machine's, by its number among the visible ones; a
 * processor is shared by nature, so there it only keeps the trainers of one home apart.
 */
export function deviceLock(device: Device, folders: { machine: string; home: string }): string {
  if (device.kind === 'cpu') return join(folders.home, 'cpu.lock');
  const visible = process.env['CUDA_VISIBLE_DEVICES'] ?? 'all';
  return join(folders.machine, `cuda-${visible.replaceAll(/[^A-Za-z0-9-]/g, '_')}.lock`);
}
