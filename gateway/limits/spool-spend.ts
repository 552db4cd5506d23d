import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type SegmentFile, listSegments, segmentPath } from '../tracing/segment-files.ts';
import { isStartLine, wholeLines } from '../tracing/segment-lines.ts';
import { processFolders } from '../tracing/spool-folders.ts';
import { SpendAmounts } from './spend-amounts.ts';

/** What lies in the machine's spools and is not shipped. */
export interface SpoolSpend {
  /** Of calls that are over. */
  ended: SpendAmounts;
  /** Estimates of calls that have begun: in flight elsewhere, or cut off by a crash and not adopted yet. */
  begun: SpendAmounts;
  /** Ids of the segments that were read, oldest first: to be left out where ClickHouse is asked. */
  segments: string[];
}

interface SegmentSpend {
  amounts: SpendAmounts;
  /** Of an open one: calls that began in it, or went on in it, and those that ended. */
  starts: Map<string, Line>;
  ended: Set<string>;
  /** Whether a row was passed over. */
  skipped: boolean;
}

/** What a row or a start says of money. */
interface Line {
  id: string;
  project: string;
  keyId: string;
  /** `YYYY-MM-DD` */
  day: string;
  usd: number;
}

/** Of a row and of a start: these fields stand in its first 512 bytes, the bodies behind them. */
const HEAD_BYTES = 512;
const COST = Buffer.from(',"cost_usd":');
/** What is known, and right behind it what is estimated beside it, if anything is. */
const AMOUNTS = /^([^,}]*)(?:,"cost_estimated_usd":([^,}]*))?/;
/** Of two of the longest numbers, and the name between them. */
const AMOUNTS_BYTES = 80;

/**
 * Sums up the spools of all processes on this machine. A sealed segment never changes and is read once. Of calls that are
 * in flight, or that a crash cut off, the starts count with their estimates.
 */
export class SpoolReader {
  readonly #folder: string;
  /** By id. */
  #sealed = new Map<string, SegmentSpend>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `skip`: ids of calls that the process counts itself. */
  async read(skip: (id: string) => boolean): Promise<SpoolSpend> {
    const ended = new SpendAmounts();
    const begun = new SpendAmounts();
    const segments: string[] = [];
    const sealed = new Map<string, SegmentSpend>();
    for (const folder of existsSync(this.#folder) ? processFolders(this.#folder) : []) {
      const open: SegmentSpend[] = [];
      for (const segment of segmentsOf(folder)) {
        const known = this.#sealed.get(segment.id);
        const spend = known ?? (await readSegment(folder, segment, skip));
        if (!spend) continue;
        segments.push(segment.id);
        ended.addAll(spend.amounts);
        if (segment.state === 'open') open.push(spend);
        // What was passed over now must be read the next time.
        else if (known || !spend.skipped) sealed.set(segment.id, spend);
      }
      addBegun(begun, open, skip);
    }
    this.#sealed = sealed;
    return { ended, begun, segments: segments.sort() };
  }
}

/** The folder may be gone by now. */
function segmentsOf(folder: string): SegmentFile[] {
  try {
    return listSegments(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** null where it has been shipped meanwhile. */
async function readSegment(folder: string, segment: SegmentFile, skip: (id: string) => boolean): Promise<SegmentSpend | null> {
  // An open one may be sealed meanwhile.
  const bytes = (await readIfThere(segment.path)) ?? (await readIfThere(segmentPath(folder, segment.sequence, segment.id, 'sealed')));
  if (!bytes) return null;
  const spend = { amounts: new SpendAmounts(), starts: new Map<string, Line>(), ended: new Set<string>(), skipped: false };
  for (const bytesOfLine of wholeLines(bytes)) {
    const line = readLine(bytesOfLine);
    if (!line) continue;
    if (isStartLine(bytesOfLine)) {
      if (segment.state === 'open') spend.starts.set(line.id, line);
      continue;
    }
    if (segment.state === 'open') spend.ended.add(line.id);
    if (skip(line.id)) spend.skipped = true;
    else if (line.usd !== 0) spend.amounts.addDay(line.project, line.keyId, line.day, line.usd);
  }
  return spend;
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A folder's calls that have begun and not ended. Those of a folder that was adopted have become rows. */
function addBegun(amounts: SpendAmounts, open: readonly SegmentSpend[], skip: (id: string) => boolean): void {
  const starts = new Map(open.flatMap((segment) => [...segment.starts]));
  for (const segment of open) for (const id of segment.ended) starts.delete(id);
  for (const { id, project, keyId, day, usd } of starts.values()) if (!skip(id) && usd !== 0) amounts.addDay(project, keyId, day, usd);
}

/** Without parsing it: bodies are long. null for a line that no gateway writes. */
function readLine(line: Buffer): Line | null {
  const head = line.toString('latin1', 0, HEAD_BYTES);
  const field = (name: string) => new RegExp(`"${name}":"([^"\\\\]*)"`).exec(head)?.[1];
  const [id, project, keyId, ts] = [field('id'), field('project'), field('key_id'), field('ts')];
  // In a body every quotation mark is escaped: what looks so is the field, and the row's comes before its attempts'.
  const at = line.indexOf(COST);
  if (id === undefined || project === undefined || keyId === undefined || ts === undefined || at < 0) return null;
  const [, usd, estimatedUsd] = AMOUNTS.exec(line.toString('latin1', at + COST.length, at + COST.length + AMOUNTS_BYTES))!;
  return { id, project, keyId, day: ts.slice(0, 10), usd: amount(usd) + amount(estimatedUsd) };
}

/** 0 for what is not known. */
function amount(text: string | undefined): number {
  const usd = Number.parseFloat(text ?? '');
  return Number.isFinite(usd) ? usd : 0;
}
