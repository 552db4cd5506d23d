import { Readable } from 'node:stream';
import { createRoute, z } from '@hono/zod-openapi';
import type { Student } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { StudentFile } from '../../contracts/students.ts';
import { NamedPath } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, pageOf, refusals } from './openapi.ts';
import { studentArtifacts } from './student-artifacts.ts';
import { findStudent } from './students.ts';

const list = createRoute({
  method: 'get',
  path: '/students/{name}/files',
  tags: ['students'],
  summary: 'The files that a student is made of',
  request: { params: NamedPath },
  responses: answers(200, 'The files with their hashes', pageOf('StudentFile', StudentFile)),
});
const download = createRoute({
  method: 'get',
  path: '/students/{name}/files/{file}',
  tags: ['students'],
  summary: 'Download one file of a student',
  description: 'As it was stored; `etag` is the SHA-256 to compare it with.',
  request: { params: NamedPath.extend({ file: z.string().max(100) }) },
  responses: {
    200: {
      description: 'The bytes',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    ...refusals,
  },
});

/** A student's files, out of the artifact store. */
export function studentFileRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(list, async (c) => {
      const files = await studentArtifacts(deps.artifacts, studentOf(deps, c.get('caller').project, c.req.valid('param').name));
      const items = files.map(({ file, ref, about }) => ({ file, bytes: ref.bytes, sha256: ref.sha256, about }));
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(download, async (c) => {
      const { name, file } = c.req.valid('param');
      const files = await studentArtifacts(deps.artifacts, studentOf(deps, c.get('caller').project, name));
      const found = files.find((one) => one.file === file);
      if (!found) {
        const known = files.map((one) => one.file);
        throw new StillhouseError('not_found', `${nameNearest('file', file, known)} Its files: ${known.join(', ')}.`, { param: 'file' });
      }
      const stream = await deps.artifacts.open(found.ref);
      return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, {
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(found.ref.bytes),
          'content-disposition': `attachment; filename="${name}.${found.file}"`,
          etag: `"${found.ref.sha256}"`,
        },
      });
    });
}

function studentOf(deps: ApiDeps, project: string, name: string): Student {
  return findStudent(deps.snapshots.current(project).students, name);
}
