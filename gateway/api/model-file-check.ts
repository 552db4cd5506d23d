import { open, stat } from 'node:fs/promises';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ModelFileKind } from '../../contracts/students.ts';
import { readGgufHeader } from '../../core/students/gguf-header.ts';

/** Larger JSON is no configuration or manifest. */
const MOST_JSON_BYTES = 8 * 1024 ** 2;
/** Larger headers are none: one of 250,000 tokens with their merges has 15 MB. */
export const MOST_HEADER_BYTES = 128 * 1024 ** 2;

/** What an uploaded file is, by its content; refuses what is damaged and what could run code when it is loaded. */
export async function checkModelFile(path: string, stated: ModelFileKind | undefined): Promise<ModelFileKind> {
  const { size } = await stat(path);
  const start = await prefix(path, 16);
  refusePickles(start);
  if (stated === 'floats') return checkFloats(size);
  const kind = kindOf(start, size);
  if (kind === 'gguf') await checkGguf(path, size);
  if (kind === 'safetensors') await checkSafetensors(path, size);
  if (kind === 'json') await checkJson(path, size);
  if (stated !== undefined && stated !== kind) throw refused(`it was said to be ${stated} and is ${kind}`);
  return kind;
}

/** PyTorch's `.bin` and `.pt` are zip archives or bare pickles. */
function refusePickles(start: Buffer): void {
  const zip = start.subarray(0, 4).equals(Buffer.from('PK\u0003\u0004'));
  const pickle = start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5;
  if (zip || pickle)
    throw refused(
      'it is a pickle or an archive (.bin, .pt, .zip), which can run code when it is loaded; convert it to safetensors or GGUF first',
    );
}

function kindOf(start: Buffer, size: number): Exclude<ModelFileKind, 'floats'> {
  if (start.subarray(0, 4).toString('latin1') === 'GGUF') return 'gguf';
  if (start.length > 8 && start[8] === 0x7b && start.readBigUInt64LE(0) < BigInt(size)) return 'safetensors';
  if (/^\s*\{/.test(start.toString('latin1'))) return 'json';
  throw refused('it is neither GGUF nor safetensors nor JSON');
}

async function checkGguf(path: string, size: number): Promise<void> {
  let header = null;
  for (let length = 1024 ** 2; header === null; length *= 4) {
    header = readGgufHeader(await prefix(path, Math.min(length, MOST_HEADER_BYTES)));
    if (header === null && length >= Math.min(size, MOST_HEADER_BYTES)) throw refused('its header is cut off');
  }
  if (header.tensors.length > 0 && header.dataStart + header.lastOffset >= size) throw refused('its weights are cut off');
}

/** The header is 8 bytes of length and JSON: each tensor's dtype, shape and place in what follows. */
async function checkSafetensors(path: string, size: number): Promise<void> {
  const length = Number((await prefix(path, 8)).readBigUInt64LE(0));
  if (length > MOST_HEADER_BYTES || 8 + length > size) throw refused('its header is cut off');
  let header: Record<string, { data_offsets?: unknown }>;
  try {
    header = JSON.parse((await prefix(path, 8 + length)).subarray(8).toString('utf8')) as typeof header;
  } catch (cause) {
    throw refused('its header is no JSON', cause);
  }
  for (const [name, { data_offsets: place }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = Array.isArray(place) ? (place as number[]) : [];
    if (from === undefined || to === undefined || !(from >= 0 && to >= from && 8 + length + to <= size))
      throw refused(`the tensor "${name.slice(0, 80)}" lies outside of it`);
  }
}

async function checkJson(path: string, size: number): Promise<void> {
  if (size > MOST_JSON_BYTES) throw refused(`it is JSON of more than ${MOST_JSON_BYTES} bytes`);
  try {
    JSON.parse((await prefix(path, size)).toString('utf8'));
  } catch (cause) {
    throw refused('it begins like JSON and is none', cause);
  }
}

function checkFloats(size: number): 'floats' {
  if (size === 0 || size % 4 !== 0) throw refused(`${size} bytes are no list of 32-bit numbers`);
  return 'floats';
}

async function prefix(path: string, length: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function refused(why: string, cause?: unknown): StillhouseError {
  return new StillhouseError('invalid_request', `the body: the file can't be used: ${why}.`, {
    param: 'the body',
    ...(cause === undefined ? {} : { cause }),
  });
}
