import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Files of one process's spool folder. `.open` is being written, `.sealed` is whole and waits for shipment; the
 * sequence orders them, the id is the deduplication token of the insert and `segment_id` of its rows.
 */
export interface SegmentFile {
  path: string;
  sequence: number;
  /** UUIDv7 of the time it was begun. */
  id: string;
  state: 'open' | 'sealed';
  bytes: number;
}

const NAME = /^(\d{10})-([0-9a-f-]{36})\.(open|sealed)$/;

/** Where a segment of that sequence and id lies. */
export function segmentPath(folder: string, sequence: number, id: string, state: 'open' | 'sealed'): string {
  return join(folder, `${String(sequence).padStart(10, '0')}-${id}.${state}`);
}

/** The folder's segments in the order in which they were begun; other files are passed over. Throws `ENOENT` where there is no such folder. */
export function listSegments(folder: string): SegmentFile[] {
  for (;;) {
    const found = segmentsNow(folder);
    if (found) return found;
  }
}

/** null where one was sealed or shipped while this looked: under its new name it would be missed. */
function segmentsNow(folder: string): SegmentFile[] | null {
  const found: SegmentFile[] = [];
  for (const name of readdirSync(folder)) {
    const match = NAME.exec(name);
    if (!match) continue;
    const path = join(folder, name);
    const bytes = statSync(path, { throwIfNoEntry: false })?.size;
    if (bytes === undefined) return null;
    found.push({ path, sequence: Number(match[1]), id: match[2]!, state: match[3] as 'open' | 'sealed', bytes });
  }
  return found.sort((a, b) => a.sequence - b.sequence);
}
