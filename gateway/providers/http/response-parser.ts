import { errors } from 'undici';

/** Names in lower case; a name that comes several times has all its values, in order. */
export type ResponseHeaders = Record<string, string | string[]>;

/** Told what an answer consists of, in order: one head, data, one end. */
export interface ResponseSink {
  onHead(status: number, headers: ResponseHeaders): void;
  /** The sink's own. Chunks that came together are given together. */
  onBody(bytes: Buffer): void;
  /** `reusable`: the connection may carry another request. */
  onEnd(reusable: boolean): void;
}

/** As Node's and undici's own limit. */
const MAX_HEAD_BYTES = 16 * 1024;
/** Sizes and extensions of chunks, each line; trailers together. */
const MAX_LINE_BYTES = 16 * 1024;
const MOST_NAMES = 1000;
const END_OF_HEAD = '\r\n\r\n';
const PROTOCOL = Buffer.from('HTTP/1.');
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What no header may hold: other controls, and line ends that are none (RFC 9112 2.2, 5). */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
const DIGITS = /^\d{1,15}$/;
const MOST_DIGITS = 12;
/** RFC 9112, 7.1.1; what extensions say is passed over. */
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,12})(?:;[!#$%&'*+.^_`|~\w-]+(?:=(?:[!#$%&'*+.^_`|~\w-]+|"[^"\\]*"))?)*$/;

const CR = 13;
const LF = 10;
/** Values of hexadecimal digits by their byte; -1 for what is none, and behind the end of a buffer `undefined`. */
const HEX = Int8Array.from({ length: 256 }, (_, byte) =>
  /[0-9A-Fa-f]/.test(String.fromCharCode(byte)) ? Number.parseInt(String.fromCharCode(byte), 16) : -1,
);

type State = 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'to-end' | 'done';

/**
 * Reads one answer of HTTP/1.1 (RFC 9112) from bytes that come in pieces of any size. Strict: what two readers could understand in two ways is
 * refused: throws errors with undici's and Node's codes, and nothing may be pushed after that.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  #state: State = 'head';
  /** Of a head, a line or trailers that have begun. */
  #carried: Buffer | null = null;
  #left = 0;
  #trailerBytes = 0;
  #reusable = true;

  /** Of a request that is no `HEAD`. */
  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    let rest: Buffer | null = bytes;
    if (this.#carried) {
      rest = Buffer.concat([this.#carried, bytes]);
      this.#carried = null;
    }
    while (rest !== null && rest.length > 0) rest = this.#take(rest);
  }

  /** The connection was closed in order; false where the answer isn't whole. */
  close(): boolean {
    if (this.#state === 'to-end') this.#end();
    return this.#state === 'done';
  }

  /** Takes what it can, and returns what is left; null where it needs more. */
  #take(bytes: Buffer): Buffer | null {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(bytes);
      case 'size':
      case 'chunk':
      case 'chunk-end':
        return this.#takeChunks(bytes);
      case 'trailers':
        return this.#takeTrailer(bytes);
      case 'to-end':
        this.#sink.onBody(Buffer.from(bytes));
        return null;
      case 'length':
        return this.#takeCounted(bytes);
      case 'done':
        // It is nobody's, as the sink was told.
        return null;
    }
  }

  #takeHead(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(END_OF_HEAD);
    if (end < 0 ? bytes.length > MAX_HEAD_BYTES : end > MAX_HEAD_BYTES) throw new errors.HeadersOverflowError();
    if (end < 0) {
      const begun = Math.min(bytes.length, PROTOCOL.length);
      if (bytes.compare(PROTOCOL, 0, begun, 0, begun) !== 0) throw invalid('it does not begin as HTTP/1.1 does');
      return this.#carry(bytes);
    }
    // Before the sink is told: it may let go of the memory that the bytes lie in.
    const rest = bytes.subarray(end + END_OF_HEAD.length);
    const { status, headers, version } = parsedHead(bytes.toString('latin1', 0, end));
    if (status < 200) {
      if (status === 101) throw invalid('it switches protocols unasked');
      if (version === '0') throw invalid('it announces an answer that its version of HTTP knows no announcement of');
      return rest;
    }
    this.#frame(status, headers, version);
    this.#sink.onHead(status, headers);
    if (this.#state === 'length' && this.#left === 0) this.#end(rest.length > 0);
    return rest;
  }

  /** How long the body is (RFC 9112 6.3), and whether the connection stays. */
  #frame(status: number, headers: ResponseHeaders, version: string): void {
    const coding = headers['transfer-encoding'];
    const length = headers['content-length'];
    const options = tokensOf(headers['connection']);
    this.#reusable = version === '1' ? !options.includes('close') : options.includes('keep-alive');
    if (coding !== undefined && length !== undefined) throw invalid('it says its length twice');
    if (length !== undefined && (typeof length !== 'string' || !DIGITS.test(length))) throw invalid('its Content-Length is none');
    if (status === 204 || status === 304) {
      this.#state = 'length';
    } else if (coding !== undefined) {
      this.#state = tokensOf(coding).at(-1) === 'chunked' ? 'size' : 'to-end';
    } else if (length !== undefined) {
      this.#state = 'length';
      this.#left = Number(length);
    } else {
      this.#state = 'to-end';
    }
    if (this.#state === 'to-end') this.#reusable = false;
  }

  /** A body of known length. */
  #takeCounted(bytes: Buffer): Buffer | null {
    const more = bytes.length > this.#left;
    const taken = more ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= taken.length;
    this.#sink.onBody(Buffer.from(taken));
    if (this.#left === 0) this.#end(more);
    return null;
  }

  /** A stream's frames come as a chunk each, and many at once: what they hold is put together. */
  #takeChunks(bytes: Buffer): Buffer | null {
    const body = Buffer.allocUnsafe(bytes.length);
    let filled = 0;
    let at = 0;
    try {
      while (at < bytes.length && this.#state !== 'trailers') {
        if (this.#state === 'chunk') {
          const end = Math.min(bytes.length, at + this.#left);
          filled += bytes.copy(body, filled, at, end);
          this.#left -= end - at;
          at = end;
          if (this.#left === 0) this.#state = 'chunk-end';
        } else {
          const taken = this.#state === 'size' ? this.#takeSize(bytes, at) : this.#takeChunkEnd(bytes, at);
          if (taken === 0) return this.#carry(bytes.subarray(at));
          at += taken;
        }
      }
    } finally {
      if (filled > 0) this.#sink.onBody(body.subarray(0, filled));
    }
    return bytes.subarray(at);
  }

  /** Reads the line of a chunk's size; returns its bytes, 0 where it isn't whole. */
  #takeSize(bytes: Buffer, from: number): number {
    let at = from;
    let size = 0;
    for (let digit; at - from < MOST_DIGITS && (digit = HEX[bytes[at]!]!) >= 0; at++) size = size * 16 + digit;
    if (at === from || bytes[at] !== CR || bytes[at + 1] !== LF) {
      // Not whole, or with more in it than digits.
      const line = this.#lineOf(bytes.subarray(from));
      if (line === null) return 0;
      const digits = CHUNK_SIZE.exec(line)?.[1];
      if (digits === undefined) throw invalid('a chunk has no size');
      size = Number.parseInt(digits, 16);
      at = from + line.length;
    }
    this.#left = size;
    this.#state = size === 0 ? 'trailers' : 'chunk';
    return at + 2 - from;
  }

  #takeChunkEnd(bytes: Buffer, from: number): number {
    if (bytes[from] !== CR || (bytes.length > from + 1 && bytes[from + 1] !== LF)) throw invalid('a chunk is longer than it says');
    if (bytes.length < from + 2) return 0;
    this.#state = 'size';
    return 2;
  }

  #takeTrailer(bytes: Buffer): Buffer | null {
    const line = this.#lineOf(bytes);
    if (line === null) return this.#carry(bytes);
    const rest = bytes.subarray(line.length + 2);
    if (line === '') {
      this.#end(rest.length > 0);
      return rest;
    }
    this.#trailerBytes += line.length;
    if (this.#trailerBytes > MAX_LINE_BYTES) throw new errors.HeadersOverflowError();
    addHeader({}, line);
    return rest;
  }

  /** Up to its CRLF; null where that is still to come. */
  #lineOf(bytes: Buffer): string | null {
    const end = bytes.indexOf('\r\n');
    if ((end < 0 ? bytes.length : end) > MAX_LINE_BYTES) throw new errors.HeadersOverflowError();
    const line = bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
    // The last byte may be a CR whose LF is still to come.
    if (FORBIDDEN.test(end < 0 && line.endsWith('\r') ? line.slice(0, -1) : line)) throw invalid('a line holds what no line may');
    return end < 0 ? null : line;
  }

  #carry(bytes: Buffer): null {
    this.#carried = Buffer.from(bytes);
    return null;
  }

  #end(more = false): void {
    this.#state = 'done';
    this.#sink.onEnd(this.#reusable && !more);
  }
}

