import { artifactFolder } from '../../platform/artifact-folder.ts';
import { folderArtifactStore } from './folder.ts';
import { s3ArtifactStore } from './s3.ts';
import type { ArtifactStore } from './store-contract.ts';

export type { ArtifactStore } from './store-contract.ts';

/** The store at a `file:` or `s3:` URL, or in the folder of a plain path. Nothing is read or made yet. */
export function openArtifactStore(url: string): ArtifactStore {
  const folder = artifactFolder(url);
  return folder === null ? s3ArtifactStore(url) : folderArtifactStore(folder);
}
