import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isStillhouseError } from '../../contracts/errors.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { exclusiveLock } from '../../platform/exclusive-lock.ts';
import { homePaths } from '../../platform/home.ts';
import { onShutdown, reportReady } from '../../platform/lifecycle.ts';
import { createLogger } from '../../platform/logger.ts';
import { startEmbeddedClickHouse } from './server.ts';

// The embedded ClickHouse as a program: one process owns the folder `clickhouse` of the home and serves it on loopback.
// Start it with UV_THREADPOOL_SIZE=16: each running query holds a thread of libuv's pool, which has four by default.
try {
  const env = loadEnvironment();
  const log = createLogger('clickhouse', env.STILLHOUSE_LOG_LEVEL);
  const folder = homePaths(env).clickhouse;
  mkdirSync(folder, { recursive: true });
  const lock = exclusiveLock(homePaths(env).clickhouseLock, `process ${process.pid}`, `The ClickHouse folder ${folder}`);
  // The engine reads files of its working folder by name: let there be none.
  const empty = join(homePaths(env).tmp, 'clickhouse-working-folder');
  mkdirSync(empty, { recursive: true });
  process.chdir(empty);
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
  const clickhouse = await startEmbeddedClickHouse({
    folder,
    port: env.STILLHOUSE_CLICKHOUSE_PORT,
    // A thread is left for files and names.
    sessions: Math.min(8, Math.max(2, threads - 2)),
  });
  log.info({ url: clickhouse.url, version: clickhouse.version, cores: availableParallelism(), threads }, `serving at ${clickhouse.url}`);
  onShutdown(async (reason) => {
    log.info({ reason }, 'stopping');
    await clickhouse.close();
    lock.release();
  });
  reportReady();
} catch (error) {
  const busy = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (busy)
    console.error(`ClickHouse's port is taken (${(error as Error).message}). Set STILLHOUSE_CLICKHOUSE_PORT to another one, or 0 for any.`);
  else console.error(isStillhouseError(error) ? error.message : error);
  process.exit(1);
}
