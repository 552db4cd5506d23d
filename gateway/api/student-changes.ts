import type { ReadableStream } from 'node:stream/web';
import { createRoute, z } from '@hono/zod-openapi';
import { Student } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { MESSAGES } from '../../contracts/names.ts';
import { MODEL_FILE_KINDS, StudentImport, StudentPlacement, UploadedModelFile } from '../../contracts/students.ts';
import { IdempotencyHeader, NamedPath } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { receiveModelFile } from './model-files.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, jsonBody, named } from './openapi.ts';
import { changeRegistry } from './registry-updates.ts';
import { importedStudent } from './student-import.ts';

const tags = ['students'];

const upload = createRoute({
  method: 'post',
  path: '/students/{name}/files',
  tags,
  summary: 'Upload a file of a model',
  description:
    'GGUF, safetensors or JSON, told apart by their content; `kind=floats` for the numbers of an encoder. A damaged file and a pickle are refused. The same content again is the same file.',
  request: {
    params: NamedPath,
    query: z.object({ kind: z.enum(MODEL_FILE_KINDS).optional() }),
    body: { required: true, content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } } },
  },
  responses: answers(201, 'The file is kept; `sha256` goes into the import', named('UploadedModelFile', UploadedModelFile)),
});
const create = createRoute({
  method: 'post',
  path: '/students',
  tags,
  summary: 'Import a model that was trained elsewhere',
  description:
    'Of files that were uploaded before: a whole GGUF, an adapter on a base of a student that is here, or an encoder of another Stillhouse. The student is marked as not evaluated.',
  request: { headers: IdempotencyHeader, body: jsonBody(named('StudentImport', StudentImport)) },
  responses: answers(201, 'The student', named('Student', Student)),
});
const place = createRoute({
  method: 'put',
  path: '/students/{name}/placement',
  tags,
  summary: 'Say which student server serves a language model',
  request: { params: NamedPath, headers: IdempotencyHeader, body: jsonBody(named('StudentPlacement', StudentPlacement)) },
  responses: answers(200, 'The student as it stands now', named('Student', Student)),
});

/** Imports and placements: through the registry, as all state. */
export function studentChangeRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(upload, async (c) => {
      const body = c.req.raw.body as ReadableStream<Uint8Array> | null;
      return c.json(await receiveModelFile(body, c.req.valid('query').kind, deps), 201);
    })
    .openapi(create, async (c) => {
      const caller = c.get('caller');
      const snapshot = deps.snapshots.current(caller.project);
      const at = new Date(deps.now()).toISOString();
      const student = await importedStudent({ artifacts: deps.artifacts, snapshot, request: c.req.valid('json'), at });
      const key = c.req.valid('header')['idempotency-key'];
      return c.json(await changeRegistry<Student>(deps, caller, MESSAGES.putStudent, { student }, key), 201);
    })
    .openapi(place, async (c) => {
      const { server } = c.req.valid('json');
      if (server !== null && server !== 'local' && !deps.studentServers.includes(server))
        throw new StillhouseError('not_found', `server: ${nameNearest('student server', server, ['local', ...deps.studentServers])}`, {
          param: 'server',
        });
      const change = { name: c.req.valid('param').name, placement: server === 'local' ? null : server };
      const key = c.req.valid('header')['idempotency-key'];
      return c.json(await changeRegistry<Student>(deps, c.get('caller'), MESSAGES.placeStudent, change, key), 200);
    });
}
