import { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';
import { ArtifactRef } from '../../contracts/identifiers.ts';
import type { LanguageModelManifest } from '../../contracts/language-model.ts';
import type { LanguageModelEngine } from '../language-model/engine-contract.ts';

/** Body of `PUT /students/{id}`. */
export const PutStudentBody = z.strictObject({
  manifest: ArtifactRef,
  /** What answers call their model; default: the id. */
  name: z.string().min(1).max(256).optional(),
});
export type PutStudentBody = z.infer<typeof PutStudentBody>;

/** A student that this server answers for. */
export interface ServedStudent {
  id: string;
  name: string;
  manifest: ArtifactRef;
  base: string;
  contextTokens: number;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * The students that were put here, by id. Which of them are in memory is the engine's business: one that had to make
 * room comes back with its next call. Nothing is kept over a restart; who calls puts them again.
 */
export class ServedStudents {
  readonly #engine: LanguageModelEngine;
  readonly #byId = new Map<string, ServedStudent>();

  constructor(engine: LanguageModelEngine) {
    this.#engine = engine;
  }

  /** Loads and warms a student. The same again is success; another manifest takes the id over. */
  async put(id: string, { manifest, name = id }: PutStudentBody): Promise<ServedStudent> {
    if (!ID.test(id)) throw new StillhouseError('invalid_request', `"${id}" is no student's id`, { param: 'id' });
    const read: LanguageModelManifest = await this.#engine.prepare(manifest);
    const before = this.#byId.get(id);
    const student = { id, name, manifest, base: read.base.id, contextTokens: read.contextTokens };
    this.#byId.set(id, student);
    if (before && before.manifest.sha256 !== manifest.sha256) await this.#release(before);
    return student;
  }

  /** Takes a student out: new calls are refused at once, those in work end first. */
  async remove(id: string): Promise<void> {
    const student = this.find(id);
    this.#byId.delete(id);
    await this.#release(student);
  }

  /** Throws `model_not_found`. */
  find(id: string): ServedStudent {
    const student = this.#byId.get(id);
    if (student) return student;
    throw new StillhouseError('model_not_found', `The student "${id.slice(0, 128)}" is not served here: PUT /students/{id} puts it here`, {
      param: 'model',
    });
  }

  list(): ServedStudent[] {
    return [...this.#byId.values()];
  }

  async #release(student: ServedStudent): Promise<void> {
    const shared = this.list().some((other) => other.manifest.sha256 === student.manifest.sha256);
    if (!shared) await this.#engine.release(student.manifest);
  }
}
