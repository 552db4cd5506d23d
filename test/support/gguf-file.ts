/** A value of a GGUF's metadata, with the type that it is written as. */
type Written = { string: string } | { uint32: number } | { float32: number } | { strings: string[] } | { int32s: number[] };

/** Bytes of a GGUF file (version 3) with float32 tensors; of ones, where nothing else is said. */
export function ggufFile(
  metadata: Record<string, Written>,
  tensors: Record<string, number[]>,
  weightOf: (tensor: string) => number = () => 1,
): Buffer {
  const names = Object.entries(tensors);
  const parts = [Buffer.from('GGUF'), uint32(3), uint64(names.length), uint64(Object.keys(metadata).length)];
  for (const [key, value] of Object.entries(metadata)) parts.push(text(key), written(value));
  let offset = 0;
  for (const [name, shape] of names) {
    parts.push(text(name), uint32(shape.length), ...shape.map(uint64), uint32(0), uint64(offset));
    offset += padded(4 * elements(shape));
  }
  const head = Buffer.concat(parts);
  const weights = names.map(([name, shape]) => {
    const bytes = Buffer.alloc(padded(4 * elements(shape)));
    for (let i = 0; i < elements(shape); i++) bytes.writeFloatLE(weightOf(name), 4 * i);
    return bytes;
  });
  return Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length), ...weights]);
}

/** Metadata of a tiny chat model, as `ggufFile` takes it. */
export const CHAT_MODEL: Record<string, Written> = {
  'general.architecture': { string: 'llama' },
  'general.type': { string: 'model' },
  'general.name': { string: 'Tiny' },
  'general.license': { string: 'apache-2.0' },
  'general.file_type': { uint32: 1 },
  'llama.context_length': { uint32: 512 },
  'llama.attention.layer_norm_rms_epsilon': { float32: 1e-5 },
  'tokenizer.ggml.tokens': { strings: ['<s>', 'a', 'b', '<|im_end|>'] },
  'tokenizer.ggml.token_type': { int32s: [3, 1, 1, 3] },
  'tokenizer.chat_template': { string: '{% for m in messages %}{{ m.content }}{% endfor %}' },
};

function written(value: Written): Buffer {
  if ('string' in value) return Buffer.concat([uint32(8), text(value.string)]);
  if ('uint32' in value) return Buffer.concat([uint32(4), uint32(value.uint32)]);
  if ('strings' in value) return Buffer.concat([uint32(9), uint32(8), uint64(value.strings.length), ...value.strings.map(text)]);
  if ('int32s' in value) return Buffer.concat([uint32(9), uint32(5), uint64(value.int32s.length), ...value.int32s.map(uint32)]);
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value.float32);
  return Buffer.concat([uint32(6), bytes]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

const padded = (length: number) => Math.ceil(length / 32) * 32;
const elements = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
