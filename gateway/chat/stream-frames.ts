import { StillhouseError } from '../../contracts/errors.ts';

const DONE = '[DONE]';
/** A longer event is no chunk of an answer: whoever sends it would fill the memory of all calls. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const END_MARK = Buffer.from(`data: ${DONE}\n\n`);
const NOTHING = Buffer.alloc(0);
const EMPTY_LINE = Buffer.from('\n\n');
const LF = 10;
const CR = 13;

/** One server-sent event. */
export interface Frame {
  /** As it came, with the empty line that ends it. */
  text: string;
  /** Its data lines joined; empty for comments. */
  data: string;
  /** Its `event` field; empty where it has none. */
  event: string;
  isDone: boolean;
}

/** How bytes end, for an empty line may be cut anywhere: with a line, with an empty one whose LF may follow, with a CR whose LF may follow. */
type Tail = 'text' | 'line' | 'empty line' | 'carriage return';

/**
 * Cuts a byte stream into server-sent events; what has not ended yet stays for the next bytes. Every byte is looked at once. Lines
 * end with LF, CR LF or CR alone (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
 */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  /** What has not ended yet, in its first `#length` bytes. */
  #held: Buffer = NOTHING;
  #length = 0;
  #tail: Tail = 'text';

  constructor(maxFrameBytes = MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of all whole frames up to now, or null. Throws `upstream_invalid` where a frame does not end. */
  push(chunk: Buffer): Buffer | null {
    const end = Math.max(endOfLastFrame(chunk), this.#tail === 'text' ? NONE : endOfBegun(chunk, this.#tail));
    if (end === NONE) {
      this.#hold(chunk);
      return null;
    }
    const head = chunk.subarray(0, end);
    const whole = this.#length === 0 ? head : Buffer.concat([this.#held.subarray(0, this.#length), head]);
    this.#held = chunk.subarray(end);
    this.#length = this.#held.length;
    this.#tail = tailOf(this.#held, 'text');
    return whole;
  }

  /** What came behind the last whole frame; null where that is nothing, or the end of a line. */
  rest(): Buffer | null {
    const rest = this.#held.subarray(0, this.#length);
    return rest.every(isLineEnd) ? null : rest;
  }

  /** At the stream's end: a last frame that is whole but for its empty line, which some servers leave out; null for what is torn. */
  last(): Buffer | null {
    const rest = this.rest();
    const [frame] = rest === null ? [] : framesOf(rest.toString());
    if (rest === null || !frame || !(frame.isDone || isJson(frame.data))) return null;
    this.#length = 0;
    return frame.isDone ? END_MARK : Buffer.concat([rest, EMPTY_LINE]);
  }

  /** The room doubles: a frame in many pieces is copied about twice, not once for each piece. */
  #hold(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#maxFrameBytes) {
      throw new StillhouseError('upstream_invalid', `The provider sent a server-sent event of more than ${this.#maxFrameBytes} bytes`);
    }
    this.#tail = tailOf(chunk, this.#tail);
    if (this.#length === 0) this.#held = chunk;
    else {
      if (length > this.#held.length) {
        const larger = Buffer.allocUnsafe(Math.max(length, this.#held.length * 2));
        this.#held.copy(larger, 0, 0, this.#length);
        this.#held = larger;
      }
      chunk.copy(this.#held, this.#length);
    }
    this.#length = length;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The frames in a text of whole ones. */
export function framesOf(text: string): Frame[] {
  const frames: Frame[] = [];
  const carriage = text.includes('\r');
  for (let from = 0; from < text.length;) {
    const end = carriage ? endOfAnyFrame(text, from) : endOfFrame(text, from);
    const frame = text.slice(from, end);
    const data = dataOf(frame, carriage);
    frames.push({ text: frame, data, event: eventOf(frame), isDone: data === DONE });
    from = end;
  }
  return frames;
}

/** Behind the first empty line from there on, in a text without CR. */
function endOfFrame(text: string, from: number): number {
  const at = text.indexOf('\n\n', from);
  return at < 0 ? text.length : at + 2;
}

/** The same where lines may end with CR. */
function endOfAnyFrame(text: string, from: number): number {
  EMPTY.lastIndex = from;
  return EMPTY.test(text) ? EMPTY.lastIndex : text.length;
}

/** Two ends of lines, each of them CR LF, CR or LF. */
const EMPTY = /(?:\r\n|\r(?!\n)|\n)(?:\r\n?|\n)/g;
const MARK = '\uFEFF';
const LINE_END = /\r\n?|\n/;

function dataOf(frame: string, carriage: boolean): string {
  if (frame.startsWith('data:')) {
    const data = frame.slice(5).trim();
    // Nearly all frames are one line.
    if (!data.includes('\n') && !(carriage && data.includes('\r'))) return data;
  }
  const lines = linesOf(frame).filter((line) => line.startsWith('data:'));
  return lines.map((line) => line.slice(line[5] === ' ' ? 6 : 5)).join('\n');
}

/** Some servers begin their stream with a byte order mark, which is no part of it. */
function linesOf(frame: string): string[] {
  return (frame.startsWith(MARK) ? frame.slice(MARK.length) : frame).split(LINE_END);
}

function eventOf(frame: string): string {
  if (frame.startsWith('data:')) return '';
  const line = linesOf(frame).find((one) => one.startsWith('event:')) ?? '';
  return line.slice(line[6] === ' ' ? 7 : 6);
}

const NONE = -1;

/** Behind the last empty line; `NONE` where there is none. One that ends with `\n\r` has ended once it is known that no LF follows. */
function endOfLastFrame(bytes: Buffer): number {
  // Nearly no server sends CR.
  if (!bytes.includes(CR)) {
    const plain = bytes.lastIndexOf('\n\n');
    return plain < 0 ? NONE : plain + 2;
  }
  for (let at = bytes.length - 1; at > 0; at--) {
    if (!isLineEnd(bytes[at]!) || !isLineEnd(bytes[at - 1]!)) continue;
    const [before, last] = [bytes[at - 1], bytes[at]];
    if (before === CR && last === LF) continue;
    if (before === LF && last === CR && at === bytes.length - 1) continue;
    return last === CR && bytes[at + 1] === LF ? at + 2 : at + 1;
  }
  return NONE;
}

/** Behind the empty line whose first bytes came before this chunk: 0 where it had ended, `NONE` where it does not go on so. */
function endOfBegun(chunk: Buffer, tail: Tail): number {
  const [first, second] = chunk;
  if (first === undefined) return NONE;
  if (tail === 'empty line') return first === LF ? 1 : 0;
  if (first === LF) return tail === 'line' ? 1 : NONE;
  if (first !== CR) return NONE;
  if (second === LF) return 2;
  return tail === 'line' && second === undefined ? NONE : 1;
}

function tailOf(chunk: Buffer, before: Tail): Tail {
  const last = chunk.at(-1);
  if (last === undefined) return before;
  if (last === LF) return 'line';
  if (last !== CR) return 'text';
  const isAfterLine = chunk.length > 1 ? chunk.at(-2) === LF : before === 'line';
  return isAfterLine ? 'empty line' : 'carriage return';
}

function isLineEnd(byte: number): boolean {
  return byte === LF || byte === CR;
}
