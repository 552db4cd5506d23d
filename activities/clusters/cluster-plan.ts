import type { ClusterTracesInput } from '../../contracts/clusters.ts';
import type { Price } from '../../core/candidates/call-bounds.ts';
import type { AssigningRun } from '../../store/clickhouse/cluster-assignments.ts';

/** Which run it is, as its records and artifacts name it. */
export interface ClusterRunIdentity extends AssigningRun {
  name: string;
  scope: string;
}

/** What is fixed before the first stage, so that every attempt of every stage starts from the same. */
export interface ClusterPlan {
  input: ClusterTracesInput;
  run: ClusterRunIdentity;
  /** Exclusive: later traces are not this run's. */
  until: string;
  /** Where a run that only assigns begins: what is older was there when the clusters were found. Absent: at the source's beginning. */
  since?: string | undefined;
  /** What the model that names costs; null: keywords. */
  namingPrice: Price | null;
  /** The run whose clusters are continued, or assigned to; null: there is none. */
  predecessor: { runId: string; at: string } | null;
}

/** Where the run's artifacts lie. */
export function workFolder({ run }: Pick<ClusterPlan, 'run'>): string {
  return `clusters/${run.project}/${run.name}/${run.runId}`;
}
