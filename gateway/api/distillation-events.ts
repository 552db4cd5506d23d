import { createRoute, z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import type { SSEStreamingApi } from 'hono/streaming';
import type { Distillation } from '../../contracts/distil.ts';
import { distillationEventsAfter } from '../../store/clickhouse/distillations.ts';
import { NamedPath } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { hasEnded } from './distillation-run.ts';
import { distillationState } from './distillation-state.ts';
import { findDistillation } from './distillations.ts';
import { apiRouter, refusals } from './openapi.ts';
import { unlessDown } from './outages.ts';

/** ClickHouse and the run are asked this often a stream. */
const POLL_MS = 1_000;
/** A run's last event may be recorded a moment after its state says that it has ended; one cut off from outside has none. */
const LAST_POLLS = 2;
/** A comment goes out after this silence, so that proxies keep the connection. */
const HEARTBEAT_MS = 15_000;

const follow = createRoute({
  method: 'get',
  path: '/distillations/{name}/events',
  tags: ['distillations'],
  summary: 'Follow a run as server-sent events',
  description:
    'Messages `event` carry a DistillationEvent, their id is its sequence; messages `state` carry the Distillation as it stands. Resumes after `last-event-id`; ends when the run has ended.',
  request: { params: NamedPath, headers: z.object({ 'last-event-id': z.coerce.number().int().min(0).optional() }) },
  responses: { 200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } }, ...refusals },
});

/** A run's events, live. */
export function distillationEventRoutes(deps: ApiDeps) {
  return apiRouter().openapi(follow, async (c) => {
    const { project } = c.get('caller');
    const { name } = c.req.valid('param');
    const first = await findDistillation(deps, project, name);
    const after = c.req.valid('header')['last-event-id'] ?? 0;
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, (stream) => followRun(deps, stream, project, first, after));
  });
}

async function followRun(deps: ApiDeps, stream: SSEStreamingApi, project: string, first: Distillation, after: number): Promise<void> {
  let run = first;
  let sequence = after;
  let sent = '';
  let silentSince = deps.now();
  let pollsSinceEnd = 0;
  while (!stream.aborted) {
    const events = await unlessDown(() => distillationEventsAfter(deps.clickhouse, project, run.name, sequence, run.runId), []);
    for (const event of events) {
      await stream.writeSSE({ event: 'event', id: String(event.sequence), data: JSON.stringify(event) });
      sequence = event.sequence;
    }
    const saidItsEnd = events.some(({ kind }) => kind === 'completed' || kind === 'failed' || kind === 'cancelled');
    const isOver = hasEnded(run.status) && (saidItsEnd || pollsSinceEnd++ >= LAST_POLLS);
    const state = JSON.stringify(run);
    // readers stop at a state that has ended: it comes last
    if (state !== sent && (isOver || !hasEnded(run.status))) {
      await stream.writeSSE({ event: 'state', data: state });
      sent = state;
      silentSince = deps.now();
    }
    if (isOver) return;
    if (events.length > 0) silentSince = deps.now();
    if (deps.now() - silentSince >= HEARTBEAT_MS) {
      await stream.write(': still here\n\n');
      silentSince = deps.now();
    }
    await stream.sleep(POLL_MS);
    run = (await unlessDown(() => distillationState(deps, project, run.name), null)) ?? run;
  }
}
