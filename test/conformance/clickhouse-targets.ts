import { randomUUID } from 'node:crypto';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { startTestClickHouse } from '../support/clickhouse.ts';

/** A ClickHouse under test: a database of its own on it, and a client for that. */
export interface ConformanceTarget {
  url: string;
  database: string;
  client: ClickHouseClient;
  stop(): Promise<void>;
}

/** The failures here are wanted: no copy of them on the console. */
export const QUIET = { level: ClickHouseLogLevel.OFF };

const SERVER = process.env['STILLHOUSE_TEST_CLICKHOUSE_URL'];

/** The embedded ClickHouse, and a real server where `STILLHOUSE_TEST_CLICKHOUSE_URL` names one. */
export const CONFORMANCE_TARGETS: { name: string; skip: string | null; start: () => Promise<ConformanceTarget> }[] = [
  {
    name: 'embedded',
    skip: null,
    start: async () => {
      const running = await startTestClickHouse();
      const target = await databaseOn(running.url);
      return { ...target, stop: () => target.stop().then(() => running.stop()) };
    },
  },
  {
    name: 'server',
    skip: SERVER ? null : 'STILLHOUSE_TEST_CLICKHOUSE_URL names no server',
    start: () => databaseOn(SERVER!),
  },
];

async function databaseOn(url: string): Promise<ConformanceTarget> {
  const database = `conformance_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const login = {
    url,
    username: process.env['STILLHOUSE_TEST_CLICKHOUSE_USER'] ?? 'default',
    password: process.env['STILLHOUSE_TEST_CLICKHOUSE_PASSWORD'] ?? '',
    log: QUIET,
  };
  const anywhere = createClient(login);
  await anywhere.command({ query: `CREATE DATABASE ${database}` });
  const client = createClient({ ...login, database });
  return {
    url,
    database,
    client,
    async stop() {
      await anywhere.command({ query: `DROP DATABASE ${database}` });
      await Promise.all([client.close(), anywhere.close()]);
    },
  };
}
