import { StillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import type { Logger } from '../platform/logger.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import { verifyEmbedder } from './embedder.ts';
import { type EncoderStudent, loadEncoderStudent } from './encoder-student.ts';
import type { EncoderRequest, ThreadClassification } from './encoder-thread.ts';
import { createThreadPool, type PoolThread } from './thread-pool.ts';

export interface EncoderPoolOptions {
  /** `STILLHOUSE_EMBEDDER`. */
  embedderFolder: string;
  artifacts: ArtifactStore;
  /** Worker threads, each with its own embedder (about 60 MB); default 1. */
  threads?: number;
  log: Logger;
  /** Students' numbers that stay in memory; the least recently used go first. Default 512 MB. */
  maxBytes?: number;
}

/** One answer of a student. */
export interface Classification {
  label: string;
  /** Of the label, 0 to 1, calibrated on the validation split. */
  probability: number;
  /** Of every label, in the order of the manifest. */
  probabilities: Float32Array;
  /** Compute time on the thread, without waiting: what the price is made of. */
  computeMs: number;
  /** Tokens read, the special ones included. */
  tokens: number;
}

/** Encoder students in this process, on worker threads. */
export interface EncoderPool {
  /** Loads a student and starts a thread, so that the next call is fast. */
  prepare(manifest: ArtifactRef): Promise<{ labels: string[] }>;
  /**
   * Answers one text. Errors: `artifact_missing` (the embedder that a student stands on too), `artifact_corrupt`,
   * `unavailable` (retryable: a thread crashed, or too many calls wait).
   */
  classify(manifest: ArtifactRef, text: string): Promise<Classification>;
  close(): Promise<void>;
}

interface Loaded {
  student: EncoderStudent;
  usedAt: number;
}

/** What the gateway answers `student/…` with, and what evaluates encoder students: the same code and the same numbers. */
export function createEncoderPool(options: EncoderPoolOptions): EncoderPool {
  const { embedderFolder, artifacts, threads = 1, log, maxBytes = 512 * 1024 ** 2 } = options;
  const pool = createThreadPool({
    program: new URL('./encoder-thread.ts', import.meta.url),
    data: { folder: embedderFolder },
    threads,
    name: 'the encoder pool',
    log,
  });
  const loaded = new Map<string, Loaded>();
  const loading = new Map<string, Promise<EncoderStudent>>();
  let embedderSha256: string | null = null;
  let uses = 0;

  const load = async (ref: ArtifactRef): Promise<EncoderStudent> => {
    embedderSha256 ??= (await verifyEmbedder(embedderFolder)).sha256;
    const student = await loadEncoderStudent(artifacts, ref);
    if (student.manifest.embedder.sha256 !== embedderSha256) {
      throw new StillhouseError(
        'artifact_missing',
        `The student stands on the embedder ${student.manifest.embedder.sha256.slice(0, 12)}, this process has ${embedderSha256.slice(0, 12)}: train it again.`,
      );
    }
    loaded.set(ref.sha256, { student, usedAt: ++uses });
    makeRoom();
    return student;
  };
  const makeRoom = () => {
    const byAge = [...loaded].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    let bytes = byAge.reduce((sum, [, { student }]) => sum + student.bytes, 0);
    // The one that was just loaded stays, however large.
    for (const [id, { student }] of byAge.slice(0, -1)) {
      if (bytes <= maxBytes) break;
      bytes -= student.bytes;
      loaded.delete(id);
    }
    for (const thread of pool.running()) {
      for (const id of thread.holds) {
        if (loaded.has(id)) continue;
        thread.holds.delete(id);
        thread.send({ type: 'drop', student: id } satisfies EncoderRequest);
      }
    }
  };
  const studentOf = (ref: ArtifactRef): Promise<EncoderStudent> | EncoderStudent => {
    const known = loaded.get(ref.sha256);
    if (known) {
      known.usedAt = ++uses;
      return known.student;
    }
    const running = loading.get(ref.sha256) ?? load(ref).finally(() => loading.delete(ref.sha256));
    loading.set(ref.sha256, running);
    return running;
  };
  const hold = (ref: ArtifactRef, student: EncoderStudent) => (thread: PoolThread) => {
    if (thread.holds.has(ref.sha256)) return;
    thread.holds.add(ref.sha256);
    thread.send({ type: 'load', student: ref.sha256, scorer: student.scorer } satisfies EncoderRequest);
  };

  return {
    prepare: async (ref) => {
      const student = await studentOf(ref);
      await pool.call({ type: 'warm' } satisfies EncoderRequest, hold(ref, student));
      return { labels: student.manifest.labels };
    },
    classify: async (ref, text) => {
      const student = await studentOf(ref);
      const request: EncoderRequest = { type: 'classify', student: ref.sha256, text };
      const answer = await pool.call<ThreadClassification>(request, hold(ref, student));
      return { ...answer, label: student.manifest.labels[answer.label]!, probability: answer.probabilities[answer.label]! };
    },
    close: () => pool.close(),
  };
}
