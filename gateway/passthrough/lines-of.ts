import { GrowingBytes } from '../../platform/growing-bytes.ts';

const NEWLINE = 10;

/** Lines of a text that streams, the last one too where nothing ends it. Of one that is longer than `longest` bytes, throws what `tooLong` makes. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, longest: number, tooLong: () => Error): AsyncGenerator<string> {
  const line = new GrowingBytes();
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0 && line.length <= longest; end = chunk.indexOf(NEWLINE, from)) {
      line.add(chunk.subarray(from, end));
      from = end + 1;
      yield line.take().toString();
    }
    line.add(chunk.subarray(from));
    if (line.length > longest) throw tooLong();
  }
  yield line.take().toString();
}
