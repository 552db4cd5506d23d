import { existsSync, readFileSync, renameSync } from 'node:fs';
import { z } from 'zod';
import { ORIGINS, TRACE_KINDS, type TraceStart } from '../../contracts/traces.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import type { Logger } from '../../platform/logger.ts';
import { wellFormedJson } from '../../platform/well-formed-json.ts';
import { interruptedRow } from './interrupted.ts';
import { listSegments, segmentPath, type SegmentFile } from './segment-files.ts';
import { idOfRow, isStartLine, wholeLines } from './segment-lines.ts';

/** Sequence of the segment that an adoption adds: behind all others, and the same however often it is begun. */
const LAST = 9_999_999_999;

const Start: z.ZodType<TraceStart> = z.object({
  s: z.literal(1),
  v: z.literal([1, 2]),
  id: z.uuid(),
  project: z.string(),
  ts: z.string(),
  origin: z.enum(ORIGINS),
  kind: z.enum(TRACE_KINDS).optional(),
  key_id: z.string(),
  alias: z.string(),
  alias_version: z.number(),
  target: z.string(),
  model_asked: z.string(),
  tokens_in: z.number(),
  cost_usd: z.number().nullable(),
  metadata: z.record(z.string(), z.string()),
});

/**
 * Makes an orphaned folder ready for shipment, and returns its segments in order. The caller holds the folder's lock.
 * Calls that had begun and not ended become rows in a segment of their own; then the open segments are sealed. It can be
 * killed and begun again at any point: the added segment appears whole, by rename, before the first open one is sealed,
 * and where it is there already it is not made again; its id comes from the newest open segment, so a second attempt
 * ships it with the same token.
 */
export function adoptFolder(folder: string, log: Logger): SegmentFile[] {
  const open = listSegments(folder).filter((segment) => segment.state === 'open');
  const newest = open.at(-1);
  if (newest) {
    const path = segmentPath(folder, LAST, interruptedId(newest.id), 'sealed');
    const made = listSegments(folder).some((segment) => segment.sequence === LAST);
    if (!made && !existsSync(path)) writeInterrupted(path, interruptedId(newest.id), open, log);
    for (const segment of open) renameSync(segment.path, segmentPath(folder, segment.sequence, segment.id, 'sealed'));
  }
  return listSegments(folder);
}

/** A UUID of the same time that no spool draws: the version is 8. */
function interruptedId(id: string): string {
  return `${id.slice(0, 14)}8${id.slice(15)}`;
}

function writeInterrupted(path: string, id: string, open: readonly SegmentFile[], log: Logger): void {
  const starts = new Map<string, TraceStart>();
  const ended = new Set<string>();
  for (const segment of open) {
    for (const line of wholeLines(readFileSync(segment.path))) {
      if (!isStartLine(line)) {
        ended.add(idOfRow(line));
        continue;
      }
      const start = parseStart(line);
      if (start) starts.set(start.id, start);
      else
        log.error(
          { segment: segment.path, line: line.toString('utf8', 0, 500) },
          'a start in the spool is none that a gateway writes; it is passed over',
        );
    }
  }
  const cutOff = [...starts.values()].filter((start) => !ended.has(start.id));
  if (cutOff.length === 0) return;
  const lines = cutOff.map((start) => `{"segment_id":"${id}",${wellFormedJson(interruptedRow(start)).slice(1)}\n`);
  writeFileAtomic(path, lines.join(''), { mode: 0o600 });
}

/** null for a line that a power loss left in pieces, or somebody wrote by hand: one line must not hold up a whole spool. */
function parseStart(line: Buffer): TraceStart | null {
  try {
    return Start.safeParse(JSON.parse(line.toString())).data ?? null;
  } catch {
    return null;
  }
}
