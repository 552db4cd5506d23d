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

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
