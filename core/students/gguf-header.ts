import { StillhouseError } from '../../contracts/errors.ts';

/** Values of a GGUF's metadata; 64-bit numbers as JavaScript's, which hold all that occur. */
export type GgufValue = string | number | boolean | GgufValue[];

/** A tensor as the header names it. */
export interface GgufTensor {
  name: string;
  /** Lengths, the fastest first. */
  shape: number[];
}

/** What lies before the weights of a GGUF file. */
export interface GgufHeader {
  version: number;
  metadata: ReadonlyMap<string, GgufValue>;
  tensors: GgufTensor[];
  /** Where the weights begin, and the offset of the last tensor behind that. */
  dataStart: number;
  lastOffset: number;
}

const MAGIC = 0x46554747;
/** Neither is near in any file that is one; a header that says more is none. */
const MOST_TENSORS = 1_000_000;
const MOST_PAIRS = 100_000;
const SIZES: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const STRING = 8;
const ARRAY = 9;

/** The bytes end before the header does. */
class Truncated extends Error {}

/**
 * Reads the header of a GGUF file (version 2 or 3, little endian; ggml's docs/gguf.md) from its first bytes. Null where
 * they end before the header does: ask again with more. Refuses what is no GGUF file.
 */
export function readGgufHeader(bytes: Uint8Array): GgufHeader | null {
  const reader = new Reader(bytes);
  try {
    if (reader.uint32() !== MAGIC) throw refused('it does not begin with "GGUF"');
    const version = reader.uint32();
    if (version !== 2 && version !== 3) throw refused(`its version is ${version}; 2 and 3 are read here`);
    const tensorCount = reader.length(MOST_TENSORS, 'tensors');
    const pairCount = reader.length(MOST_PAIRS, 'metadata');
    const metadata = new Map<string, GgufValue>();
    for (let i = 0; i < pairCount; i++) {
      const key = reader.string();
      metadata.set(key, reader.value(reader.uint32(), 0));
    }
    let lastOffset = 0;
    const tensors = Array.from({ length: tensorCount }, () => {
      const name = reader.string();
      const shape = Array.from({ length: reader.dimensions() }, () => reader.uint64());
      reader.uint32();
      lastOffset = Math.max(lastOffset, reader.uint64());
      return { name, shape };
    });
    const alignment = Number(metadata.get('general.alignment') ?? 32);
    return { version, metadata, tensors, dataStart: Math.ceil(reader.at / alignment) * alignment, lastOffset };
  } catch (error) {
    if (error instanceof Truncated) return null;
    throw error;
  }
}

function refused(why: string): StillhouseError {
  return new StillhouseError('invalid_request', `This is not a GGUF file that can be read: ${why}.`);
}

/** Reads on from place to place. */
class Reader {
  at = 0;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #text = new TextDecoder();
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  /** A count that a real file can have. */
  length(most: number, what: string): number {
    const length = this.uint64();
    if (length > most) throw refused(`it claims ${length} ${what}`);
    return length;
  }

  dimensions(): number {
    const dimensions = this.uint32();
    if (dimensions > 8) throw refused(`a tensor claims ${dimensions} dimensions`);
    return dimensions;
  }

  string(): string {
    const length = this.uint64();
    const from = this.#take(length);
    return this.#text.decode(this.#bytes.subarray(from, from + length));
  }

  value(type: number, depth: number): GgufValue {
    if (type === STRING) return this.string();
    if (type !== ARRAY) return this.#scalar(type);
    if (depth > 2) throw refused('its lists are nested too deep');
    const inner = this.uint32();
    const length = this.uint64();
    // a list claims its length before its bytes are there
    if (length > this.#bytes.length) throw new Truncated();
    return Array.from({ length }, () => this.value(inner, depth + 1));
  }

  #scalar(type: number): number | boolean {
    const size = SIZES[type];
    if (size === undefined) throw refused(`it has a value of type ${type}`);
    const at = this.#take(size);
    const view = this.#view;
    if (type === 0) return view.getUint8(at);
    if (type === 1) return view.getInt8(at);
    if (type === 2) return view.getUint16(at, true);
    if (type === 3) return view.getInt16(at, true);
    if (type === 4) return view.getUint32(at, true);
    if (type === 5) return view.getInt32(at, true);
    if (type === 6) return view.getFloat32(at, true);
    if (type === 7) return view.getUint8(at) !== 0;
    if (type === 12) return view.getFloat64(at, true);
    return Number(type === 10 ? view.getBigUint64(at, true) : view.getBigInt64(at, true));
  }

  #take(size: number): number {
    const at = this.at;
    if (at + size > this.#bytes.length) throw new Truncated();
    this.at += size;
    return at;
  }
}
