import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/*
 * The bytes go through this process, so that `tar` ends when this one is killed: one that went on would write into what
 * the next backup or restore has begun.
 */

/** Writes the names of the folder to a file; rejects with what tar said. */
export async function packTar(folder: string, names: readonly string[], file: string, signal: AbortSignal): Promise<void> {
  const tar = spawn('tar', ['-cf', '-', '-C', folder, ...names], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  await Promise.all([pipeline(tar.stdout, createWriteStream(file, { flags: 'wx', flush: true, mode: 0o600 }), { signal }), wellEnded(tar)]);
}

/** Lays what a file holds into the folder; rejects with what tar said. */
export async function unpackTar(file: string, folder: string, signal: AbortSignal): Promise<void> {
  const tar = spawn('tar', ['-xof', '-', '-C', folder], { stdio: ['pipe', 'ignore', 'pipe'], signal });
  // What tar has to say of its end says more than that its stdin is gone.
  const fed = pipeline(createReadStream(file), tar.stdin, { signal }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
  await Promise.all([wellEnded(tar), fed]);
}

function wellEnded(tar: ChildProcess): Promise<void> {
  let said = '';
  tar.stderr!.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-2_000)));
  return new Promise((done, fail) => {
    tar.once('error', fail);
    tar.once('close', (code) => {
      if (code === 0) done();
      else fail(new Error(said.trim().split('\n').at(-1) || `tar ended with ${code}`));
    });
  });
}
