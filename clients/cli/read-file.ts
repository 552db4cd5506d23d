import { accessSync, constants, openAsBlob, statSync } from 'node:fs';
import { CliError } from './cli-error.ts';

/** A file to be uploaded, not read yet. `what`: how the person named it. */
export async function fileAt(path: string, what: string): Promise<Blob> {
  try {
    // a blob of a folder, or of a file that may not be read, is refused only when it is sent
    accessSync(path, constants.R_OK);
    if (!statSync(path).isFile()) throw new Error('it is a folder, or no plain file');
    return await openAsBlob(path);
  } catch (cause) {
    throw new CliError(`${what}: ${path} can't be read: ${(cause as Error).message}.`, { cause, exitCode: 2 });
  }
}
