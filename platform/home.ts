import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Environment } from '../contracts/environment.ts';

/** Folders and files of one `STILLHOUSE_HOME`. Only `home.ts` knows where things lie. */
export function homePaths(env: Environment) {
  const home = resolve(env.STILLHOUSE_HOME);
  return {
    home,
    lock: join(home, 'run', 'supervisor.lock'),
    parts: join(home, 'run', 'parts.json'),
    /** Processes that the supervisor started. */
    children: join(home, 'run', 'children.json'),
    logs: join(home, 'logs'),
    spool: join(home, 'spool'),
    snapshots: join(home, 'snapshots'),
    clickhouse: join(home, 'clickhouse'),
    /** Held by the engine whose folder that is. */
    clickhouseLock: join(home, 'clickhouse.lock'),
    temporal: join(home, 'temporal'),
    artifacts: join(home, 'artifacts'),
    tmp: join(home, 'tmp'),
    /** Trainings under way, a folder each. */
    trainings: join(home, 'trainings'),
    /** Copies of models by hash, shared by the processes of the home. */
    models: join(home, 'models'),
    secrets: join(home, 'secrets'),
    /** Files of mode 0600 with the generated keys. */
    adminKey: join(home, 'secrets', 'admin-key'),
    serviceKey: join(home, 'secrets', 'service-key'),
    answersKey: join(home, 'secrets', 'answers-key'),
    /** Answers of idempotency keys, and the locks of the processes that keep them. */
    idempotency: join(home, 'idempotency'),
    /** Answers that aliases keep. */
    cache: join(home, 'cache'),
    /** A backup that is being taken: hard links to what it holds. */
    staging: join(home, 'staging'),
    backupLock: join(home, 'run', 'backup.lock'),
    /** A restore that is not finished; while it is there, nothing may start on the home. */
    restoring: join(home, 'restoring'),
  };
}

/** Where built tools and downloaded models lie, shared by clones and keyed by hash. */
export function cacheFolder(env: Environment): string {
  if (env.STILLHOUSE_CACHE) return resolve(env.STILLHOUSE_CACHE);
  const base =
    process.env['XDG_CACHE_HOME'] ?? (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  return join(base, 'stillhouse');
}
