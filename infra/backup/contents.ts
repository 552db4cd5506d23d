import { basename } from 'node:path';
import type { Environment } from '../../contracts/environment.ts';
import { artifactFolder } from '../../platform/artifact-folder.ts';
import { homePaths } from '../../platform/home.ts';

/** What is to be done with an entry of a folder that is backed up. */
export type Treatment = 'leave-out' | 'copy' | 'link';

/** A folder that is backed up under its name, and how. */
export interface BackedUpFolder {
  name: string;
  path: string;
  /**
   * Of an entry by its path within the folder: `link` where the file is never written again once it has its name
   * (then everything below is, too), `copy` where it is written in place.
   */
  treatment(path: string): Treatment;
}

/** Parts that a home may have elsewhere; they have backups of their own. */
export type OutsidePart = 'clickhouse' | 'temporal' | 'artifacts';

/** A part of ClickHouse's data: a folder that gets its name once it is whole. */
const DATA_PART = /^(?!tmp|delete_tmp)[^/]+_\d+_\d+_\d+(_\d+)?$/;
/** Data parts that are being written or removed: the engine throws them away at its next start. */
const UNFINISHED = /^(tmp|delete_tmp)/;

/** What of a home is in a backup. Left out: logs, `run/`, copies of artifacts, and trainings (their checkpoints are artifacts). */
export function backedUpFolders(env: Environment): BackedUpFolder[] {
  const paths = homePaths(env);
  const outside = outsideParts(env);
  const folders: BackedUpFolder[] = [
    { name: 'secrets', path: paths.secrets, treatment: () => 'copy' },
    { name: 'snapshots', path: paths.snapshots, treatment: () => 'copy' },
    { name: 'spool', path: paths.spool, treatment: withoutLocks },
    { name: 'idempotency', path: paths.idempotency, treatment: keptAnswers },
    { name: 'cache', path: paths.cache, treatment: keptAnswers },
  ];
  if (!outside.clickhouse) folders.push({ name: 'clickhouse', path: paths.clickhouse, treatment: clickhouseFile });
  if (!outside.temporal) folders.push({ name: 'temporal', path: paths.temporal, treatment: temporalFile });
  const artifacts = artifactsOf(env);
  if (artifacts !== null) folders.push({ name: 'artifacts', path: artifacts, treatment: artifact });
  return folders;
}

/** The folder of the artifacts; null where they are in S3. */
export function artifactsOf(env: Environment): string | null {
  return env.STILLHOUSE_ARTIFACTS === undefined ? homePaths(env).artifacts : artifactFolder(env.STILLHOUSE_ARTIFACTS);
}

/** Where the parts are that this home has elsewhere, without secrets. */
export function outsideParts(env: Environment): Partial<Record<OutsidePart, string>> {
  const outside: Partial<Record<OutsidePart, string>> = {};
  if (env.CLICKHOUSE_URL) outside.clickhouse = new URL(env.CLICKHOUSE_URL).host;
  if (env.TEMPORAL_ADDRESS) outside.temporal = env.TEMPORAL_ADDRESS;
  if (artifactsOf(env) === null) outside.artifacts = env.STILLHOUSE_ARTIFACTS!.replace(/\?.*$/, '');
  return outside;
}

function withoutLocks(path: string): Treatment {
  // `reserve` only holds disk space free for the living process.
  return ['lock', 'lock.holder', 'lock-journal', 'reserve'].includes(basename(path)) ? 'leave-out' : 'copy';
}

function keptAnswers(path: string): Treatment {
  // Beside them lie the locks of living processes.
  return path === 'answers' ? 'link' : 'leave-out';
}

function clickhouseFile(path: string): Treatment {
  if (path === 'tmp' || path === 'status') return 'leave-out';
  const [top, , , part] = path.split('/');
  if (top !== 'store' || part === undefined) return 'copy';
  if (UNFINISHED.test(part)) return 'leave-out';
  return DATA_PART.test(part) ? 'link' : 'copy';
}

function temporalFile(path: string): Treatment {
  return path.startsWith('temporal.sqlite') ? 'copy' : 'leave-out';
}

function artifact(path: string): Treatment {
  return path === '.tmp' ? 'leave-out' : 'link';
}
