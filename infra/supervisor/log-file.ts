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

/** A line of our own JSON logs as a person reads it; any other line as it is. At most `width` characters. */
export function readableLine(line: string, width: number): string {
  const text = readJsonLine(line) ?? line;
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function readJsonLine(line: string): string | null {
  if (!line.startsWith('{')) return null;
  try {
    const entry = JSON.parse(line) as { msg?: unknown; reason?: unknown; err?: { message?: unknown } };
    const parts = [entry.msg, entry.reason, entry.err?.message].filter((part) => typeof part === 'string' && part !== '');
    return parts.length > 0 ? parts.join(': ') : null;
  } catch {
    // Cut off by the end of a process, or never JSON.
    return null;
  }
}
