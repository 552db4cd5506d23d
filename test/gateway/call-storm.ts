import { randomUUID } from 'node:crypto';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { until } from '../support/until.ts';

/** Callers that go on asking until they are told to stop, and what they saw. */
export interface CallStorm {
  /** Marks its traces: metadata `run`. */
  run: string;
  /** Ids (metadata `call`) of the calls whose answer came whole. */
  answered: Set<string>;
  failed: number;
  stop(): Promise<void>;
}

/** `width` callers at once; each call has an id of its own and is never repeated. */
export function startStorm(
  post: (body: object) => Promise<Response>,
  width: number,
  stream: (call: number) => boolean = () => false,
): CallStorm {
  const storm: CallStorm = { run: randomUUID(), answered: new Set(), failed: 0, stop: async () => undefined };
  let on = true;
  let calls = 0;
  const caller = async () => {
    while (on) {
      const call = randomUUID();
      const streamed = stream(calls++);
      try {
        const answer = await post({
          model: 'test',
          stream: streamed,
          messages: [{ role: 'user', content: `call ${call}` }],
          metadata: { run: storm.run, call },
        });
        const text = await answer.text();
        if (answer.ok && (!streamed || text.includes('[DONE]'))) storm.answered.add(call);
        else storm.failed++;
      } catch {
        storm.failed++;
        // The port is closed between two lives of the gateway: a moment's breath, or it would be a busy loop.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const callers = Array.from({ length: width }, caller);
  storm.stop = async () => {
    on = false;
    await Promise.all(callers);
  };
  return storm;
}

/** What SQL says of a run: rows by call id and status. */
export async function storedCalls(client: ClickHouseClient, run: string): Promise<Map<string, { rows: number; status: string }>> {
  const result = await client.query({
    query:
      "SELECT metadata['call'] AS call, toUInt32(count()) AS rows, any(status) AS status FROM traces WHERE metadata['run'] = {run:String} GROUP BY call",
    query_params: { run },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ call: string; rows: number; status: string }>();
  return new Map(rows.map((row) => [row.call, row]));
}

/** Waits until every answered call is stored, then says how often each is. */
export async function settledCalls(
  client: ClickHouseClient,
  storm: CallStorm,
): Promise<{ missing: number; doubled: number; stored: number; interrupted: number }> {
  const count = async () => {
    const stored = await storedCalls(client, storm.run).catch(() => new Map<string, { rows: number; status: string }>());
    const all = [...stored.values()];
    return {
      missing: [...storm.answered].filter((call) => !stored.has(call)).length,
      doubled: all.filter((one) => one.rows > 1).length,
      stored: stored.size,
      interrupted: all.filter((one) => one.status === 'interrupted').length,
    };
  };
  await until('every answered call is stored', async () => (await count()).missing === 0, 60_000).catch(() => undefined);
  return count();
}
