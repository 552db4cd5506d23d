import { createReadStream } from 'node:fs';

/** A line of a text file: its text without the white space around it, or why it is none. */
export type Line = { number: number; text: string; fault: null } | { number: number; text: null; fault: string };

/** A longer line is no row of anything. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Cuts bytes into lines as they stream by. A line ends at a line feed and nowhere else: U+2028 and its like may stand in
 * a JSON text. All who read an uploaded file read it with this, so that what one accepts no other refuses.
 */
export class LineReader {
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #number = 0;

  /** The lines that end in this chunk. */
  *add(chunk: Uint8Array): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#gather(chunk.subarray(start, end));
      start = end + 1;
      yield this.#line();
    }
    if (start < chunk.length) this.#gather(chunk.subarray(start));
  }

  /** The last line, where it has no line feed. */
  *end(): Generator<Line> {
    if (this.#rest.length > 0) yield this.#line();
  }

  #gather(part: Uint8Array): void {
    if (this.#restBytes <= MAX_LINE_BYTES) this.#rest.push(part);
    this.#restBytes += part.length;
  }

  #line(): Line {
    const number = ++this.#number;
    const tooLong = this.#restBytes > MAX_LINE_BYTES;
    const bytes = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    if (tooLong) return { number, text: null, fault: `is longer than ${MAX_LINE_BYTES} bytes` };
    try {
      // The decoder drops a byte order mark.
      return { number, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim(), fault: null };
    } catch {
      return { number, text: null, fault: 'is not UTF-8' };
    }
  }
}

/** The lines of a file, as they are read from the disk. */
export async function* linesOfFile(path: string): AsyncGenerator<Line> {
  const reader = new LineReader();
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) yield* reader.add(chunk);
  yield* reader.end();
}
