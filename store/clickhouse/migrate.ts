import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { createLogger } from '../../platform/logger.ts';
import { type ClickHouseClient, type ClickHouseEnvironment, connectClickHouse } from './connection.ts';
import { type ClusterSql, clusterSql } from './cluster-sql.ts';
import { storeFailure } from './failure.ts';
import { fillRollups } from './fill-rollups.ts';
import { sqlStatements } from './sql-statements.ts';

const FOLDER = fileURLToPath(new URL('./migrations/', import.meta.url));

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS schema_migrations (number UInt32, name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'))
ENGINE = MergeTree ORDER BY number SETTINGS non_replicated_deduplication_window = 1000`;

/** What a migration does besides its statements, after them; safe to run twice, as they are. */
const STEPS: Readonly<Record<number, (client: ClickHouseClient, cluster: ClusterSql) => Promise<void>>> = { 8: fillRollups };

/** A migration may look at every row there is. */
const LONGEST_STATEMENT_MS = 3_600_000;

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
  const options = { application: 'stillhouse-migrate', requestTimeoutMs: LONGEST_STATEMENT_MS };
  const anywhere = connectClickHouse({ ...env, CLICKHOUSE_DATABASE: 'default' }, options);
  const client = connectClickHouse(env, options);
  const cluster = clusterSql(env.CLICKHOUSE_CLUSTER ?? '');
  try {
    await statement(anywhere, cluster.rewrite(`CREATE DATABASE IF NOT EXISTS \`${env.CLICKHOUSE_DATABASE}\``), 'create the database');
    await statement(client, cluster.rewrite(BOOKKEEPING), 'create schema_migrations');
    return await applyMissing(client, { migrations: migrationsIn(FOLDER), database: env.CLICKHOUSE_DATABASE, cluster });
  } finally {
    await Promise.all([anywhere.close(), client.close()]);
  }
}

interface Schema {
  migrations: Migration[];
  database: string;
  cluster: ClusterSql;
}

async function applyMissing(client: ClickHouseClient, { migrations, database, cluster }: Schema): Promise<string[]> {
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
    for (const sql of migration.statements) await statement(client, cluster.rewrite(sql), migration.name);
    await step(STEPS[migration.number]?.(client, cluster), migration.name);
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
  await step(client.command({ query, clickhouse_settings: { wait_end_of_query: 1 } }), name);
}

async function step(work: Promise<unknown> | undefined, name: string): Promise<void> {
  try {
    await work;
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
