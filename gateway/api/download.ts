import { Readable } from 'node:stream';

/** A file that is streamed. What fails at once is said with its status; what fails later breaks the connection. */
export async function download(bytes: AsyncGenerator<Uint8Array>, { type, file }: { type: string; file: string }): Promise<Response> {
  const first = await bytes.next();
  const rest = async function* () {
    if (!first.done) yield first.value;
    yield* bytes;
  };
  const headers = {
    'content-type': type,
    'content-disposition': `attachment; filename="${file}"`,
    'x-content-type-options': 'nosniff',
  };
  return new Response(Readable.toWeb(Readable.from(rest(), { objectMode: false })) as ReadableStream, { status: 200, headers });
}
