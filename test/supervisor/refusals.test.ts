import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSupervisor, temporaryHome } from '../support/supervisor.ts';

/** What a refused start prints: one sentence, and exit code 1. */
async function refusal(home: string, env: NodeJS.ProcessEnv): Promise<string> {
  const stack = startSupervisor(home, {}, env);
  expect(await stack.exited).toBe(1);
  const lines = stack.output().trim().split('\n');
  expect(lines).toHaveLength(1);
  return lines[0]!;
}

test('a second start on the same home names the holder', async () => {
  const home = temporaryHome();
  const first = startSupervisor(home, {});
  const gateway = await first.serving('gateway');
  const port = new URL(first.parts().find((part) => part.name === 'gateway')!.address!).port;
  const said = await refusal(home, {});
  expect(said).toContain(`is in use by process ${first.pid}, since `);
  expect(said).toContain(`gateway on port ${port}`);
  expect(first.parts().find((part) => part.name === 'gateway')!.pid).toBe(gateway);
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
});

test('a port that is taken: by whom, and what to set', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  const said = await refusal(temporaryHome(), { STILLHOUSE_PORT: String(port) });
  expect(await refusal(temporaryHome(), { STILLHOUSE_STUDENT_SERVER_PORT: String(port) })).toMatch(
    /^Port \d+, which the student server needs, is taken by process .*set STILLHOUSE_STUDENT_SERVER_PORT to another port/,
  );
  expect(said).toContain(`Port ${port}, which the gateway needs, is taken by process ${process.pid} (`);
  expect(said).toContain('set STILLHOUSE_PORT to another port (0 = any free one)');
  server.close();
});

test('a home that is a file', async () => {
  const path = join(temporaryHome(), 'home');
  writeFileSync(path, '');
  expect(await refusal(path, {})).toContain(`${path} can't be written to (a file is in the way): set STILLHOUSE_HOME`);
});

test('a configuration that is not usable: the field', async () => {
  const home = temporaryHome();
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'stillhouse.yaml'), 'providers: [{ id: mine, kind: opnai }]\n');
  expect(await refusal(home, {})).toMatch(/stillhouse\.yaml is not usable\. providers\[0\]\.kind must be one of /);
  writeFileSync(join(home, 'stillhouse.yaml'), 'providers: [\n');
  expect((await startAndFail(home))[0]).toMatch(/stillhouse\.yaml is not YAML/);
});

test('an environment that is not usable: the variable', async () => {
  expect(await refusal(temporaryHome(), { STILLHOUSE_CLICKHOUSE_PORT: 'eighty' })).toMatch(
    /The environment is not usable\. STILLHOUSE_CLICKHOUSE_PORT must be a number, not a text\./,
  );
});

test("an address that is not this machine's", async () => {
  expect(await refusal(temporaryHome(), { STILLHOUSE_HOST: '192.0.2.7' })).toContain(
    '"192.0.2.7" is no address of this machine: set STILLHOUSE_HOST',
  );
});

test('a database that a newer program has migrated', async () => {
  const stack = startSupervisor(temporaryHome(), { migrations: 'newer-schema' });
  expect(await stack.exited).toBe(1);
  expect(stack.output().trim().split('\n').at(-1)).toBe('The database is newer than this program.');
  expect(stack.parts().every((part) => part.pid === null)).toBe(true);
});

test('no Python to build the embedder with: what to install, and nothing stays', async () => {
  const home = temporaryHome();
  const stack = startSupervisor(home, {}, { STILLHOUSE_EMBEDDER: '', STILLHOUSE_CACHE: join(home, 'cache'), PATH: '/nowhere' });
  expect(await stack.exited).toBe(1);
  expect(stack.output()).toContain(
    'Python 3.11 or newer is needed once, to build the embedder, and none was found on the PATH: install it (',
  );
  expect(stack.parts().every((part) => part.pid === null)).toBe(true);
});

test('no way to get a Temporal server: what to install', async () => {
  const home = temporaryHome();
  const env = { TEMPORAL_ADDRESS: '', STILLHOUSE_CACHE: join(home, 'cache'), PATH: '/nowhere' };
  const stack = startSupervisor(home, {}, env);
  expect(await stack.exited).toBe(1);
  expect(stack.output()).toMatch(
    /Temporal's server must be built here, which needs Go 1\.\d+\.\d+ or newer, and there is none on the PATH/,
  );
});

async function startAndFail(home: string): Promise<string[]> {
  const stack = startSupervisor(home, {});
  expect(await stack.exited).toBe(1);
  return stack.output().trim().split('\n');
}
