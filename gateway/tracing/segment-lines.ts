import { setImmediate } from 'node:timers/promises';
import { ShippingMemory } from './shipping-memory.ts';

const NEWLINE = 10;
/** After so many bytes calls have their turn: about half a millisecond. */
const AT_A_TIME = 256 * 1024;
const START = Buffer.from('{"s":1,');
const IMAGE = Buffer.from('{"i":1,');
const TS = Buffer.from('"ts":"');
const ID = Buffer.from('"id":"');
const MONTH = /^\d{4}-\d{2}$/;
/** Where `"ts":"` stands in a row as the spool writes it; rows of another make are searched. */
const TS_AT = '{"segment_id":"00000000-0000-0000-0000-000000000000","v":1,"id":"00000000-0000-0000-0000-000000000000",'.length;

/** Rows of one calendar month: one insert, hence one entry of the deduplication window. */
export interface MonthBlock {
  /** `YYYY-MM`; empty where a row does not say it. */
  month: string;
  /** Whole lines. */
  rows: Buffer;
}

/** What a segment holds to be shipped. */
export interface SegmentContent {
  /** Most hold none, and need not be read line by line for them. */
  hasImages: boolean;
  /** In the order in which the months first come. */
  blocks: MonthBlock[];
}

/** Whole lines of a segment, newline included; a torn last line is no line. */
export function* wholeLines(segment: Buffer): Generator<Buffer> {
  for (let from = 0; ;) {
    const end = segment.indexOf(NEWLINE, from);
    if (end < 0) return;
    if (end > from) yield segment.subarray(from, end + 1);
    from = end + 1;
  }
}

/** Whether the line, or the one that begins at `from`, is a `TraceStart`. */
export function isStartLine(line: Buffer, from = 0): boolean {
  return line[from + 2] === START[2] && line[from + 3] === START[3] && line[from + 4] === START[4];
}

/** Whether the line, or the one that begins at `from`, is a `SpooledImage`. */
export function isImageLine(line: Buffer, from = 0): boolean {
  return line[from + 2] === IMAGE[2] && line[from + 3] === IMAGE[3] && line[from + 4] === IMAGE[4];
}

/**
 * The rows of a segment by month; starts and images are left out. They lie in `memory` until its next `take`. Nothing is
 * parsed, no object is made of a line (each call pays for it), and calls have their turn in between.
 */
export async function contentOf(segment: Buffer, memory = new ShippingMemory()): Promise<SegmentContent> {
  const blocks = new Map<string, { rows: Buffer; length: number }>();
  let hasImages = false;
  let month = '';
  let last = { rows: segment, length: 0 };
  let pauseAt = AT_A_TIME;
  for (let from = 0; ;) {
    const end = segment.indexOf(NEWLINE, from);
    if (end < 0) break;
    const next = end + 1;
    if (end > pauseAt) {
      await setImmediate();
      pauseAt = end + AT_A_TIME;
    }
    if (isImageLine(segment, from)) hasImages = true;
    else if (end > from && !isStartLine(segment, from)) {
      if (month === '' || !hasMonth(segment, from, month)) {
        month = monthOf(segment.subarray(from, next));
        last = blocks.get(month) ?? {
          rows: blocks.size === 0 ? memory.take('rows', segment.length) : Buffer.allocUnsafe(segment.length),
          length: 0,
        };
        blocks.set(month, last);
      }
      last.length += segment.copy(last.rows, last.length, from, next);
    }
    from = next;
  }
  return { hasImages, blocks: [...blocks].map(([name, { rows, length }]) => ({ month: name, rows: rows.subarray(0, length) })) };
}

/** It becomes part of names: what a failing disk has put in its place must not. */
function monthOf(row: Buffer): string {
  const month = fieldAt(row, TS, TS_AT, 7);
  return MONTH.test(month) ? month : '';
}

/** Whether a row as the spool writes it is of that month: nearly all are of the month of the one before. */
function hasMonth(segment: Buffer, from: number, month: string): boolean {
  const at = from + TS_AT + TS.length;
  for (let index = 0; index < month.length; index++) if (segment[at + index] !== month.charCodeAt(index)) return false;
  return segment[from + TS_AT + 1] === TS[1] && segment[from + TS_AT + 2] === TS[2];
}

/** The call's id of a row. */
export function idOfRow(line: Buffer): string {
  return fieldAt(line, ID, TS_AT - 44, 36);
}

function fieldAt(line: Buffer, name: Buffer, expected: number, length: number): string {
  const there = line.subarray(expected, expected + name.length).equals(name);
  const at = there ? expected : line.indexOf(name);
  if (at < 0) return '';
  return line.toString('latin1', at + name.length, at + name.length + length);
}
