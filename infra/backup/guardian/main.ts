/**
 * `node main.ts <limit in ms> <group>…`: pauses the process groups, says so, and lets them go on when its stdin ends or
 * the limit is over. A process of its own, so that a backup that is killed leaves nobody paused: its end is the end of
 * this one's stdin. Exit code 3: the limit was over.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { areStopped, signalGroup } from '../../processes/process-group.ts';

const LIMIT_OVER = 3;
const LOOK_EVERY_MS = 1;
/** Where the system does not tell of threads. */
const SETTLES_MS = 50;

const [limitMs, ...groups] = process.argv.slice(2).map(Number) as [number, ...number[]];
const goOn = (exitCode: number) => {
  for (const group of groups) signalGroup(group, 'SIGCONT');
  process.exit(exitCode);
};
process.stdin.on('end', () => goOn(0)).on('error', () => goOn(0));
process.stdin.resume();
setTimeout(() => goOn(LIMIT_OVER), limitMs);
// Whatever else ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => goOn(LIMIT_OVER));
process.stdout.on('error', () => goOn(LIMIT_OVER));

for (const group of groups) signalGroup(group, 'SIGSTOP');
if (process.platform === 'linux') while (!areStopped(groups)) await wait(LOOK_EVERY_MS);
else await wait(SETTLES_MS);
process.stdout.write('paused\n');
