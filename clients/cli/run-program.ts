import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * Runs a program of this repository with the terminal of this process and resolves to its exit code. Ctrl-C reaches the
 * program by itself; this process waits for it to stop its parts.
 */
export function runProgram(path: string, args: readonly string[]): Promise<number> {
  // compiled beside each other where the package is compiled
  const program = import.meta.url.endsWith('.js') ? path.replace(/\.ts$/, '.js') : path;
  const file = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args], { stdio: 'inherit' });
    const wait = () => {};
    const forward = () => child.kill('SIGTERM');
    process.on('SIGINT', wait);
    process.on('SIGTERM', forward);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGINT', wait);
      process.off('SIGTERM', forward);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
