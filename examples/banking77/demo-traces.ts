import type { TraceCount } from './demo-report.ts';
import type { DemoStack } from './demo-stack.ts';

/** How often each call id of the run is stored, asked of ClickHouse itself: what counts is not what is counted. */
async function storedCalls(stack: DemoStack, run: string): Promise<Map<string, number>> {
  const address = process.env['CLICKHOUSE_URL'] ?? stack.address('clickhouse');
  if (!address) throw new Error('ClickHouse is down');
  const database = process.env['CLICKHOUSE_DATABASE'] ?? 'stillhouse';
  const query = `SELECT metadata['call'] AS call, count() AS n FROM ${database}.traces WHERE metadata['run'] = {run:String} GROUP BY call FORMAT JSONEachRow`;
  const response = await fetch(`${address}/?param_run=${encodeURIComponent(run)}`, {
    method: 'POST',
    body: query,
    headers: {
      'x-clickhouse-user': process.env['CLICKHOUSE_USER'] ?? 'default',
      'x-clickhouse-key': process.env['CLICKHOUSE_PASSWORD'] ?? '',
    },
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { call: string; n: string | number });
  return new Map(rows.map((row) => [row.call, Number(row.n)]));
}

/** Waits until every answered call is stored; two minutes at most, since parts may be struck in the meantime. */
export async function awaitStored(stack: DemoStack, run: string, calls: ReadonlySet<string>): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    const stored = await storedCalls(stack, run).catch(() => null);
    if (stored && [...calls].every((call) => stored.has(call))) return;
    await new Promise((done) => setTimeout(done, 500));
  }
}

/** The app's count of answered calls against SQL's count of traces. */
export async function countTraces(stack: DemoStack, run: string, calls: ReadonlySet<string>): Promise<TraceCount> {
  const stored = await storedCalls(stack, run);
  return {
    received: calls.size,
    storedOfReceived: [...calls].filter((call) => stored.has(call)).length,
    duplicates: [...stored.values()].filter((n) => n > 1).length,
    storedNotReceived: [...stored.keys()].filter((call) => !calls.has(call)).length,
  };
}