function parsedHead(text: string): { status: number; headers: ResponseHeaders; version: string } {
  if (FORBIDDEN.test(text)) throw invalid('its head holds what no header may');
  let end = text.indexOf('\r\n');
  if (end < 0) end = text.length;
  const [, version, status] = STATUS_LINE.exec(text.slice(0, end)) ?? [];
  if (version === undefined) throw invalid('its status line is none');
  const headers: ResponseHeaders = {};
  for (let start = end + 2; start < text.length; start = end + 2) {
    end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    addHeader(headers, text.slice(start, end));
  }
  return { status: Number(status), headers, version };
}

function addHeader(headers: ResponseHeaders, line: string): void {
  const colon = line.indexOf(':');
  const name = knownName(colon < 0 ? line : line.slice(0, colon));
  if (colon < 0 || name === null) throw invalid('a header has no name');
  const value = trimmed(line, colon + 1);
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
  // A name of an object's prototype becomes a property of its own all the same.
  if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
  else headers[name] = before === undefined ? value : typeof before === 'string' ? [before, value] : [...before, value];
}

/** Without the blanks around it: a space and a tab are, other things that JavaScript trims are not. */
function trimmed(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** In lower case, by name: servers send the same ones again and again. */
const known = new Map<string, string>();

/** null where it is none. */
function knownName(text: string): string | null {
  const found = known.get(text);
  if (found !== undefined) return found;
  if (!TOKEN.test(text)) return null;
  if (known.size >= MOST_NAMES) known.clear();
  const name = text.toLowerCase();
  known.set(text, name);
  return name;
}

function tokensOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return String(value)
    .split(',')
    .map((token) => token.trim().toLowerCase());
}

function invalid(why: string): Error {
  return Object.assign(new Error(`The answer is not HTTP as expected: ${why}`), { code: 'HPE_INVALID' });
}
