import type { Readable } from 'node:stream';
import type { ArtifactRef } from '../../contracts/identifiers.ts';

/**
 * Where big things lie: models, datasets' files, reports. A key is written once: what is under it never changes, so
 * that a reference (key and SHA-256) stays true and a repeated stage finds its own work.
 */
export interface ArtifactStore {
  /** Where it is, for people and logs; without secrets. */
  readonly url: string;
  /**
   * Writes once. The same content again is success; other content under a taken key is `conflict`. After it returns
   * the bytes are durable.
   */
  put(key: string, bytes: Uint8Array): Promise<ArtifactRef>;
  /** `put` of a file, without holding it in memory. */
  putFile(key: string, path: string): Promise<ArtifactRef>;
  /** The bytes, checked against the reference: `artifact_missing`, `artifact_corrupt`. */
  get(ref: ArtifactRef): Promise<Buffer>;
  /** The bytes as a stream, unchecked: who reads them to the end compares their hash. `artifact_missing`. */
  open(ref: ArtifactRef): Promise<Readable>;
  /** A checked copy in `folder`, named by its SHA-256; one that lies there already is used. Returns its path. */
  getFile(ref: ArtifactRef, folder: string): Promise<string>;
  /** The reference of what lies under a key; null where there is nothing. */
  find(key: string): Promise<ArtifactRef | null>;
  has(key: string): Promise<boolean>;
  /** Keys that begin with the prefix, sorted. */
  list(prefix: string): Promise<string[]>;
  /** Nothing there is success. */
  delete(key: string): Promise<void>;
}
