import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

const die = () => process.kill(process.pid, 'SIGKILL');

/**
 * Ends this process by SIGKILL at one named point: when a file whose path holds `point` lies in the home while the activity
 * runs, or, with the point `end`, when the activity has done everything but say so.
 */
export function dieAt(activity: string, point: string, home: string): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        if (info.activityType !== activity) return next(input);
        if (point !== 'end') void dieWhenWritten(point, home);
        const result = await next(input);
        // What was watched for can come and go within a millisecond; then it dies here.
        die();
        return result;
      },
    },
  });
}

async function dieWhenWritten(part: string, home: string): Promise<void> {
  for (;;) {
    if (pathsIn(home).some((path) => path.includes(part))) die();
    await wait(1);
  }
}

/** Every path below the folder; none where a folder of it went while it was read: then it is looked at again. */
function pathsIn(home: string): string[] {
  try {
    return readdirSync(home, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
