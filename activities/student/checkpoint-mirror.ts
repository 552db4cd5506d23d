import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { TrainerFile } from '../../contracts/trainer.ts';

/** `manifest.json` of a checkpoint, as the trainer writes it: every other file, by its hash. */
const Manifest = z.looseObject({ files: z.array(TrainerFile) });
const NAME = /^step-(\d+)-attempt-(\d+)$/;
const MANIFEST = 'manifest.json';
/** The one before stays, for the newest may turn out to be damaged or to hold numbers that are not finite. */
const KEPT = 2;

/**
 * Checkpoints of one training in the artifact store. A store has no rename: the manifest is written last and makes a
 * checkpoint complete. Names hold the attempt, so two workers never write the same key.
 */
export class CheckpointMirror {
  readonly #artifacts: ArtifactStore;
  readonly #prefix: string;
  /** Local folder of checkpoints. */
  readonly #folder: string;

  constructor(artifacts: ArtifactStore, prefix: string, folder: string) {
    this.#artifacts = artifacts;
    this.#prefix = `${prefix}/checkpoints`;
    this.#folder = folder;
  }

  /** Copies a complete local checkpoint to the store, its manifest last; then lets older ones go. */
  async publish(path: string): Promise<void> {
    const name = basename(path);
    const manifest = await readFile(join(path, MANIFEST)).catch(ifGone);
    // The trainer keeps the newest two: one that is older than those is gone by now, and no longer needed.
    if (manifest === null) return;
    const { files } = Manifest.parse(JSON.parse(manifest.toString('utf8')));
    for (const file of files) await this.#artifacts.putFile(`${this.#prefix}/${name}/${file.name}`, join(path, file.name));
    await this.#artifacts.put(`${this.#prefix}/${name}/${MANIFEST}`, manifest);
    for (const old of (await this.#complete()).slice(KEPT)) await this.#remove(old);
  }

  /** Makes the store's newest complete checkpoint a local one, where no local one is as new. Its step; 0: there is none. */
  async restore(): Promise<number> {
    const newest = (await this.#complete())[0];
    const local = await this.local();
    const localStep = stepOf(local[0]);
    if (newest === undefined || stepOf(newest) <= localStep) return localStep;
    const key = `${this.#prefix}/${newest}/${MANIFEST}`;
    const ref = await this.#artifacts.find(key);
    if (ref === null) return localStep;
    const manifest = await this.#artifacts.get(ref);
    const temporary = join(this.#folder, `${newest}.tmp`);
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    const copies = [
      { name: MANIFEST, sha256: ref.sha256, bytes: ref.bytes },
      ...Manifest.parse(JSON.parse(manifest.toString('utf8'))).files,
    ];
    for (const { name, sha256, bytes } of copies) {
      const copy = await this.#artifacts.getFile({ key: `${this.#prefix}/${newest}/${name}`, sha256, bytes }, temporary);
      await rename(copy, join(temporary, name));
    }
    await rename(temporary, join(this.#folder, newest));
    return stepOf(newest);
  }

  /** Local complete checkpoints, newest first. */
  async local(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return newestFirst(names.filter((name) => NAME.test(name)));
  }

  /** Takes the newest checkpoint away, here and in the store, so that training goes on from the one before. */
  async dropNewest(): Promise<void> {
    const [newest] = await this.local();
    const [stored] = await this.#complete();
    const step = Math.max(stepOf(newest), stepOf(stored));
    for (const name of await this.local()) if (stepOf(name) === step) await rm(join(this.#folder, name), { recursive: true, force: true });
    for (const name of await this.#complete()) if (stepOf(name) === step) await this.#remove(name);
  }

  async #complete(): Promise<string[]> {
    const keys = await this.#artifacts.list(`${this.#prefix}/`);
    const names = keys.filter((key) => key.endsWith(`/${MANIFEST}`)).map((key) => key.split('/').at(-2)!);
    return newestFirst(names.filter((name) => NAME.test(name)));
  }

  async #remove(name: string): Promise<void> {
    // The manifest first: what lacks it does not count.
    await this.#artifacts.delete(`${this.#prefix}/${name}/${MANIFEST}`);
    for (const key of await this.#artifacts.list(`${this.#prefix}/${name}/`)) await this.#artifacts.delete(key);
  }
}

function newestFirst(names: readonly string[]): string[] {
  return names.toSorted((a, b) => stepOf(b) - stepOf(a) || attemptOf(b) - attemptOf(a));
}

const stepOf = (name: string | undefined) => Number(NAME.exec(name ?? '')?.[1] ?? 0);
const attemptOf = (name: string) => Number(NAME.exec(name)?.[2] ?? 0);

function ifGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
