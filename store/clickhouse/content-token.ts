import { createHash } from 'node:crypto';

/** A deduplication token for rows whose content is their identity: the same rows again are dropped. */
export function contentToken(prefix: string, content: unknown): string {
  return `${prefix}-${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`;
}
