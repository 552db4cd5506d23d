import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import { Sha256 } from '../../contracts/identifiers.ts';
import type { Logger } from '../../platform/logger.ts';

/** `manifest.json` of a checkpoint, as the trainer writes it: every other file, by its name. */
const Manifest = z.looseObject({ files: z.record(z.string(), z.object({ bytes: z.number().int(), sha256: Sha256 })) });
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
  readonly #log: Logger;

  constructor(artifacts: ArtifactStore, prefix: string, folder: string, log: Logger) {
    this.#log = log;
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
    for (const file of Object.keys(files)) await this.#artifacts.putFile(`${this.#prefix}/${name}/${file}`, join(path, file));
    await this.#artifacts.put(`${this.#prefix}/${name}/${MANIFEST}`, manifest);
    for (const old of (await this.#complete()).slice(KEPT)) await this.#remove(old);
  }

  /**
   * Makes the store's newest complete and intact checkpoint a local one, where no local one is as new. The newest local
   * step; 0: there is none.
   */
  async restore(): Promise<number> {
    const localStep = stepOf((await this.local())[0]);
    for (const name of await this.#complete()) {
      if (stepOf(name) <= localStep) break;
      try {
        await this.#fetch(name);
        return stepOf(name);
      } catch (error) {
        if (!isStillhouseError(error, 'artifact_corrupt') && !isStillhouseError(error, 'artifact_missing')) throw error;
        this.#log.warn({ checkpoint: name, reason: error.message }, 'a checkpoint is damaged: the one before is taken');
      }
    }
    return localStep;
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

  /** Copies a checkpoint here, every file checked by its hash, and gives it its name when it is whole. */
  async #fetch(name: string): Promise<void> {
    const key = `${this.#prefix}/${name}`;
    const ref = await this.#artifacts.find(`${key}/${MANIFEST}`);
    if (ref === null) throw new StillhouseError('artifact_missing', `${key} has gone`);
    const { files } = Manifest.parse(JSON.parse((await this.#artifacts.get(ref)).toString('utf8')));
    const temporary = join(this.#folder, `${name}.tmp`);
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    try {
      for (const [file, { sha256, bytes }] of [[MANIFEST, ref] as const, ...Object.entries(files)]) {
        const copy = await this.#artifacts.getFile({ key: `${key}/${file}`, sha256, bytes }, temporary);
        await rename(copy, join(temporary, file));
      }
      await rename(temporary, join(this.#folder, name));
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
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
