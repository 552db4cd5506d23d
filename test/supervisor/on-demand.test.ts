import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { convertersFolder } from '../../infra/language-model/converters.ts';
import { processIdentity } from '../../infra/processes/process-identity.ts';
import { startSupervisor, type SupervisorProcess, temporaryHome } from '../support/supervisor.ts';
import { until } from '../support/until.ts';

// Of what is prepared the converters take a second; the trainer and the base are said to be there.
const external = { STILLHOUSE_TRAINER: '/there/trainer', STILLHOUSE_BASE: '/there/base', STILLHOUSE_CONVERTERS: '' };

/** A home whose cache is empty and whose PATH is a folder of its own, with the named programs linked into it. */
function machine(programs: string[]) {
  const home = temporaryHome();
  const [cache, bin] = [join(home, 'cache'), join(home, 'bin')];
  mkdirSync(bin);
  const give = (name: string) => {
    const found = process.env['PATH']!.split(':').find((folder) => existsSync(join(folder, name)));
    symlinkSync(join(found!, name), join(bin, name));
  };
  for (const name of programs) give(name);
  return { home, cache, bin, give, env: { ...external, STILLHOUSE_CACHE: cache, PATH: bin } };
}

const answers = (stack: SupervisorProcess) => {
  const path = join(stack.home, 'needs.log');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
};
const prepared = (stack: SupervisorProcess) => stack.output().match(/✓ language-model-students/g)?.length ?? 0;

test('what a part needs is made once; asking again, also by its successor, finds it there', async () => {
  const { home, cache, env } = machine(['git', 'tar']);
  const stack = startSupervisor(home, { 'gpu-worker': 'needy' }, env);
  const first = await stack.serving('gpu-worker');
  await until(`it has what it needs\n${stack.output()}`, () => answers(stack).includes(`${first} there: true`));
  expect(existsSync(join(convertersFolder(cache), 'convert_lora_to_gguf.py'))).toBe(true);
  expect(answers(stack)[0]).toBe(`${first} under way: begins`);
  process.kill(first, 'SIGKILL');
  const second = await stack.serving('gpu-worker', first);
  await until('its successor has it too', () => answers(stack).includes(`${second} there: true`));
  expect(prepared(stack)).toBe(1);
  stack.signal('SIGTERM');
  expect(await stack.exited).toBe(0);
});

test('a preparation that fails says why, holds up nothing, and is tried again at the next need', async () => {
  const { home, env, give } = machine([]);
  const stack = startSupervisor(home, { 'gpu-worker': 'needy' }, env);
  await until('the stack runs', () => stack.output().includes('Stillhouse runs'));
  const failures = () => answers(stack).filter((line) => line.includes('failed: git is needed once'));
  await until('it has failed twice', () => failures().length >= 2);
  expect(stack.output()).toContain('install it (Debian and Ubuntu: apt-get install git; macOS: xcode-select --install). It is tried again');
  give('tar');
  give('git');
  await until('it has what it needs', () => answers(stack).at(-1)!.endsWith('there: true'));
  stack.signal('SIGTERM');
  expect(await stack.exited).toBe(0);
});

test('a preparation under way outlives the part that asked, and ends with the stack', async () => {
  const { home, cache, bin, env } = machine([]);
  // A git that takes ten minutes.
  writeFileSync(join(bin, 'git'), `#!/bin/sh\necho $$ >> '${home}/git-pids'\nexec /bin/sleep 600\n`, { mode: 0o755 });
  const stack = startSupervisor(home, { 'gpu-worker': 'needy' }, env);
  const worker = await stack.serving('gpu-worker');
  const pids = () => (existsSync(`${home}/git-pids`) ? readFileSync(`${home}/git-pids`, 'utf8').trim().split('\n').map(Number) : []);
  await until('git runs', () => pids().length > 0);
  process.kill(worker, 'SIGKILL');
  const successor = await stack.serving('gpu-worker', worker);
  await until('the successor has joined it', () => answers(stack).some((line) => line.startsWith(`${successor} under way`)));
  expect(pids()).toHaveLength(1);
  expect(processIdentity(pids()[0]!)).not.toBeNull();
  stack.signal('SIGTERM');
  expect(await stack.exited).toBe(0);
  await until('git is gone', () => processIdentity(pids()[0]!) === null);
  expect(readdirSync(cache).filter((name) => name.startsWith('converters-') && !name.includes('.'))).toEqual([]);
});

test('at-start: made beside the start, without anybody asking', async () => {
  const { home, cache, env } = machine(['git', 'tar']);
  const stack = startSupervisor(home, {}, { ...env, STILLHOUSE_STUDENTS: 'at-start' });
  await until('it is made', () => prepared(stack) === 1);
  expect(existsSync(convertersFolder(cache))).toBe(true);
  stack.signal('SIGTERM');
  expect(await stack.exited).toBe(0);
});

test('parts are told where students are served and where the trainer is, before it exists', async () => {
  const { home, cache, env } = machine([]);
  const stack = startSupervisor(home, { gateway: 'telling' }, env);
  await until('the stack runs', () => stack.output().includes('Stillhouse runs'));
  const { address } = stack.parts().find((part) => part.name === 'student-server')!;
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const told = JSON.parse(readFileSync(join(home, 'told.json'), 'utf8')) as Record<string, string>;
  expect(told).toMatchObject({
    STILLHOUSE_STUDENT_URLS: address,
    STILLHOUSE_TRAINER: '/there/trainer',
    STILLHOUSE_BASE: '/there/base',
    STILLHOUSE_CONVERTERS: convertersFolder(cache),
  });
  expect(existsSync(convertersFolder(cache))).toBe(false);
  stack.signal('SIGTERM');
  expect(await stack.exited).toBe(0);
});

test('student servers that are external: none is started, the parts are told of those', async () => {
  const { home, env } = machine([]);
  const urls = 'http://one.example:8090,http://two.example:8090';
  const stack = startSupervisor(home, { gateway: 'telling', 'student-server': 'crashing' }, { ...env, STILLHOUSE_STUDENT_URLS: urls });
  await until('the stack runs', () => stack.output().includes('Stillhouse runs'));
  expect(stack.parts().map((part) => part.name)).toEqual(['clickhouse', 'gateway', 'worker', 'gpu-worker']);
  expect(JSON.parse(readFileSync(join(home, 'told.json'), 'utf8'))).toMatchObject({ STILLHOUSE_STUDENT_URLS: urls });
  stack.signal('SIGTERM');
  expect(await stack.exited).toBe(0);
});
