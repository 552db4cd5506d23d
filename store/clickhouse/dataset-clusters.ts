import { z } from 'zod';
import type { DatasetSource } from '../../contracts/datasets.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClusterShare } from '../../core/dataset/mixed-bag.ts';
import type { ClickHouseClient } from './connection.ts';
import { datasetChoice } from './dataset-source.ts';
import { defineQuery, runQuery } from './query.ts';
import { FilterParameters, filterConditions, filterParameters } from './trace-filter.ts';

type TracesSource = Extract<DatasetSource, { traces: unknown }>['traces'];

/** The clusters of a source's traces, the largest first; traces that no clustering has seen, and outliers, are not counted. */
export async function clustersOfSource(
  client: ClickHouseClient,
  project: string,
  source: TracesSource,
  untilIso: string,
): Promise<ClusterShare[]> {
  const choice = datasetChoice(source, untilIso);
  const query = defineQuery({
    name: 'clusters of a dataset',
    sql: `SELECT cluster_id, traces, name, system, task FROM (
        SELECT cluster_id, count() AS traces FROM ${TABLES.traceClusters} FINAL
        WHERE project = {project:String} AND NOT outlier
          AND (ts, trace_id) IN (SELECT ts, id FROM ${TABLES.traces} WHERE ${filterConditions(choice).join(' AND ')})
        GROUP BY cluster_id
      ) AS places INNER JOIN (
        SELECT cluster_id, argMax(name, recorded_at) AS name, argMax(system, recorded_at) AS system,
          argMax(JSONExtractString(task, 'kind'), recorded_at) AS task
        FROM ${TABLES.clusters} WHERE project = {project:String} GROUP BY cluster_id
      ) AS known USING cluster_id
      ORDER BY traces DESC, cluster_id LIMIT 1000 SETTINGS do_not_merge_across_partitions_select_final = 1`,
    parameters: FilterParameters,
    row: z.object({ cluster_id: z.string(), traces: z.number(), name: z.string(), system: z.string(), task: z.string() }),
  });
  const rows = await runQuery(client, query, filterParameters(project, choice));
  return rows.map(({ cluster_id: id, ...row }) => ({ id, ...row }));
}

const KNOWN = defineQuery({
  name: 'whether a cluster was found',
  sql: `SELECT count() AS n FROM (SELECT 1 FROM ${TABLES.clusters} WHERE project = {project:String} AND cluster_id = {cluster:String} LIMIT 1)`,
  parameters: z.object({ project: z.string(), cluster: z.string() }),
  row: z.object({ n: z.number() }),
});

/** Whether any run of the project has found a cluster of that id. */
export async function isCluster(client: ClickHouseClient, project: string, id: string): Promise<boolean> {
  return (await runQuery(client, KNOWN, { project, cluster: id }))[0]!.n > 0;
}
