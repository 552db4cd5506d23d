import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StillhouseError } from '../../contracts/errors.ts';

// Below the ranges that operating systems take for outgoing connections (Linux from 32768, macOS from 49152): nobody
// is given a part's port by chance while the part restarts.
const FROM = 20_000;
const TO = 32_768;

/** A port that nothing listens on now, and that stays so unless somebody asks for it by number. */
export async function freePort(host = '127.0.0.1', except: ReadonlySet<number> = new Set()): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    if (!except.has(port) && (await isPortFree(port, host))) return port;
  }
}

/** Whether one can listen on it. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen({ port, host, exclusive: true }, done);
    });
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE' || code === 'EACCES') return false;
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      throw new StillhouseError(
        'invalid_request',
        `"${host}" is no address of this machine: set STILLHOUSE_HOST to one (127.0.0.1, or 0.0.0.0 for all).`,
      );
    }
    throw error;
  } finally {
    await new Promise((done) => server.close(done));
  }
}
