import type { Llama } from 'node-llama-cpp';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { LanguageModelManifest } from '../../contracts/language-model.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { loadBase, type LoadedBase } from './loaded-base.ts';
import { openStudent, type LoadedStudent } from './loaded-student.ts';
import { readManifest } from './manifest.ts';

export interface StudentMemoryOptions {
  artifacts: ArtifactStore;
  folder: string;
  llama: () => Promise<Llama>;
  threads: number;
  maxBytes: number;
  sequences: number;
  maxContextTokens: number;
  log: Logger;
}

/** A student for the time of one call: it stays in memory until `done`. */
export interface Lease {
  student: LoadedStudent;
  done(): void;
}

export interface HeldStudent {
  student: LoadedStudent;
  /** Calls that it has now. */
  active: number;
  usedAt: number;
  /** Called when the last call has ended. */
  idle: (() => void) | null;
}

export interface HeldBase {
  base: LoadedBase;
  /** Loaded students that stand on it. */
  students: number;
  usedAt: number;
}

/**
 * Students in memory: loaded when they are asked for, dropped when memory is needed, the least recently used first.
 * One that has calls is dropped only where all have, and once its calls have ended.
 */
export class StudentMemory {
  readonly #options: StudentMemoryOptions;
  readonly #students = new Map<string, HeldStudent>();
  readonly #bases = new Map<string, HeldBase>();
  readonly #counts = { loads: 0, evictions: 0 };
  #uses = 0;
  /** One load at a time: two that make room for each other would drop each other. */
  #turns: Promise<unknown> = Promise.resolve();

  constructor(options: StudentMemoryOptions) {
    this.#options = options;
  }

  lease(manifest: ArtifactRef): Promise<Lease> {
    const held = this.#students.get(manifest.sha256);
    return held ? Promise.resolve(this.#leaseOf(held)) : this.#inTurn(() => this.#load(manifest));
  }

  /** Takes a student out once its calls have ended; its base too where nothing else stands on it. */
  release(manifest: ArtifactRef): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#students.get(manifest.sha256);
      if (!held) return;
      await this.#retire(held);
      const base = this.#bases.get(held.student.base.sha256)!;
      if (base.students === 0) await this.#drop(base);
    });
  }

  students(): readonly HeldStudent[] {
    return [...this.#students.values()];
  }

  bases(): readonly HeldBase[] {
    return [...this.#bases.values()];
  }

  bytes(): number {
    const ofStudents = this.students().reduce((sum, { student }) => sum + student.bytes, 0);
    return this.bases().reduce((sum, { base }) => sum + base.bytes, ofStudents);
  }

  counts(): { loads: number; evictions: number } {
    return { ...this.#counts };
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      for (const held of this.students()) await this.#retire(held);
      for (const base of this.bases()) await this.#drop(base);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turns.then(work);
    this.#turns = result.catch(() => undefined);
    return result;
  }

  #leaseOf(held: HeldStudent): Lease {
    held.active += 1;
    held.usedAt = ++this.#uses;
    let ended = false;
    return {
      student: held.student,
      done() {
        if (ended) return;
        ended = true;
        held.active -= 1;
        if (held.active === 0) held.idle?.();
      },
    };
  }

  async #load(ref: ArtifactRef): Promise<Lease> {
    const known = this.#students.get(ref.sha256);
    if (known) return this.#leaseOf(known);
    const { artifacts, folder, maxBytes, log } = this.#options;
    const began = performance.now();
    const manifest = await readManifest(artifacts, ref);
    const { served } = manifest;
    const [modelRef, adapterRef] = served.form === 'adapter' ? [served.base, served.adapter] : [served.model, null];
    const smallest = modelRef.bytes + (adapterRef?.bytes ?? 0);
    if (smallest > maxBytes) throw tooLarge(manifest, smallest, maxBytes);
    const adapter = adapterRef && { path: await artifacts.getFile(adapterRef, folder), bytes: adapterRef.bytes };
    const base = await this.#baseOf(modelRef);
    await this.#makeRoom(adapter?.bytes ?? 0, base);
    const student = await openStudent({ ...this.#options, sha256: ref.sha256, manifest, base: base.base, adapter });
    base.students += 1;
    const held: HeldStudent = { student, active: 0, usedAt: 0, idle: null };
    // How much its context takes is known only now.
    await this.#makeRoom(student.bytes, base);
    if (this.bytes() + student.bytes > maxBytes) {
      await this.#retire(held);
      throw tooLarge(manifest, base.base.bytes + student.bytes, maxBytes);
    }
    this.#students.set(ref.sha256, held);
    this.#counts.loads += 1;
    const ms = Math.round(performance.now() - began);
    log.info({ student: ref.key, base: manifest.base.id, ms, bytes: student.bytes }, 'a student is loaded');
    return this.#leaseOf(held);
  }

  async #baseOf(ref: ArtifactRef): Promise<HeldBase> {
    const known = this.#bases.get(ref.sha256);
    if (known) {
      known.usedAt = ++this.#uses;
      return known;
    }
    const path = await this.#options.artifacts.getFile(ref, this.#options.folder);
    await this.#makeRoom(ref.bytes, null);
    const base = await loadBase(await this.#options.llama(), { path, sha256: ref.sha256, bytes: ref.bytes });
    const held: HeldBase = { base, students: 0, usedAt: ++this.#uses };
    this.#bases.set(ref.sha256, held);
    return held;
  }

  /** Frees memory for so many more bytes, on `keep` where they are for something that stands on it. */
  async #makeRoom(bytes: number, keep: HeldBase | null): Promise<void> {
    while (this.bytes() + bytes > this.#options.maxBytes) {
      const idle = this.students().filter((held) => held.active === 0);
      const student = oldest(idle.length > 0 ? idle : this.students());
      const base = oldest(this.bases().filter((held) => held.students === 0 && held !== keep));
      if (base && (!student || base.usedAt < student.usedAt)) await this.#drop(base);
      else if (student) await this.#retire(student);
      else return;
      this.#counts.evictions += 1;
    }
  }

  /** New calls load it anew from here on; it goes when those that it has have ended. */
  async #retire(held: HeldStudent): Promise<void> {
    const { sha256, base } = held.student;
    if (this.#students.get(sha256) === held) this.#students.delete(sha256);
    if (held.active > 0) await new Promise<void>((resolve) => (held.idle = resolve));
    await held.student.close();
    this.#bases.get(base.sha256)!.students -= 1;
  }

  async #drop(held: HeldBase): Promise<void> {
    this.#bases.delete(held.base.sha256);
    await held.base.close();
  }
}

function oldest<T extends { usedAt: number }>(all: readonly T[]): T | undefined {
  return all.toSorted((a, b) => a.usedAt - b.usedAt)[0];
}

function tooLarge({ base }: LanguageModelManifest, needed: number, maxBytes: number): StillhouseError {
  const mb = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MB`;
  const message = `A student on ${base.id} needs ${mb(needed)} of memory, and this process may use ${mb(maxBytes)} (STILLHOUSE_STUDENT_MEMORY_BYTES)`;
  return new StillhouseError('unavailable', message, { retryable: false, data: { neededBytes: needed, maxBytes } });
}
