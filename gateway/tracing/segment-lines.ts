const NEWLINE = 10;
const START = Buffer.from('{"s":1,');
const IMAGE = Buffer.from('{"i":1,');
const TS = Buffer.from('"ts":"');
const ID = Buffer.from('"id":"');
/** Where `"ts":"` stands in a row as the spool writes it; rows of another make are searched. */
const TS_AT = '{"segment_id":"00000000-0000-0000-0000-000000000000","v":1,"id":"00000000-0000-0000-0000-000000000000",'.length;

/** Rows of one calendar month: one insert, hence one entry of the deduplication window. */
export interface MonthBlock {
  /** `YYYY-MM` */
  month: string;
  /** Whole lines. */
  rows: Buffer;
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

/** Whether the line is a `TraceStart`. */
export function isStartLine(line: Buffer): boolean {
  return line[2] === START[2] && line[3] === START[3] && line[4] === START[4];
}

/** Whether the line is a `SpooledImage`. */
export function isImageLine(line: Buffer): boolean {
  return line[2] === IMAGE[2] && line[3] === IMAGE[3] && line[4] === IMAGE[4];
}

/** The rows of a segment by month, in the order in which the months first come; starts and images are left out. Nothing is parsed. */
export function monthBlocks(segment: Buffer): MonthBlock[] {
  const blocks = new Map<string, Buffer[]>();
  let month = '';
  let last: Buffer[] = [];
  for (const line of wholeLines(segment)) {
    if (isStartLine(line) || isImageLine(line)) continue;
    if (month === '' || !hasMonth(line, month)) {
      month = fieldAt(line, TS, TS_AT, 7);
      last = blocks.get(month) ?? [];
      blocks.set(month, last);
    }
    last.push(line);
  }
  return [...blocks].map(([name, rows]) => ({ month: name, rows: Buffer.concat(rows) }));
}

/** Whether a row as the spool writes it is of that month: nearly all are of the month of the one before. */
function hasMonth(line: Buffer, month: string): boolean {
  const at = TS_AT + TS.length;
  for (let index = 0; index < month.length; index++) if (line[at + index] !== month.charCodeAt(index)) return false;
  return line[TS_AT + 1] === TS[1] && line[TS_AT + 2] === TS[2];
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
