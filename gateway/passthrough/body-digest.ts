/** Of a body so much is kept at most, once its long strings are shortened. */
const MOST_BYTES = 1024 * 1024;
/** Of one that is longer, its end: there providers say what was used. */
const TAIL_BYTES = 64 * 1024;
/** Of texts that a trace keeps: an object's JSON and prompts are shorter, pictures are not. */
export const LONGEST_TEXT = 128 * 1024;
const QUOTE = 34;
const BACKSLASH = 92;
/** `\uXXXX` */
const LETTER_U = 117;
const UNICODE_DIGITS = 4;

/**
 * What is kept of a body while it goes through: JSON, or a stream of events, in which every string longer than `longestString`
 * bytes is cut, so that pictures and sound leave nothing but their beginning. Other bytes are counted.
 */
export class BodyDigest {
  bytes = 0;
  readonly #kept: boolean;
  readonly #json: boolean;
  readonly #longest: number;
  #out: Buffer[] = [];
  #outBytes = 0;
  #whole = true;
  #inString = false;
  /** Bytes that belong to the escape that has begun. */
  #escape = 0;
  #length = 0;
  #cutting = false;

  constructor(contentType: string, longestString: number) {
    this.#json = /^(?:application\/(?:[\w.+-]+\+)?json|text\/event-stream)\b/i.test(contentType);
    this.#kept = this.#json || /^text\//i.test(contentType);
    this.#longest = longestString;
  }

  take(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (!this.#kept) return;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#json) this.#shorten(bytes);
    else this.#keep(bytes);
  }

  /** The text; empty where the body is none. `whole`: nothing but long strings is missing. */
  get digest(): { text: string; whole: boolean } {
    return { text: Buffer.concat(this.#out).toString(), whole: this.#whole };
  }

  #shorten(chunk: Buffer): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const was = this.#cutting;
      if (was && this.#escape === 0) at = nextMark(chunk, at);
      if (at >= chunk.length) return;
      this.#step(chunk[at]!);
      if (!was && this.#cutting) this.#keep(chunk.subarray(from, at));
      else if (was && !this.#cutting) from = at;
    }
    if (!this.#cutting) this.#keep(chunk.subarray(from));
  }

  /** Where in a string it is, and how long that is by now. An escape is never parted, lest the rest be no JSON. */
  #step(byte: number): void {
    if (!this.#inString) {
      this.#inString = byte === QUOTE;
      return;
    }
    if (this.#escape > 0) {
      // No digit is a "u": it is the letter that announces them.
      this.#escape += byte === LETTER_U ? UNICODE_DIGITS - 1 : -1;
      this.#length++;
      return;
    }
    if (byte === QUOTE) {
      this.#inString = false;
      this.#cutting = false;
      this.#length = 0;
      return;
    }
    if (++this.#length > this.#longest) this.#cutting = true;
    if (byte === BACKSLASH) this.#escape = 1;
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#out.push(Buffer.from(bytes));
    this.#outBytes += bytes.length;
    if (this.#outBytes <= MOST_BYTES) return;
    const tail = Buffer.from(Buffer.concat(this.#out).subarray(-TAIL_BYTES));
    this.#out = [tail];
    this.#outBytes = tail.length;
    this.#whole = false;
  }
}

/** What a trace keeps of JSON that is there as a whole. */
export function shortened(json: string): string {
  const digest = new BodyDigest('application/json', LONGEST_TEXT);
  digest.take(Buffer.from(json));
  const { text, whole } = digest.digest;
  return whole ? text : JSON.stringify({ bytes: digest.bytes });
}

/** The next quote or backslash, the chunk's end where there is none: a picture's text has neither. */
function nextMark(chunk: Buffer, from: number): number {
  const quote = chunk.indexOf(QUOTE, from);
  const end = quote < 0 ? chunk.length : quote;
  const backslash = chunk.subarray(from, end).indexOf(BACKSLASH);
  return backslash < 0 ? end : from + backslash;
}
