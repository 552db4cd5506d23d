import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Nobody writes a temporary file for longer. */
const LEFT_BEHIND_MS = 24 * 3600 * 1000;

/** A temporary file of ours: its name ends with a UUID, so a copy that is kept under its hash is none. */
const TEMPORARY = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.jsonl|\.tmp)?$/;

/** Removes the temporary files that killed processes left in the folder more than a day ago. */
export async function removeLeftBehind(folder: string, now: () => number = Date.now): Promise<void> {
  const oldest = now() - LEFT_BEHIND_MS;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found && found.mtimeMs < oldest) await rm(path, { force: true });
  }
}
