import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Name } from '../../contracts/identifiers.ts';
import type { SpooledImage } from '../../contracts/traces.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import type { Logger } from '../../platform/logger.ts';
import { isRowFault } from './row-fault.ts';
import type { SegmentFile } from './segment-files.ts';
import { contentOf, idOfRow, isImageLine, wholeLines } from './segment-lines.ts';
import { ShippingMemory } from './shipping-memory.ts';
import { timeOfTraceId } from './trace-id.ts';

/** What a shipment asks of ClickHouse and of the artifact store. */
export interface TraceSink {
  /** Inserts JSONEachRow lines; the same token again is dropped while the deduplication window covers it. */
  insert(token: string, lines: Buffer): Promise<void>;
  /** Ids of the rows that a segment has brought; all, or those alone that came before there were roll-ups. */
  idsOfSegment(segmentId: string, which: 'all' | 'before-rollups'): Promise<Set<string>>;
  /** Durable when it returns; the same again is success. */
  storeImage(project: string, sha256: string, bytes: Buffer): Promise<void>;
}

export interface ShipmentOptions {
  sink: TraceSink;
  /** Bad rows are set aside here. */
  rejectedFolder: string;
  /** A shorter time than the deduplication window can be filled in: older segments that may have been sent are asked for. */
  windowCoversMs: number;
  now: () => number;
  log: Logger;
  onRejected: (rows: number) => void;
}

/**
 * Sends one sealed segment: each month's rows as one insert with a token of its own. Safe to repeat: the token drops what
 * was inserted before, and where `maybeSent` and the window may have moved on, the rows that are there already are
 * asked for and left out. Images go first: a row that can be read has its images.
 */
export async function shipSegment(
  segment: SegmentFile,
  maybeSent: boolean,
  options: ShipmentOptions,
  memory = new ShippingMemory(),
): Promise<void> {
  const lines = await readWhole(segment.path, memory);
  if (!lines) {
    options.log.error({ segment: segment.path }, 'a segment of the spool was taken away before it was shipped');
    return;
  }
  const { hasImages, blocks } = await contentOf(lines, memory);
  if (hasImages) await storeImages(lines, options);
  const old = options.now() - timeOfTraceId(segment.id) > options.windowCoversMs;
  // A token that is known to the table is not known to views that came later: they would count the rows again.
  const stored = maybeSent ? await options.sink.idsOfSegment(segment.id, old ? 'all' : 'before-rollups') : null;
  for (const { month, rows } of blocks) await insertRows(`${segment.id}.${month}`, rows, stored, options);
}

/** In one piece, off the event loop; null where somebody has removed it, as one does on a full disk: the next ones go on. */
async function readWhole(path: string, memory: ShippingMemory): Promise<Buffer | null> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!file) return null;
  try {
    const bytes = memory.take('segment', (await file.stat()).size);
    const { bytesRead } = await file.read(bytes);
    if (bytesRead < bytes.length) throw new Error(`"${path}" is shorter than it says: ${bytesRead} of ${bytes.length} bytes`);
    return bytes;
  } finally {
    await file.close();
  }
}

async function storeImages(lines: Buffer, { sink, log }: ShipmentOptions): Promise<void> {
  for (const line of wholeLines(lines)) {
    if (!isImageLine(line)) continue;
    const image = imageOf(line);
    if (image) await sink.storeImage(image.project, image.sha256, image.bytes);
    else
      log.error({ line: line.toString('latin1', 0, 200) }, 'an image in the spool is in pieces; its traces name it, and it is not there');
  }
}

/** null where a power loss or a failing disk has changed it: one line must not hold up a whole spool, nor stand under another image's name. */
function imageOf(line: Buffer): { project: string; sha256: string; bytes: Buffer } | null {
  try {
    const { project, sha256, base64 } = JSON.parse(line.toString('latin1')) as SpooledImage;
    const bytes = Buffer.from(base64, 'base64');
    const isWhole = createHash('sha256').update(bytes).digest('hex') === sha256 && Name.safeParse(project).success;
    return isWhole ? { project, sha256, bytes } : null;
  } catch {
    return null;
  }
}

/**
 * Where a row is refused for what it is, halves are sent until it stands alone: it is set aside, the others are stored.
 * Halves are of all rows, and what is stored is left out only of what is sent: a token names the same rows whenever they
 * are shipped, else ClickHouse would take other rows for known ones and drop them.
 */
async function insertRows(token: string, rows: Buffer, stored: ReadonlySet<string> | null, options: ShipmentOptions): Promise<void> {
  const missing = stored ? Buffer.concat([...wholeLines(rows)].filter((row) => !stored.has(idOfRow(row)))) : rows;
  if (missing.length === 0) return;
  try {
    await options.sink.insert(token, missing);
  } catch (error) {
    if (!isRowFault(error)) throw error;
    const lines = [...wholeLines(rows)];
    if (lines.length === 1) return setAside(token, rows, error as Error, options);
    const middle = lines.length >> 1;
    await insertRows(`${token}a`, Buffer.concat(lines.slice(0, middle)), stored, options);
    await insertRows(`${token}b`, Buffer.concat(lines.slice(middle)), stored, options);
  }
}

function setAside(token: string, row: Buffer, error: Error, options: ShipmentOptions): void {
  mkdirSync(options.rejectedFolder, { recursive: true });
  const content = JSON.stringify({ reason: error.message, row: row.toString().trimEnd() });
  // The token names the file, so that a repeated shipment writes it over.
  writeFileAtomic(join(options.rejectedFolder, `${token}.json`), content, { mode: 0o600 });
  options.log.error({ reason: error.message, token }, 'a trace was refused by ClickHouse and set aside');
  options.onRejected(1);
}
