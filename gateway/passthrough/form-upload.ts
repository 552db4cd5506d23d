import { StillhouseError } from '../../contracts/errors.ts';
import { GrowingBytes } from '../../platform/growing-bytes.ts';
import { type FormEvent, formEnd, MultipartReader, PART_END, type PartHead, writtenHead } from './multipart.ts';

/** A field may be so long: the longest are prompts. */
const MOST_FIELD_BYTES = 1024 * 1024;
/** Of a file's name and type, in its trace. */
const MOST_NAME = 256;
const MOST_FIELDS_BYTES = 4 * MOST_FIELD_BYTES;

/** What of a form is told in its trace; files are told by their size alone. */
export interface FormFacts {
  fields: Record<string, string | string[]>;
  files: { field: string; filename: string; contentType: string; bytes: number }[];
}

/** What becomes of a field: its value as it goes on; null takes it out. Throws where it is refused. */
export type OnField = (name: string, value: string) => string | null;

/**
 * A form as it goes on: files pass byte for byte as they come, plain fields go through `onField` once they are whole. Fields in
 * `single` are refused where they stand twice or are files, for two readers could take two of them.
 */
export class FormUpload {
  readonly facts: FormFacts = { fields: {}, files: [] };
  /** Whether its end has come. */
  isWhole = false;
  readonly #boundary: string;
  readonly #single: ReadonlySet<string>;
  readonly #onField: OnField;
  readonly #seen = new Set<string>();
  #fieldBytes = 0;
  #field: { head: PartHead; value: GrowingBytes } | null = null;
  #last: PartHead | null = null;

  constructor({ boundary, single, onField }: { boundary: string; single: readonly string[]; onField: OnField }) {
    this.#boundary = boundary;
    this.#single = new Set(single);
    this.#onField = onField;
  }

  /** Throws `invalid_request`, and what `onField` throws. */
  async *rewritten(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = new MultipartReader(this.#boundary);
    for await (const chunk of source) {
      for (const event of reader.push(chunk)) {
        const bytes = this.#take(event);
        if (bytes) yield bytes;
      }
    }
    reader.end();
    this.isWhole = true;
    yield formEnd(this.#boundary);
  }

  /** The plain field that went on last, with another value. */
  lastField(value: string): Uint8Array {
    return this.#written(this.#last!, Buffer.from(value));
  }

  #take(event: FormEvent): Uint8Array | null {
    switch (event.type) {
      case 'head':
        return this.#begin(event.head);
      case 'data':
        return this.#data(event.bytes);
      case 'end':
        return this.#field ? this.#endField(this.#field) : PART_END;
    }
  }

  #begin(head: PartHead): Uint8Array | null {
    const { name, filename, contentType } = head;
    // A reader may take `n[]` for `n`, and `_charset_` for what the other fields are written in.
    const plain = name.replace(/[.[].*$/, '');
    if (name === '_charset_') throw wrongField(name, 'fields are UTF-8');
    if (plain !== name && this.#single.has(plain)) throw wrongField(name, `it must be called '${plain}'`);
    if (this.#single.has(name)) {
      if (this.#seen.has(name)) throw wrongField(name, 'it stands twice');
      if (filename !== null) throw wrongField(name, 'a plain field is needed, not a file');
      this.#seen.add(name);
    }
    if (filename === null) {
      this.#field = { head, value: new GrowingBytes() };
      return null;
    }
    this.facts.files.push({ field: name, filename: cut(filename), contentType: cut(contentType), bytes: 0 });
    return writtenHead(this.#boundary, head);
  }

  #data(bytes: Buffer): Uint8Array | null {
    const field = this.#field;
    if (!field) {
      this.facts.files.at(-1)!.bytes += bytes.length;
      return bytes;
    }
    this.#fieldBytes += bytes.length;
    if (this.#fieldBytes > MOST_FIELDS_BYTES) throw wrongField(field.head.name, `fields may have ${MOST_FIELDS_BYTES} bytes in all`);
    field.value.add(bytes);
    return null;
  }

  #endField({ head, value: written }: { head: PartHead; value: GrowingBytes }): Uint8Array | null {
    this.#field = null;
    const bytes = written.take();
    if (bytes.length > MOST_FIELD_BYTES) throw wrongField(head.name, `it may have ${MOST_FIELD_BYTES} bytes`);
    const value = bytes.toString();
    const goesOn = this.#onField(head.name, value);
    note(this.facts.fields, head.name, value);
    if (goesOn === null) return null;
    const sent = goesOn === value ? bytes : Buffer.from(goesOn);
    this.#last = head;
    return this.#written(head, sent);
  }

  #written(head: PartHead, value: Uint8Array): Uint8Array {
    return Buffer.concat([writtenHead(this.#boundary, head), value, PART_END]);
  }
}

function note(fields: FormFacts['fields'], name: string, value: string): void {
  const before = Object.hasOwn(fields, name) ? fields[name]! : undefined;
  // A name may be anything: `__proto__`, too.
  const now = before === undefined ? value : [before, value].flat();
  Object.defineProperty(fields, name, { value: now, enumerable: true, configurable: true, writable: true });
}

/** As a trace keeps it. */
function cut(text: string): string {
  return text.slice(0, MOST_NAME);
}

function wrongField(name: string, why: string): StillhouseError {
  return new StillhouseError('invalid_request', `Invalid '${name}': ${why}`, { param: name });
}
