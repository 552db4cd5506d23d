import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceRow } from '../../contracts/traces.ts';
import { listSegments } from '../../gateway/tracing/segment-files.ts';
import { isImageLine, isStartLine, wholeLines } from '../../gateway/tracing/segment-lines.ts';

/** The traces that lie in a home's spool, in the order in which they were written. */
export function spooledRows(home: string): TraceRow[] {
  const spool = join(home, 'spool');
  if (!existsSync(spool)) return [];
  return segmentTexts(spool)
    .flatMap((text) => [...wholeLines(text)])
    .filter((line) => !isStartLine(line) && !isImageLine(line))
    .map((line) => JSON.parse(line.toString()) as TraceRow);
}

/** A segment that is sealed between listing and reading has another name by then: all is read anew. */
function segmentTexts(spool: string): Buffer[] {
  const folders = readdirSync(spool).filter((name) => name !== 'rejected');
  const paths = folders.flatMap((name) => listSegments(join(spool, name))).map(({ path }) => path);
  try {
    return paths.map((path) => readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return segmentTexts(spool);
  }
}
