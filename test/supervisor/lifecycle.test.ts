import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processIdentity } from '../../infra/processes/process-identity.ts';
import { startSupervisor, temporaryHome } from '../support/supervisor.ts';
import { until } from '../support/until.ts';

const alive = (pid: number) => processIdentity(pid) !== null;
const NAMES = ['clickhouse', 'student-server', 'gateway', 'worker', 'gpu-worker'] as const;

test('parts start in order, parts.json says where they are, Ctrl-C stops them in reverse and leaves nothing', async () => {
  const stack = startSupervisor(temporaryHome(), {});
  await until('the stack runs', () => stack.output().includes('Stillhouse runs'));
  expect(stack.output()).toMatch(/Providers +none is configured, for there is no file .*stillhouse\.yaml/);
  const parts = stack.parts();
  expect(parts.map((part) => part.name)).toEqual(NAMES);
  expect(parts[0]!.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(parts[1]!.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(parts[2]!.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(parts[3]!.address).toBeNull();
  const pids = parts.map((part) => part.pid!);
  expect(pids.every(alive)).toBe(true);

  stack.signal('SIGINT');
  expect(await stack.exited).toBe(0);
  expect(pids.some(alive)).toBe(false);
  expect(stack.parts().every((part) => part.pid === null)).toBe(true);
  const ended = readFileSync(join(stack.home, 'ended.log'), 'utf8').trim().split('\n').map(Number);
  const [clickhouse, studentServer, gateway, ...workers] = pids;
  expect(new Set(ended.slice(0, 2))).toEqual(new Set(workers));
  expect(ended[2]).toBe(gateway);
  expect(new Set(ended.slice(3))).toEqual(new Set([clickhouse, studentServer]));
});

test('a part that is killed comes back at the same address, counted', async () => {
  const stack = startSupervisor(temporaryHome(), {});
  const first = await stack.serving('gateway');
  const { address } = stack.parts().find((part) => part.name === 'gateway')!;
  process.kill(first, 'SIGKILL');
  await stack.serving('gateway', first);
  expect(stack.parts().find((part) => part.name === 'gateway')).toMatchObject({ address, restarts: 1 });
  expect(stack.output()).toContain('ended by SIGKILL');
  stack.signal('SIGTERM');
  expect(await stack.exited).toBe(0);
});

test('a second Ctrl-C kills what does not end, and what that has started', async () => {
  const stack = startSupervisor(temporaryHome(), { worker: 'stubborn' });
  const worker = await stack.serving('worker');
  await until('the stack runs', () => stack.output().includes('Stillhouse runs'));
  const child = Number(readFileSync(join(stack.home, 'stubborn-child'), 'utf8'));
  // Presses that come within a second of the first are one and the same (npm sends it twice).
  const press = setInterval(() => stack.signal('SIGINT'), 200);
  expect(await stack.exited).toBe(130);
  clearInterval(press);
  await until('both are gone', () => !alive(worker) && !alive(child));
});

test('what a killed supervisor left behind is ended at the next start', async () => {
  const home = temporaryHome();
  const first = startSupervisor(home, { worker: 'stubborn' });
  const worker = await first.serving('worker');
  const gateway = await first.serving('gateway');
  const child = Number(readFileSync(join(home, 'stubborn-child'), 'utf8'));
  first.signal('SIGKILL');
  await first.exited;
  // A program of ours ends when its stdin does.
  await until('the gateway has noticed', () => !alive(gateway));
  expect(alive(worker)).toBe(true);

  // The leader of the group is gone too: only its number tells whose child the other is.
  process.kill(worker, 'SIGKILL');
  const second = startSupervisor(home, {});
  await until('the stack runs', () => second.output().includes('Stillhouse runs'));
  expect(second.output()).toContain('ended what the last one left behind');
  expect(alive(child)).toBe(false);
  second.signal('SIGTERM');
  expect(await second.exited).toBe(0);
});

test('Ctrl-C during the start stops what was started', async () => {
  const stack = startSupervisor(temporaryHome(), { gateway: 'crashing' });
  const clickhouse = await stack.serving('clickhouse');
  await until('the gateway failed', () => stack.output().includes('gateway'));
  stack.signal('SIGINT');
  expect(await stack.exited).toBe(0);
  expect(alive(clickhouse)).toBe(false);
});
