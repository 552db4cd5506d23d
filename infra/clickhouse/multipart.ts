import { EngineFailure } from './engine-failure.ts';

/** Named text fields of a multipart/form-data body: how clients send a long query and its parameters. */
export function multipartFields(body: Buffer, contentType: string): Map<string, string> {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(contentType);
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) throw new EngineFailure(36, 'BAD_ARGUMENTS', 'The multipart body states no boundary.');
  const fields = new Map<string, string>();
  const delimiter = Buffer.from(`--${mark}`);
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    const start = at + delimiter.length + 2;
    const next = body.indexOf(delimiter, start);
    if (next < 0) break;
    const headEnd = body.indexOf('\r\n\r\n', start);
    if (headEnd < 0 || headEnd > next) throw new EngineFailure(36, 'BAD_ARGUMENTS', 'A part of the multipart body has no headers.');
    const name = /name="([^"]*)"/.exec(body.toString('utf8', start, headEnd))?.[1];
    if (name !== undefined) fields.set(name, body.toString('utf8', headEnd + 4, next - 2));
    at = next;
  }
  return fields;
}
