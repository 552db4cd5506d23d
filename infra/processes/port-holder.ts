import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { runCommand } from './run-command.ts';

/** Who listens on the port, as "process 4242 (node server.js)"; "another process" where that can't be told. */
export async function portHolder(port: number): Promise<string> {
  const pid = process.platform === 'linux' ? linuxHolder(port) : await lsofHolder(port);
  if (pid === null) return 'another process';
  const { code, tail } = await runCommand('ps', ['-o', 'args=', '-p', String(pid)]);
  const command = code === 0 ? tail.join(' ').trim() : '';
  return command ? `process ${pid} (${command.length > 80 ? `${command.slice(0, 79)}…` : command})` : `process ${pid}`;
}

function linuxHolder(port: number): number | null {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeners(table, port)));
  if (inodes.size === 0) return null;
  for (const pid of readdirSync('/proc')) {
    if (/^\d+$/.test(pid) && socketsOf(pid).some((inode) => inodes.has(inode))) return Number(pid);
  }
  return null;
}

function listeners(table: string, port: number): string[] {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  // Columns: number, local address, remote address, state (0A = listening), …, the tenth is the inode.
  const rows = readOr(() => readFileSync(table, 'utf8').split('\n').slice(1), []);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(ending) && fields[3] === '0A')
    .map((fields) => fields[9]!);
}

function socketsOf(pid: string): string[] {
  const files = readOr(() => readdirSync(`/proc/${pid}/fd`), []);
  const links = files.map((file) => readOr(() => readlinkSync(`/proc/${pid}/fd/${file}`), ''));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

/** Other users' processes may not be looked into, and any may end while one looks. */
function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}

async function lsofHolder(port: number): Promise<number | null> {
  const { code, tail } = await runCommand('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']);
  return code === 0 && tail[0] ? Number(tail[0]) : null;
}
