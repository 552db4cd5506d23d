import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { putImagesBack } from './image-references.ts';
import { imageType } from './image-type.ts';

/** Images of a project's traces: artifacts, each once by its hash (docs/decisions/0010-images-are-artifacts.md). */
function keyOf(project: string, sha256: string): string {
  return `images/${project}/${sha256}`;
}

/** Stores an image; durable when it returns. The same again is success. */
export async function storeImage(artifacts: ArtifactStore, project: string, sha256: string, bytes: Buffer): Promise<void> {
  const key = keyOf(project, sha256);
  if (await artifacts.has(key)) return;
  const ref = await artifacts.put(key, bytes);
  if (ref.sha256 !== sha256) throw new StillhouseError('artifact_corrupt', `The image ${sha256} has another content than its name says`);
}

/** An image of a project by the hash of its bytes; null where the project has none. */
export async function readImage(
  artifacts: ArtifactStore,
  project: string,
  sha256: string,
): Promise<{ type: string; bytes: Buffer } | null> {
  if (!/^[0-9a-f]{64}$/.test(sha256)) return null;
  const ref = await artifacts.find(keyOf(project, sha256));
  if (!ref) return null;
  const bytes = await artifacts.get({ ...ref, sha256 });
  return { type: imageType(bytes) ?? 'application/octet-stream', bytes };
}

/** Takes an image away; nothing there is success. */
export function deleteImage(artifacts: ArtifactStore, project: string, sha256: string): Promise<void> {
  return artifacts.delete(keyOf(project, sha256));
}

/** A stored body's text with the images in it that its references name. */
export function withImages(artifacts: ArtifactStore, project: string, body: string): Promise<string> {
  return putImagesBack(body, (sha256) => readImage(artifacts, project, sha256));
}
