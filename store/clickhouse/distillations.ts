import { z } from 'zod';
import { Distillation, DistillationEvent } from '../../contracts/distil.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const Row = z.object({ value: z.string() });

const READ = defineQuery({
  name: 'read a distillation',
  sql: `SELECT value FROM ${TABLES.distillations} WHERE project = {project:String} AND name = {name:String} ORDER BY updated_at DESC, inserted_at DESC LIMIT 1`,
  parameters: z.object({ project: z.string(), name: z.string() }),
  row: Row,
});

const LIST = defineQuery({
  name: 'list distillations',
  sql: `SELECT value FROM (SELECT name, updated_at, value FROM ${TABLES.distillations} WHERE project = {project:String}
    ORDER BY updated_at DESC, inserted_at DESC LIMIT 1 BY name) ORDER BY updated_at DESC, name`,
  parameters: z.object({ project: z.string() }),
  row: Row,
});

const EVENTS_AFTER = defineQuery({
  name: 'events of a distillation',
  sql: `SELECT sequence, at, stage, kind, message, data FROM ${TABLES.distillationEvents}
    WHERE project = {project:String} AND name = {name:String} AND sequence > {sequence:UInt32}
      AND run_id = if({run:String} != '', {run:String}, (SELECT argMax(run_id, at) FROM ${TABLES.distillationEvents} WHERE project = {project:String} AND name = {name:String}))
    ORDER BY sequence LIMIT 1 BY sequence LIMIT 10000`,
  parameters: z.object({ project: z.string(), name: z.string(), sequence: z.number().int().nonnegative(), run: z.string() }),
  row: z.object({ sequence: z.number(), at: z.string(), stage: z.string(), kind: z.string(), message: z.string(), data: z.string() }),
});

/** Records a run's state; of several records the newest `updatedAt` counts. */
export async function recordDistillation(client: ClickHouseClient, distillation: Distillation): Promise<void> {
  const row = {
    project: distillation.project,
    name: distillation.name,
    run_id: distillation.runId,
    status: distillation.status,
    updated_at: distillation.updatedAt,
    value: JSON.stringify(distillation),
  };
  await insertRows(client, TABLES.distillations, [row], contentToken('distillation', row));
}

/** The last recorded state of a distillation; null where there is none. */
export async function readDistillation(client: ClickHouseClient, project: string, name: string): Promise<Distillation | null> {
  const [row] = await runQuery(client, READ, { project, name });
  return row ? Distillation.parse(JSON.parse(row.value)) : null;
}

/** The last recorded state of each distillation, the latest changed first. */
export async function listDistillations(client: ClickHouseClient, project: string): Promise<Distillation[]> {
  return (await runQuery(client, LIST, { project })).map((row) => Distillation.parse(JSON.parse(row.value)));
}

/** Appends events of a run; the same ones again are dropped. */
export async function appendDistillationEvents(
  client: ClickHouseClient,
  project: string,
  name: string,
  runId: string,
  events: readonly DistillationEvent[],
): Promise<void> {
  const rows = events.map((event) => ({
    project,
    name,
    run_id: runId,
    sequence: event.sequence,
    at: event.at,
    stage: event.stage ?? '',
    kind: event.kind,
    message: event.message,
    data: JSON.stringify(event.data),
  }));
  await insertRows(client, TABLES.distillationEvents, rows, contentToken('events', rows));
}

/** Events after a sequence in order, at most 10,000; by default of the newest run of that name. */
export async function distillationEventsAfter(
  client: ClickHouseClient,
  project: string,
  name: string,
  sequence: number,
  runId?: string,
): Promise<DistillationEvent[]> {
  const rows = await runQuery(client, EVENTS_AFTER, { project, name, sequence, run: runId ?? '' });
  return rows.map((row) => DistillationEvent.parse({ ...row, stage: row.stage === '' ? null : row.stage, data: JSON.parse(row.data) }));
}
