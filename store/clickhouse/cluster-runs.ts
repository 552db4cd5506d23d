import { z } from 'zod';
import { ClusterRun } from '../../contracts/clusters.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const Row = z.object({ value: z.string() });

const READ = defineQuery({
  name: 'read a run of clusters',
  sql: `SELECT value FROM ${TABLES.clusterRuns} WHERE project = {project:String} AND name = {name:String} ORDER BY updated_at DESC, inserted_at DESC LIMIT 1`,
  parameters: z.object({ project: z.string(), name: z.string() }),
  row: Row,
});

const LIST = defineQuery({
  name: 'list runs of clusters',
  sql: `SELECT value FROM (SELECT name, started_at, updated_at, inserted_at, value FROM ${TABLES.clusterRuns} WHERE project = {project:String}
    ORDER BY updated_at DESC, inserted_at DESC LIMIT 1 BY name) ORDER BY started_at DESC, name LIMIT {limit:UInt32}`,
  parameters: z.object({ project: z.string(), limit: z.number().int().positive() }),
  row: Row,
});

const NEWEST = defineQuery({
  name: 'newest completed runs of clusters by scope',
  // One that came upon no calls has found none: the clusters before it stay, with their identities and names.
  sql: `SELECT value FROM ${TABLES.clusterRuns} WHERE project = {project:String} AND mode = 'cluster' AND status = 'completed'
      AND JSONExtractRaw(value, 'counts', 'clusters') != '0'
    ORDER BY started_at DESC, updated_at DESC, inserted_at DESC LIMIT 1 BY scope`,
  parameters: z.object({ project: z.string() }),
  row: Row,
});

/** Records a run's state; of several records the newest `updatedAt` counts. */
export async function recordClusterRun(client: ClickHouseClient, run: ClusterRun): Promise<void> {
  const row = {
    project: run.project,
    name: run.name,
    run_id: run.runId,
    scope: run.scope,
    mode: run.input.mode,
    status: run.status,
    started_at: run.startedAt,
    updated_at: run.updatedAt,
    value: JSON.stringify(run),
  };
  await insertRows(client, TABLES.clusterRuns, [row], contentToken('cluster-run', row));
}

/** The last recorded state of the newest run of that name; null where there is none. */
export async function readClusterRun(client: ClickHouseClient, project: string, name: string): Promise<ClusterRun | null> {
  const [row] = await runQuery(client, READ, { project, name });
  return row ? parse(row) : null;
}

/** The last recorded states of runs, the latest begun first. */
export async function listClusterRuns(client: ClickHouseClient, project: string, limit = 100): Promise<ClusterRun[]> {
  return (await runQuery(client, LIST, { project, limit })).map(parse);
}

/** Of each scope the newest run that found clusters, the latest begun first: these clusters are the project's. */
export async function newestClusterRuns(client: ClickHouseClient, project: string): Promise<ClusterRun[]> {
  return (await runQuery(client, NEWEST, { project })).map(parse);
}

function parse(row: { value: string }): ClusterRun {
  return ClusterRun.parse(JSON.parse(row.value));
}
