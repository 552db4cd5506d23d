import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AliasVersion } from '../../contracts/aliases.ts';
import { Student } from '../../contracts/distil.ts';
import { ApiKey, Budget, StoredSecret } from '../../contracts/keys.ts';
import { Privacy } from '../../contracts/privacy.ts';
import { NO_BUDGET, type RegistrySnapshot } from '../../contracts/registry.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import type { Logger } from '../../platform/logger.ts';

const Stored = z.object({
  project: z.string(),
  sequence: z.number().int().positive(),
  aliases: z.record(z.string(), AliasVersion),
  students: z.record(z.string(), Student),
  // A file of an earlier release has none of these.
  keys: z.record(z.string(), ApiKey).default({}),
  secrets: z.record(z.string(), StoredSecret).default({}),
  budget: Budget.default(NO_BUDGET),
  retentionDays: z.number().nullable().default(null),
  privacy: Privacy.nullable().default(null),
});

/** The snapshot that the last gateway left on disk; null where there is none that can be read. */
export function readSnapshot(folder: string, project: string, log: Logger): RegistrySnapshot | null {
  const path = pathOf(folder, project);
  try {
    return Stored.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error, path }, 'the snapshot on disk is not usable and is left out');
    return null;
  }
}

/** Projects of which there is a snapshot on disk. */
export function projectsOnDisk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []));
}

/** Keeps the snapshot for a start without ClickHouse. */
export function writeSnapshot(folder: string, snapshot: RegistrySnapshot): void {
  writeFileAtomic(pathOf(folder, snapshot.project), JSON.stringify(snapshot), { mode: 0o600 });
}

function pathOf(folder: string, project: string): string {
  return join(folder, `${project}.json`);
}
