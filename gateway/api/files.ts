import type { ReadableStream } from 'node:stream/web';
import { createRoute, z } from '@hono/zod-openapi';
import { UploadedFile } from '../../contracts/http.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, named } from './openapi.ts';
import { receiveJsonl } from './upload.ts';

const upload = createRoute({
  method: 'post',
  path: '/files',
  tags: ['datasets'],
  summary: 'Upload a JSONL file for a dataset',
  description:
    'One row a line: `{messages, answer?, gold?, tools?, response_format?}`. A bad line refuses the file and is named. The same content again is the same file.',
  request: { body: { required: true, content: { 'application/x-ndjson': { schema: z.string().openapi({ format: 'binary' }) } } } },
  responses: answers(201, 'The file is kept; `file` goes into the source of a dataset', named('UploadedFile', UploadedFile)),
});

/** Uploads; the artifact store keeps them under the hash of their content. */
export function fileRoutes(deps: ApiDeps) {
  return apiRouter().openapi(upload, async (c) => {
    const body = c.req.raw.body as ReadableStream<Uint8Array> | null;
    return c.json(await receiveJsonl(body, deps.temporaryFolder, (key, path) => deps.artifacts.putFile(key, path)), 201);
  });
}
