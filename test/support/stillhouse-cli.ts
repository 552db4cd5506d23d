import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../clients/cli/bin.js', import.meta.url));

/** Runs the command line in a process on a home, as an installed package would. */
export function stillhouseOn(home: string, args: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const own = {
      PATH: process.env['PATH']!,
      HOME: process.env['HOME']!,
      STILLHOUSE_HOME: home,
      STILLHOUSE_CONFIG: `${home}/stillhouse.yaml`,
    };
    execFile(process.execPath, [BIN, ...args], { env: { ...own, ...env }, cwd: home }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}
