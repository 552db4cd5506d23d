import { z } from 'zod';
import type { TuningIdentity, TuningJob } from '../../contracts/hosted.ts';
import { contentHash } from '../../platform/content-hash.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { publishOnce } from '../encoder/encoder-deps.ts';

const File = z.object({ fileId: z.string() });
const Job = z.object({ jobId: z.string(), isOwn: z.boolean() });

/** All that decides what a training comes to, and nothing else: 32 hexadecimal digits. */
export function tuningKey({ project, provider, model, training, validation, settings }: TuningIdentity): string {
  const files = { training: training.sha256, validation: validation?.sha256 ?? null };
  return contentHash({ project, provider, model, ...files, settings }).slice(0, 32);
}

/**
 * What the providers have of ours, in the artifact store: written as soon as a provider has said so, before an activity ends. An
 * entry is written once, so that of two attempts at the same time both go on with the first one's.
 */
export class TuningJournal {
  readonly #artifacts: ArtifactStore;
  constructor(artifacts: ArtifactStore) {
    this.#artifacts = artifacts;
  }

  async fileId(of: { project: string; provider: string; sha256: string }): Promise<string | null> {
    return (await this.#read(fileEntry(of), File))?.fileId ?? null;
  }

  async noteFile(of: { project: string; provider: string; sha256: string }, fileId: string): Promise<string> {
    return (await this.#note(fileEntry(of), File, { fileId })).fileId;
  }

  /** A file that the provider has no more. */
  forgetFile(of: { project: string; provider: string; sha256: string }): Promise<void> {
    return this.#artifacts.delete(fileEntry(of));
  }

  /** The job that a run waits for. */
  job(of: TuningIdentity): Promise<TuningJob | null> {
    return this.#read(jobEntry(of), Job);
  }

  noteJob(of: TuningIdentity, job: TuningJob): Promise<TuningJob> {
    return this.#note(jobEntry(of), Job, job);
  }

  async #read<T extends z.ZodType>(key: string, schema: T): Promise<z.output<T> | null> {
    const ref = await this.#artifacts.find(key);
    return ref && schema.parse(JSON.parse((await this.#artifacts.get(ref)).toString('utf8')));
  }

  async #note<T extends z.ZodType>(key: string, schema: T, value: z.output<T>): Promise<z.output<T>> {
    const ref = await publishOnce(this.#artifacts, key, value);
    return schema.parse(JSON.parse((await this.#artifacts.get(ref)).toString('utf8')));
  }
}

function fileEntry({ project, provider, sha256 }: { project: string; provider: string; sha256: string }): string {
  return `tunings/${project}/files/${provider}-${sha256}.json`;
}

function jobEntry(of: TuningIdentity): string {
  return `tunings/${of.project}/jobs/${tuningKey(of)}/${of.runId}.json`;
}
