import { fileURLToPath } from 'node:url';
import { folderArtifactStore } from './folder.ts';
import { s3ArtifactStore } from './s3.ts';
import type { ArtifactStore } from './store-contract.ts';

export type { ArtifactStore } from './store-contract.ts';

/** The store at a `file:` or `s3:` URL, or in the folder of a plain path. Nothing is read or made yet. */
export function openArtifactStore(url: string): ArtifactStore {
  if (url.startsWith('s3:')) return s3ArtifactStore(url);
  if (!url.startsWith('file:')) return folderArtifactStore(url);
  return folderArtifactStore(url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length));
}
