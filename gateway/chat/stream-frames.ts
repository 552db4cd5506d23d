const DONE = '[DONE]';

/** One server-sent event. */
export interface Frame {
  /** As it came, with the empty line that ends it. */
  text: string;
  /** Its data lines joined; empty for comments. */
  data: string;
  isDone: boolean;
}

/** Cuts a byte stream into server-sent events; what has not ended yet stays for the next bytes. */
export class FrameSplitter {
  #rest: Buffer | null = null;

  /** Bytes of all whole frames up to now, or null. */
  push(chunk: Buffer): Buffer | null {
    const all = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = endOfLastFrame(all);
    if (end === 0) {
      this.#rest = all;
      return null;
    }
    this.#rest = end === all.length ? null : all.subarray(end);
    return end === all.length ? all : all.subarray(0, end);
  }

  /** What came behind the last whole frame. */
  rest(): Buffer | null {
    return this.#rest;
  }
}

/** The frames in a text of whole ones. */
export function framesOf(text: string): Frame[] {
  const frames: Frame[] = [];
  for (let from = 0; from < text.length;) {
    const end = endOfFrame(text, from);
    const frame = text.slice(from, end);
    const data = dataOf(frame);
    frames.push({ text: frame, data, isDone: data === DONE });
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

/** Behind the last empty line; 0 where there is none. */
function endOfLastFrame(bytes: Buffer): number {
  const plain = bytes.lastIndexOf('\n\n');
  const carriage = bytes.lastIndexOf('\n\r\n');
  return Math.max(plain < 0 ? 0 : plain + 2, carriage < 0 ? 0 : carriage + 3);
}
