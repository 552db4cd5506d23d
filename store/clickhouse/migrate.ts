import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { createLogger } from '../../platform/logger.ts';
import { type ClickHouseClient, type ClickHouseEnvironment, connectClickHouse } from './connection.ts';
import { storeFailure } from './failure.ts';
import { sqlStatements } from './sql-statements.ts';

const FOLDER = fileURLToPath(new URL('./migrations/', import.meta.url));

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS schema_migrations (number UInt32, name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'))
ENGINE = MergeTree ORDER BY number SETTINGS non_replicated_deduplication_window = 1000`;

interface Migration {
  number: number;
  name: string;
  statements: string[];
}

/**
 * Brings the database up to this program's schema and returns the names of what was applied. Safe to run twice and by
 * two programs at once: every statement says IF NOT EXISTS, and the bookkeeping is read by number. A schema that is
 * newer than this program is a `conflict`.
 */
export async function migrate(env: ClickHouseEnvironment): Promise<string[]> {
  // The database may not exist yet, and a server refuses a request that names one that doesn't.
  const anywhere = connectClickHouse({ ...env, CLICKHOUSE_DATABASE: 'default' }, { application: 'stillhouse-migrate' });
  const client = connectClickHouse(env, { application: 'stillhouse-migrate' });
  try {
    await statement(anywhere, `CREATE DATABASE IF NOT EXISTS \`${env.CLICKHOUSE_DATABASE}\``, 'create the database');
    await statement(client, BOOKKEEPING, 'create schema_migrations');
    return await applyMissing(client, migrationsIn(FOLDER), env.CLICKHOUSE_DATABASE);
  } finally {
    await Promise.all([anywhere.close(), client.close()]);
  }
}

async function applyMissing(client: ClickHouseClient, migrations: Migration[], database: string): Promise<string[]> {
  const result = await client.query({
    query: 'SELECT DISTINCT number, name FROM schema_migrations ORDER BY number',
    format: 'JSONEachRow',
  });
  const known = await result.json<{ number: number; name: string }>();
  const newest = migrations.at(-1)!;
  const ahead = known.findLast((row) => row.number > newest.number);
  if (ahead) {
    throw new StillhouseError(
      'conflict',
      `The database "${database}" has migration ${ahead.name}, which this program doesn't know: it is older than the schema (its newest is ${newest.name}). Run the newer program.`,
    );
  }
  const done = new Set(known.map((row) => row.number));
  const applied: string[] = [];
  for (const migration of migrations) {
    if (done.has(migration.number)) continue;
    for (const sql of migration.statements) await statement(client, sql, migration.name);
    await client.insert({
      table: 'schema_migrations',
      values: [{ number: migration.number, name: migration.name }],
      format: 'JSONEachRow',
      clickhouse_settings: { insert_deduplication_token: migration.name, async_insert: 0 },
    });
    applied.push(migration.name);
  }
  return applied;
}

function migrationsIn(folder: string): Migration[] {
  const files = readdirSync(folder).filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file));
  return files.sort().map((file) => ({
    number: Number(file.slice(0, 4)),
    name: file.slice(0, -'.sql'.length),
    statements: sqlStatements(readFileSync(`${folder}${file}`, 'utf8')),
  }));
}

async function statement(client: ClickHouseClient, query: string, name: string): Promise<void> {
  try {
    await client.command({ query, clickhouse_settings: { wait_end_of_query: 1 } });
  } catch (error) {
    throw storeFailure(error, name);
  }
}

if (import.meta.main) {
  try {
    const env = loadEnvironment();
    const log = createLogger('migrate', env.STILLHOUSE_LOG_LEVEL);
    const applied = await migrate(env);
    log.info({ applied }, applied.length > 0 ? `applied ${applied.join(', ')}` : 'the schema is up to date');
  } catch (error) {
    console.error(error instanceof StillhouseError ? error.message : error);
    // 3: trying again is of no use, the program is older than the schema.
    process.exitCode = isStillhouseError(error, 'conflict') ? 3 : 1;
  }
}
