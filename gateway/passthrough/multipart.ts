import { StillhouseError } from '../../contracts/errors.ts';

/** What stands at a part's head. */
export interface PartHead {
  name: string;
  /** null: a plain field. */
  filename: string | null;
  contentType: string;
  /** As it came, without the empty line behind it. */
  bytes: Buffer;
}

/** A form piece by piece: a part's head, then its bytes, then its end. */
export type FormEvent = { type: 'head'; head: PartHead } | { type: 'data'; bytes: Buffer } | { type: 'end' };

const CRLF = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const MOST_HEAD_BYTES = 16 * 1024;
const MOST_PARTS = 1000;
/** A type of a field without a charset, or with one in which names of models are the same bytes. */
const IN_ASCII = /^(?:(?!charset)[^"])*(?:charset="?(?:utf-8|us-ascii|iso-8859-\d+|windows-125\d)"?)?$/i;

/** The boundary of a form's content type (RFC 2046, 5.1.1). Throws `invalid_request` where there is none. */
export function boundaryOf(contentType: string): string {
  const found = [...contentType.matchAll(/;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))/gi)];
  const boundary = found[0]?.[1] ?? found[0]?.[2];
  if (found.length !== 1 || boundary === undefined || !/^[\w'()+,./:=? -]*[\w'()+,./:=?-]$/.test(boundary))
    throw malformed('its content type must name one boundary');
  return boundary;
}

/** The content type of a form with that boundary and nothing beside it that another reader could take for the boundary. */
export function formType(boundary: string): string {
  return `multipart/form-data; boundary=${/^[\w'+.-]+$/.test(boundary) ? boundary : `"${boundary}"`}`;
}

/**
 * Takes a form (RFC 7578) apart as its bytes come, and holds no more of it than a boundary is long. It is stricter than the standard:
 * what two readers could understand in two ways is refused, for what the gateway has checked must be what the provider reads.
 */
export class MultipartReader {
  readonly #delimiter: Buffer;
  #state: 'start' | 'head' | 'body' | 'delimiter' | 'done' = 'start';
  #rest: Buffer = Buffer.alloc(0);
  #parts = 0;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  /** What the next bytes say. Throws `invalid_request`. */
  *push(chunk: Uint8Array): Generator<FormEvent> {
    // What comes behind the form is no part of it.
    if (this.#state === 'done') return;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (let went = true; went;) went = yield* this.#step();
  }

  /** Throws where the form has not ended. */
  end(): void {
    if (this.#state !== 'done') throw malformed('it ends before its last boundary');
  }

  /** One piece; false where more bytes are needed. */
  *#step(): Generator<FormEvent, boolean> {
    switch (this.#state) {
      case 'start':
        return this.#begin();
      case 'head':
        return yield* this.#head();
      case 'body':
        return yield* this.#body();
      case 'delimiter':
        return this.#afterDelimiter();
      case 'done':
        return false;
    }
  }

  #begin(): boolean {
    const first = this.#delimiter.subarray(CRLF.length);
    if (this.#rest.length < first.length) {
      if (!first.subarray(0, this.#rest.length).equals(this.#rest)) throw malformed('it must begin with its boundary');
      return false;
    }
    if (!this.#rest.subarray(0, first.length).equals(first)) throw malformed('it must begin with its boundary');
    this.#take(first.length, 'delimiter');
    return true;
  }

  *#head(): Generator<FormEvent, boolean> {
    const end = this.#rest.indexOf(HEAD_END);
    if (end > MOST_HEAD_BYTES || (end < 0 && this.#rest.length > MOST_HEAD_BYTES)) throw malformed('the head of a part is too long');
    if (end < 0) return false;
    if (++this.#parts > MOST_PARTS) throw malformed(`it has more than ${MOST_PARTS} parts`);
    const head = headOf(Buffer.from(this.#rest.subarray(0, end)));
    this.#take(end + HEAD_END.length, 'body');
    yield { type: 'head', head };
    return true;
  }

  *#body(): Generator<FormEvent, boolean> {
    const at = this.#rest.indexOf(this.#delimiter);
    if (at >= 0) {
      if (at > 0) yield { type: 'data', bytes: this.#rest.subarray(0, at) };
      this.#take(at + this.#delimiter.length, 'delimiter');
      yield { type: 'end' };
      return true;
    }
    // The delimiter may have begun.
    const sure = this.#rest.length - this.#delimiter.length + 1;
    if (sure <= 0) return false;
    const bytes = this.#rest.subarray(0, sure);
    this.#take(sure, 'body');
    yield { type: 'data', bytes };
    return false;
  }

  #afterDelimiter(): boolean {
    if (this.#rest.length < CRLF.length) return false;
    const next = this.#rest.toString('latin1', 0, CRLF.length);
    if (next === '--') this.#take(CRLF.length, 'done');
    else if (next === '\r\n') this.#take(CRLF.length, 'head');
    else throw malformed('its boundary is part of a longer line');
    return this.#state !== 'done';
  }

  #take(length: number, state: 'head' | 'body' | 'delimiter' | 'done'): void {
    this.#rest = this.#rest.subarray(length);
    this.#state = state;
  }
}

/** A part's head, written as it came. */
export function writtenHead(boundary: string, head: PartHead): Buffer {
  return Buffer.concat([Buffer.from(`--${boundary}\r\n`), head.bytes, HEAD_END]);
}

export const PART_END = CRLF;

export function formEnd(boundary: string): Buffer {
  return Buffer.from(`--${boundary}--\r\n`);
}

function headOf(bytes: Buffer): PartHead {
  const headers = new Map<string, string>();
  for (const line of bytes.toString().split('\r\n')) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n\0]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw malformed('the head of a part is not made of headers');
    const key = name.toLowerCase();
    if (headers.has(key)) throw malformed(`a part says ${key} twice`);
    headers.set(key, value.trim());
  }
  const disposition = headers.get('content-disposition') ?? '';
  const parameters = parametersOf(disposition);
  const name = parameters.get('name');
  if (!/^form-data(?:;|$)/i.test(disposition) || name === undefined) throw malformed('a part has no name');
  if (!/^[\w.[\]-]+$/.test(name)) throw malformed('the name of a part must be letters, digits, "_", ".", "-" or brackets');
  const filename = parameters.get('filename') ?? parameters.get('filename*') ?? null;
  const contentType = headers.get('content-type') ?? '';
  if (!/^(?:7bit|8bit|binary|)$/i.test(headers.get('content-transfer-encoding') ?? ''))
    throw malformed('a part has a content-transfer-encoding, which some readers undo and others do not');
  if (filename === null && !IN_ASCII.test(contentType)) throw malformed('its fields must be UTF-8');
  return { name, filename, contentType, bytes };
}

/** Of a content disposition, each at most once; all of it must be understood. */
function parametersOf(disposition: string): Map<string, string> {
  const parameters = new Map<string, string>();
  let rest = disposition.replace(/^form-data/i, '');
  while (rest !== '') {
    const [whole, name, quoted, plain] = /^\s*;\s*(name|filename\*?)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"\\]+))\s*/i.exec(rest) ?? [];
    if (whole === undefined || name === undefined) throw malformed('the content disposition of a part is not understood');
    const key = name.toLowerCase();
    if (parameters.has(key)) throw malformed(`a part has two of ${key}`);
    parameters.set(key, quoted ?? plain ?? '');
    rest = rest.slice(whole.length);
  }
  return parameters;
}

function malformed(why: string): StillhouseError {
  return new StillhouseError('invalid_request', `The form can't be read: ${why}`);
}
