import { fileURLToPath } from 'node:url';

/** The folder of an artifact store's `file:` URL or plain path; null where the store is no folder. */
export function artifactFolder(url: string): string | null {
  if (url.startsWith('s3:')) return null;
  if (!url.startsWith('file:')) return url;
  return url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length);
}
