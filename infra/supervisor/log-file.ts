import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The log of one part, appended to by the part itself. */
export interface LogFile {
  /** For the child's stdout and stderr: it goes on writing when the supervisor is gone. */
  fd: number;
  /** The last lines that were written since it was opened. */
  tail(lines: number): string[];
  close(): void;
}

const ROTATE_AT_BYTES = 10_000_000;
const TAIL_BYTES = 64 * 1024;

/** Opens the log for appending; one that has grown too large becomes `<path>.1` first. */
export function openLogFile(path: string, rotateAtBytes = ROTATE_AT_BYTES): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > rotateAtBytes) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a+');
  const from = fstatSync(fd).size;
  return {
    fd,
    tail(lines) {
      const size = fstatSync(fd).size;
      const start = Math.max(from, size - TAIL_BYTES);
      const bytes = Buffer.alloc(Math.max(0, size - start));
      readSync(fd, bytes, 0, bytes.length, start);
      return bytes.toString('utf8').trimEnd().split('\n').slice(-lines);
    },
    close: () => closeSync(fd),
  };
}
