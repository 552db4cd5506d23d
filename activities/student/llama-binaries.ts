import { createRequire } from 'node:module';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StillhouseError } from '../../contracts/errors.ts';

/** Folder of llama.cpp's shared libraries for this machine's processor, as node-llama-cpp ships them. */
export function llamaBinaries(platform: string = process.platform, arch: string = process.arch): string {
  const system =
    platform === 'darwin' ? (arch === 'arm64' ? 'mac-arm64-metal' : 'mac-x64') : `${platform === 'win32' ? 'win' : platform}-${arch}`;
  const name = `@node-llama-cpp/${system}`;
  try {
    const bins = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'bins');
    const [folder] = readdirSync(bins).filter((entry) => existsSync(join(bins, entry)));
    return join(bins, folder!);
  } catch (error) {
    throw new StillhouseError('unavailable', `llama.cpp's libraries for this machine (${name}) are not installed: npm ci brings them.`, {
      cause: error,
      retryable: false,
    });
  }
}
