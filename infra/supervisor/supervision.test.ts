import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openChildLedger } from '../processes/child-ledger.ts';
import type { PartDefinition } from './part-definition.ts';
import type { Reporter } from './reporter.ts';
import { createSupervision } from './supervision.ts';

const WAIT = { timeout: 30_000, interval: 25 };

function silent(over: Partial<Reporter>): Reporter {
  const nothing = () => undefined;
  return { say: nothing, progress: nothing, prepared: nothing, ready: nothing, down: nothing, ...over };
}

function part(program: string): PartDefinition {
  return {
    name: 'gateway',
    program: process.execPath,
    args: ['-e', program],
    env: {},
    address: null,
    ready: 'message',
    graceMs: 1_000,
    tier: 0,
  };
}

function supervise(reporter: Partial<Reporter>) {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-supervision-'));
  const run = join(folder, 'run');
  const logs = join(folder, 'logs');
  const ledger = openChildLedger(join(run, 'children.json'), { onTrouble: (text) => reporter.say?.('ledger', text) });
  const backoff = { firstMs: 1, mostMs: 4, resetAfterMs: 60_000 };
  const partsFile = join(run, 'parts.json');
  return { ...createSupervision({ partsFile, logs, ledger, reporter: silent(reporter), backoff }), run, logs };
}

test('a part that ends at its start again and again: the pause doubles to its end, its log is shown after ten', async () => {
  const pauses: number[] = [];
  const said = Promise.withResolvers<string>();
  const supervision = supervise({ down: (_, _why, againInMs) => pauses.push(againInMs), say: (_, text) => said.resolve(text) });
  const started = supervision.start(part("console.log('made of cheese'); process.exitCode = 3"));
  expect(await said.promise).toMatch(/10 times in a row and is tried on\..*\n {4}made of cheese/s);
  expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 4]);
  await supervision.stop();
  await expect(started).rejects.toThrow('being stopped');
});

test('a program that does not exist is said, not thrown', async () => {
  const why = Promise.withResolvers<string>();
  const supervision = supervise({ down: (_, text) => why.resolve(text) });
  const started = supervision.start({ ...part(''), program: '/no/such/program' });
  expect(await why.promise).toContain('ENOENT');
  await supervision.stop();
  await expect(started).rejects.toThrow('being stopped');
});

test('only the message makes it serve', async () => {
  const supervision = supervise({});
  await supervision.start(part("process.send({ type: 'ready' }); process.stdin.resume()"));
  expect(supervision.parts()).toEqual([{ name: 'gateway', pid: expect.any(Number), address: null, restarts: 0 }]);
  await supervision.stop();
  expect(supervision.parts()[0]!.pid).toBeNull();
});

test('files that can not be written end nothing: the part is started again, the files follow once they can', async () => {
  const said: string[] = [];
  const downs: string[] = [];
  const supervision = supervise({ say: (_, text) => said.push(text), down: (_, why) => downs.push(why) });
  await supervision.start(part("process.send({ type: 'ready' }); process.stdin.resume()"));
  const first = supervision.parts()[0]!.pid!;
  const folders = [supervision.run, supervision.logs];
  for (const folder of folders) {
    rmSync(folder, { recursive: true });
    // A file in the folder's place: nothing can be written below it, by whomever.
    writeFileSync(folder, '');
  }
  process.kill(first, 'SIGKILL');
  await vi.waitFor(() => expect(downs.length).toBeGreaterThan(3), WAIT);
  for (const folder of folders) {
    rmSync(folder);
    mkdirSync(folder);
  }
  await vi.waitFor(() => expect(supervision.parts()[0]!.pid).not.toBeNull(), WAIT);
  const { pid } = supervision.parts()[0]!;
  expect(pid).not.toBe(first);
  for (const file of ['parts.json', 'children.json']) {
    const path = join(supervision.run, file);
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain(`"pid": ${pid}`), WAIT);
  }
  expect(said.filter((text) => text.includes("can't write"))).toHaveLength(2);
  await supervision.stop();
});
