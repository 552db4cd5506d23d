/** How migrations are written for where the database is: one server, or a cluster of replicas. */
export interface ClusterSql {
  /** ` ON CLUSTER name`, or nothing. */
  onCluster: string;
  /** The running queries of all servers. */
  processes: string;
  /** A statement of a migration as it is to be run. */
  rewrite(statement: string): string;
}

const SINGLE: ClusterSql = { onCluster: '', processes: 'system.processes', rewrite: (statement) => statement };

/** Replicas find each other by the table's path; the macros are those that ClickHouse's documentation gives each server. */
const PATH = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";

/** Replicas forget tokens by their age too, after an hour unless told: a migration may be begun again later than that. */
const TOKENS_KEPT_S = 604_800;

/**
 * Migrations for the cluster of that name: every table on all its servers, in their Replicated form. An empty name is one
 * server, and the statements stay as they are.
 */
export function clusterSql(cluster: string): ClusterSql {
  if (cluster === '') return SINGLE;
  const onCluster = ` ON CLUSTER \`${cluster.replaceAll('`', '')}\``;
  return {
    onCluster,
    processes: `clusterAllReplicas(\`${cluster.replaceAll('`', '')}\`, system.processes)`,
    rewrite(statement) {
      return statement
        .replace(
          /^(CREATE TABLE IF NOT EXISTS\s+\S+|CREATE MATERIALIZED VIEW IF NOT EXISTS\s+\S+|CREATE DATABASE IF NOT EXISTS\s+\S+|ALTER TABLE\s+\S+|DROP (?:TABLE|VIEW) IF EXISTS\s+\S+)/i,
          `$1${onCluster}`,
        )
        .replace(
          /\bENGINE\s*=\s*((?:Replacing|Aggregating|Summing|Collapsing)?MergeTree)(?:\(([^)]*)\))?/i,
          (_, engine: string, rest: string | undefined) => {
            const more = rest === undefined || rest.trim() === '' ? '' : `, ${rest}`;
            return `ENGINE = Replicated${engine}(${PATH}${more})`;
          },
        )
        .replaceAll(
          /\bnon_replicated_deduplication_window = (\d+)/g,
          `replicated_deduplication_window = $1, replicated_deduplication_window_seconds = ${TOKENS_KEPT_S}`,
        );
    },
  };
}
