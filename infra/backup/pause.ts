import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { StillhouseError } from '../../contracts/errors.ts';
import { signalGroup } from '../processes/process-group.ts';

const GUARDIAN = fileURLToPath(new URL(`./guardian/main${import.meta.url.endsWith('.js') ? '.js' : '.ts'}`, import.meta.url));

/** The guardian's exit code where the limit was over. */
const LIMIT_OVER = 3;

/** Process groups that stand still until `goOn`. */
export interface Pause {
  /** Lets them go on. Rejects where they had gone on before: what was copied meanwhile is then of different moments. */
  goOn(): Promise<void>;
}

/** Pauses the groups, for at most `limitMs`. Should this process die, however it dies, they go on at once. */
export async function pauseGroups(groups: readonly number[], limitMs: number): Promise<Pause> {
  // In a group of its own: a Ctrl-C at the terminal must not reach it together with us.
  const guardian = spawn(process.execPath, [GUARDIAN, String(limitMs), ...groups.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  guardian.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((done, fail) => {
    guardian.once('error', fail);
    guardian.once('exit', done);
  });
  ended.catch(() => undefined);
  const paused = once(guardian.stdout, 'data').then(() => true);
  const stands = await Promise.race([paused, ended.then(() => false)]);
  const goOn = async () => {
    guardian.stdin.end();
    const code = await ended;
    if (code === 0) return;
    // Killed by somebody, it has let nobody go on.
    for (const group of groups) signalGroup(group, 'SIGCONT');
    const why = code === LIMIT_OVER ? `for the ${limitMs / 1000} s that they may` : 'to the end';
    throw new StillhouseError(
      'unavailable',
      `The parts of the stack did not stand still ${why}: stop the stack and take the backup again.`,
    );
  };
  if (!stands) await goOn();
  return { goOn };
}
