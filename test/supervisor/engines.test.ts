import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isDevServerReady } from '../../infra/temporal/dev-server.ts';
import { startSupervisor, temporaryHome } from '../support/supervisor.ts';
import { until } from '../support/until.ts';

test('the real Temporal and ClickHouse come back after SIGKILL with what they had, at the same addresses', async () => {
  const stack = startSupervisor(temporaryHome(), { clickhouse: 'real', migrations: 'real' }, { TEMPORAL_ADDRESS: '' });
  await until(`the stack runs\n${stack.output()}`, () => stack.output().includes('Stillhouse runs'));
  const address = (name: string) => stack.parts().find((part) => part.name === name)!.address!;
  const [clickhouse, temporal] = [address('clickhouse'), address('temporal')];
  const ask = async (query: string) => {
    const response = await fetch(clickhouse, { method: 'POST', body: query, signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text.trim();
  };
  expect(await ask("SELECT count() FROM system.tables WHERE database = 'stillhouse' AND name = 'traces'")).toBe('1');
  await ask('CREATE TABLE stillhouse.kept (n UInt8) ENGINE = MergeTree ORDER BY n');
  await ask('INSERT INTO stillhouse.kept VALUES (7)');

  for (const name of ['clickhouse', 'temporal'] as const) {
    const pid = await stack.serving(name);
    process.kill(pid, 'SIGKILL');
    await stack.serving(name, pid);
  }
  expect(address('clickhouse')).toBe(clickhouse);
  expect(address('temporal')).toBe(temporal);
  expect(await ask('SELECT n FROM stillhouse.kept')).toBe('7');
  expect(await isDevServerReady(temporal)).toBe(true);

  const pids = stack.parts().map((part) => part.pid!);
  stack.signal('SIGINT');
  expect(await stack.exited).toBe(0);
  expect(pids.filter((pid) => isAlive(pid))).toEqual([]);
});

test('a Temporal whose supervisor was killed is ended at the next start, even where the ledger is damaged', async () => {
  const home = temporaryHome();
  const first = startSupervisor(home, {}, { TEMPORAL_ADDRESS: '' });
  const orphan = await first.serving('temporal');
  first.signal('SIGKILL');
  await first.exited;
  expect(isAlive(orphan)).toBe(true);
  writeFileSync(join(home, 'run', 'children.json'), '[{"name": "tempo');

  const second = startSupervisor(home, {}, { TEMPORAL_ADDRESS: '' });
  await until(`the stack runs\n${second.output()}`, () => second.output().includes('Stillhouse runs'));
  expect(second.output()).toContain('children.json is damaged');
  expect(second.output()).toContain('ended what the last one left behind: temporal');
  // Init takes a moment to reap what it has inherited.
  await until('the orphan is gone', () => !isAlive(orphan));
  second.signal('SIGTERM');
  expect(await second.exited).toBe(0);
});

/** A process that has ended and was not reaped yet is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    // No /proc: macOS.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}
