import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { MODEL_FILE_KINDS, type ModelFileKind, type UploadedModelFile } from '../../contracts/students.ts';
import { removeLeftBehind } from '../../platform/left-behind.ts';
import { hashing } from '../../store/artifacts/content-hash.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { checkModelFile } from './model-file-check.ts';

/** Larger models are put into the artifact store by hand. */
export const MOST_MODEL_BYTES = 48 * 1024 ** 3;

const EXTENSIONS: Readonly<Record<ModelFileKind, string>> = { gguf: 'gguf', safetensors: 'safetensors', json: 'json', floats: 'f32' };

/** Where an uploaded file of a model lies: under the hash of its content. */
function keyOf(kind: ModelFileKind, sha256: string): string {
  return `models/${sha256}.${EXTENSIONS[kind]}`;
}

/** Streams a model's file to a temporary one, checks what it is, and keeps it in the artifact store. */
export async function receiveModelFile(
  body: ReadableStream<Uint8Array> | null,
  stated: ModelFileKind | undefined,
  place: { temporaryFolder: string; artifacts: ArtifactStore; mostBytes?: number },
): Promise<UploadedModelFile> {
  if (!body) throw new StillhouseError('invalid_request', 'the body: must be a file', { param: 'the body' });
  await mkdir(place.temporaryFolder, { recursive: true });
  await removeLeftBehind(place.temporaryFolder);
  const path = join(place.temporaryFolder, `model-${randomUUID()}`);
  const most = place.mostBytes ?? MOST_MODEL_BYTES;
  const hash = hashing();
  async function* limited(chunks: AsyncIterable<Uint8Array>) {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > most) throw new StillhouseError('body_too_large', `A model's file may have ${most} bytes at most.`);
      yield chunk;
    }
  }
  try {
    await pipeline(Readable.fromWeb(body), limited, hash.through, createWriteStream(path, { flags: 'wx' }));
    const { sha256, bytes } = hash.result();
    const kind = await checkModelFile(path, stated);
    await place.artifacts.putFile(keyOf(kind, sha256), path);
    return { kind, sha256, bytes };
  } finally {
    await rm(path, { force: true });
  }
}

/** The reference of an uploaded file of one of those kinds; refuses one that did not come. */
export async function requireModelFile(
  artifacts: ArtifactStore,
  sha256: string,
  param: string,
  kinds: readonly ModelFileKind[] = MODEL_FILE_KINDS,
): Promise<ArtifactRef> {
  for (const kind of kinds) {
    const ref = await artifacts.find(keyOf(kind, sha256));
    if (ref) return ref;
  }
  throw new StillhouseError(
    'invalid_request',
    `${param}: no file with the hash ${sha256.slice(0, 12)}… of the kind ${kinds.join(' or ')} was uploaded; send it to POST /api/students/{name}/files first.`,
    { param },
  );
}
