import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StillhouseError } from '../contracts/errors.ts';

/**
 * The secret in the file, made at first use with mode 0600 (`<prefix>-` and 192 random bits). Two processes that start
 * at once end with the same secret: the file appears whole and on the disk, by link, and the second one reads the first's.
 */
export function secretFile(path: string, prefix: string): string {
  try {
    return readSecret(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, `${prefix}-${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return readSecret(path);
}

/** Nothing is sealed under nothing, and nobody is let in by it. */
function readSecret(path: string): string {
  const secret = readFileSync(path, 'utf8').trim();
  if (secret !== '') return secret;
  throw new StillhouseError('invalid_request', `${path} is empty: remove it, and the next start makes a new one`);
}
