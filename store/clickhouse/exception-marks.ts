import { ClickHouseError } from '@clickhouse/client';

/**
 * The bytes of an answer, whose failure after its first block stands in it behind a mark with the answer's own tag. So
 * much is kept back that a mark in two pieces is seen; what failed throws, so that half a file does not look whole.
 */
export async function* exceptionMarks(stream: AsyncIterable<Buffer>, tag: string | null): AsyncGenerator<Buffer> {
  if (tag === null) {
    yield* stream;
    return;
  }
  const mark = Buffer.from(`__exception__\r\n${tag}`);
  let kept: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = kept.length > 0 ? Buffer.concat([kept, chunk]) : chunk;
    const at = bytes.indexOf(mark);
    if (at >= 0) {
      const said: Buffer[] = [bytes.subarray(at + mark.length)];
      for await (const rest of stream) said.push(rest);
      throw failureOf(Buffer.concat(said).toString());
    }
    const end = Math.max(0, bytes.length - mark.length);
    if (end > 0) yield bytes.subarray(0, end);
    kept = Buffer.from(bytes.subarray(end));
  }
  if (kept.length > 0) yield kept;
}

/** `Code: 241. DB::Exception: … (MEMORY_LIMIT_EXCEEDED)` as the client makes an error of it. */
function failureOf(text: string): ClickHouseError {
  const found = /Code:\s*(\d+)\.\s*(?:DB::Exception:\s*)?([\s\S]*?)\(([A-Z0-9_]+)\)/.exec(text);
  return new ClickHouseError({ code: found?.[1] ?? '0', type: found?.[3] ?? 'UNKNOWN', message: (found?.[2] ?? text).trim() });
}
