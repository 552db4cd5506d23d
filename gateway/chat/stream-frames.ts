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

/** Cuts a byte stream into server-sent events; what has not ended yet stays for the next bytes. Every byte is looked at once. */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  /** What has not ended yet, in its first `#length` bytes. */
  #held: Buffer = NOTHING;
  #length = 0;
  /** How many bytes of an empty line's `\n\r\n` or `\n\n` what is held ends with. */
  #begun = 0;

  constructor(maxFrameBytes = MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of all whole frames up to now, or null. Throws `upstream_invalid` where a frame does not end. */
  push(chunk: Buffer): Buffer | null {
    const end = Math.max(endOfLastFrame(chunk), endOfBegun(chunk, this.#begun));
    if (end === 0) {
      this.#hold(chunk);
      return null;
    }
    const head = chunk.subarray(0, end);
    const whole = this.#length === 0 ? head : Buffer.concat([this.#held.subarray(0, this.#length), head]);
    this.#held = chunk.subarray(end);
    this.#length = this.#held.length;
    this.#begun = begunAtEnd(this.#held, 0);
    return whole;
  }

  /** What came behind the last whole frame. */
  rest(): Buffer | null {
    return this.#length === 0 ? null : this.#held.subarray(0, this.#length);
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
    this.#begun = begunAtEnd(chunk, this.#begun);
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
  for (let from = 0; from < text.length;) {
    const end = endOfFrame(text, from);
    const frame = text.slice(from, end);
    const data = dataOf(frame);
    frames.push({ text: frame, data, event: eventOf(frame), isDone: data === DONE });
    from = end;
  }
  return frames;
}

/** Behind the first empty line from there on. */
function endOfFrame(text: string, from: number): number {
  for (let at = text.indexOf('\n', from); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (text[at + 1] === '\n') return at + 2;
    if (text[at + 1] === '\r' && text[at + 2] === '\n') return at + 3;
  }
  return text.length;
}

function dataOf(frame: string): string {
  // Nearly all frames are one line.
  if (frame.startsWith('data:') && frame.indexOf('\n') >= frame.length - 3) return frame.slice(5).trim();
  const lines = frame.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  return lines.map((line) => line.slice(line[5] === ' ' ? 6 : 5)).join('\n');
}

function eventOf(frame: string): string {
  if (frame.startsWith('data:')) return '';
  return /^event:[ ]?(.*?)\r?$/m.exec(frame)?.[1] ?? '';
}

/** Behind the last empty line; 0 where there is none. */
function endOfLastFrame(bytes: Buffer): number {
  const plain = bytes.lastIndexOf('\n\n');
  const carriage = bytes.lastIndexOf('\n\r\n');
  return Math.max(plain < 0 ? 0 : plain + 2, carriage < 0 ? 0 : carriage + 3);
}

/** Behind the empty line whose first bytes came before this chunk; 0 where it does not go on so. */
function endOfBegun(chunk: Buffer, begun: number): number {
  if (begun === 0) return 0;
  if (chunk[0] === LF) return 1;
  return begun === 1 && chunk[0] === CR && chunk[1] === LF ? 2 : 0;
}

function begunAtEnd(chunk: Buffer, before: number): number {
  const last = chunk.at(-1);
  if (last === undefined) return before;
  if (last === LF) return 1;
  if (last !== CR) return 0;
  return chunk.length > 1 ? (chunk.at(-2) === LF ? 2 : 0) : before === 1 ? 2 : 0;
}
