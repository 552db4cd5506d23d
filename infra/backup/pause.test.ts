import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { areStopped } from '../processes/process-group.ts';
import { pauseGroups } from './pause.ts';

let sleeper: ChildProcess;
beforeEach(() => {
  sleeper = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
});
afterEach(() => {
  sleeper.kill('SIGKILL');
});
const stands = () => areStopped([sleeper.pid!]);

test('what is paused stands still at once, and goes on when it is told to', async () => {
  const pause = await pauseGroups([sleeper.pid!], 60_000);
  expect(stands()).toBe(true);
  await pause.goOn();
  await until('it goes on', () => !stands());
});

test('when the limit is over it goes on by itself, and who paused it hears of that', async () => {
  const pause = await pauseGroups([sleeper.pid!], 200);
  await until('it goes on', () => !stands());
  await expect(pause.goOn()).rejects.toThrow('did not stand still for the 0.2 s that they may');
});

test('where the guardian was killed, it goes on all the same', async () => {
  const pause = await pauseGroups([sleeper.pid!], 60_000);
  process.kill(guardianOf(sleeper.pid!), 'SIGKILL');
  expect(stands()).toBe(true);
  await expect(pause.goOn()).rejects.toThrow('did not stand still to the end');
  await until('it goes on', () => !stands());
});

function guardianOf(pid: number): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const words = (name: string) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
    } catch {
      return [];
    }
  };
  return Number(pids.find((name) => words(name).some((word) => word.includes('guardian')) && words(name).includes(String(pid))));
}
