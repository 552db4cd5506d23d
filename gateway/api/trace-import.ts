import type { ReadableStream } from 'node:stream/web';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { blankImport, ImportQuery, TraceImport, type WaitingImport } from '../../contracts/imports.ts';
import { MESSAGES, QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { forgetImport, importFileKey, readImport } from '../../store/artifacts/imports.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, named } from './openapi.ts';
import { CHANGE_TIMEOUT_MS, READ_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';
import { receiveFile } from './upload.ts';
import { describeRun, queryState } from './workflow-runs.ts';

/** It lies on the disk until it is imported. */
const MAX_IMPORT_BYTES = 64 * 1024 ** 3;
const DAY_MS = 24 * 60 * 60_000;

const started = named('TraceImport', TraceImport);
const tags = ['traces'];

const start = createRoute({
  method: 'post',
  path: '/traces/import',
  tags,
  summary: 'Import a log of calls as traces',
  description:
    'JSONL, one call a line: forms of OpenAI, exports of Langfuse, LiteLLM, Helicone, OpenTracy, and of this gateway. The file is kept, then imported by ' +
    'a worker, one file of a project after the other. The same file again is the same import, and a call that is stored already is not stored again, ' +
    'whatever file it comes in.',
  request: {
    query: ImportQuery,
    body: { required: true, content: { 'application/x-ndjson': { schema: z.string().openapi({ format: 'binary' }) } } },
  },
  responses: answers(202, 'The import as it stands; `GET /api/traces/imports/{name}` says how it goes on', started),
});
const show = createRoute({
  method: 'get',
  path: '/traces/imports/{name}',
  tags,
  summary: 'How an import stands',
  description: 'While it runs only `lines` moves; the counts and the lines that were refused come with its end.',
  request: { params: z.object({ name: z.string() }) },
  responses: answers(200, 'The import', started),
});

/** Logs of elsewhere become traces. */
export function traceImportRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(start, async (c) => {
      const { project } = c.get('caller');
      const query = c.req.valid('query');
      const body = c.req.raw.body as ReadableStream<Uint8Array> | null;
      const keep = ({ sha256, path }: { sha256: string; path: string }) => begin(deps, project, query, { sha256, path });
      const begun = await receiveFile(body, { temporaryFolder: deps.temporaryFolder, maxBytes: MAX_IMPORT_BYTES, keep });
      c.header('location', `/api/traces/imports/${begun.name}`);
      return c.json(begun, 202);
    })
    .openapi(show, async (c) => {
      const { name } = c.req.valid('param');
      const found = await importState(deps, c.get('caller').project, name);
      if (found) return c.json(found, 200);
      throw new StillhouseError('not_found', `There is no import "${name}" in this project.`, { param: 'name' });
    });
}

async function begin(
  deps: ApiDeps,
  project: string,
  query: ImportQuery,
  { sha256, path }: { sha256: string; path: string },
): Promise<TraceImport> {
  const at = query.at === undefined ? null : new Date(query.at).toISOString();
  const name = contentHash([sha256, query.format, at]).slice(0, 32);
  const before = await readImport(deps.artifacts, project, name);
  if (before?.status === 'completed' && query.again !== 'true') return before;
  if (before) await forgetImport(deps.artifacts, project, name);
  const { retentionDays, privacy } = deps.snapshots.current(project);
  const now = deps.now();
  const waiting: WaitingImport = {
    name,
    format: query.format,
    at,
    keptSince: retentionDays === null ? null : new Date(now - retentionDays * DAY_MS).toISOString(),
    privacy,
    startedAt: new Date(now).toISOString(),
  };
  await deps.artifacts.putFile(importFileKey(project, name), path);
  await withTemporal(deps, CHANGE_TIMEOUT_MS, (client) =>
    client.workflow.signalWithStart(WORKFLOWS.importTraces, {
      workflowId: workflowIds.importTraces(project),
      taskQueue: QUEUES.main,
      args: [{ project }],
      signal: MESSAGES.importFile,
      signalArgs: [waiting],
    }),
  );
  return blankImport(waiting);
}

async function importState(deps: ApiDeps, project: string, name: string): Promise<TraceImport | null> {
  const ended = await readImport(deps.artifacts, project, name);
  if (ended) return ended;
  if (!/^[0-9a-f]{32}$/.test(name) || !(await deps.artifacts.has(importFileKey(project, name)))) return null;
  return withTemporal(deps, READ_TIMEOUT_MS, async (client) => {
    const run = await describeRun(client, workflowIds.importTraces(project));
    const files = run?.status.name === 'RUNNING' ? await queryState<WaitingImport[]>(client, run) : null;
    const index = files?.findIndex((file) => file.name === name) ?? -1;
    // It may have ended while Temporal was asked.
    if (index < 0) return (await readImport(deps.artifacts, project, name)) ?? unknown(name);
    const waiting = blankImport(files![index]!);
    return index > 0 ? waiting : { ...waiting, status: 'running' as const, lines: await linesSoFar(client, run!.workflowId) };
  });
}

/** Uploaded, and not begun: a worker that is down, or a start that was not acknowledged. */
function unknown(name: string): TraceImport {
  return blankImport({ name, format: 'auto', at: null, keptSince: null, startedAt: '' });
}

/** What the running activity last said of itself. */
async function linesSoFar(client: Client, workflowId: string): Promise<number> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const payload = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0];
  const said = payload ? defaultPayloadConverter.fromPayload<{ lines?: number }>(payload) : {};
  return said.lines ?? 0;
}
