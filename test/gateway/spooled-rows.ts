import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceRow } from '../../contracts/traces.ts';
import { listSegments } from '../../gateway/tracing/segment-files.ts';
import { isImageLine, isStartLine, wholeLines } from '../../gateway/tracing/segment-lines.ts';

/** The traces that lie in a home's spool, in the order in which they were written. */
export function spooledRows(home: string): TraceRow[] {
  const spool = join(home, 'spool');
  if (!existsSync(spool)) return [];
  return readdirSync(spool)
    .filter((name) => name !== 'rejected')
    .flatMap((name) => listSegments(join(spool, name)))
    .flatMap((segment) => [...wholeLines(readFileSync(segment.path))])
    .filter((line) => !isStartLine(line) && !isImageLine(line))
    .map((line) => JSON.parse(line.toString()) as TraceRow);
}
