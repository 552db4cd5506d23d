import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { ClusterPlan } from '../activities/clusters/cluster-plan.ts';
import {
  CLUSTER_STAGES,
  ClusterCounts,
  type ClusterRun,
  type ClusterStage,
  type ClusterTracesInput,
  type EmbedderIdentity,
} from '../contracts/clusters.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { startingClusterRun } from '../core/clusters/starting-run.ts';

/** The name of a run that a schedule started: Temporal adds the time to the schedule's workflow id. null: no schedule did. */
export function nameOfSchedule(workflowId: string): string | null {
  const last = workflowId.split('/').at(-1)!;
  return /-\d{4}-\d\d-\d\dT[\d:]+Z$/.test(last) ? last.replaceAll(':', '') : null;
}

/** What a run knows of itself: the answer of its `state` query. */
export class ClusterState {
  readonly state: ClusterRun;
  /** Set once the run has one. */
  plan: ClusterPlan | null = null;

  constructor(input: ClusterTracesInput, run: Parameters<typeof startingClusterRun>[1]) {
    this.state = startingClusterRun(input, run);
    search('project', input.project);
    if (input.source.alias !== undefined) search('alias', input.source.alias);
    this.#touch();
  }

  begin(stage: ClusterStage): void {
    this.state.stage = stage;
    search('stage', stage);
    this.#touch();
  }

  /** Takes over what a stage has counted; what else it says is not state. */
  count(counts: Partial<ClusterCounts>): void {
    for (const name of Object.keys(ClusterCounts.shape) as (keyof ClusterCounts)[])
      if (counts[name] !== undefined) this.state.counts[name] = counts[name];
    this.#touch();
  }

  embedder({ name, sha256, dimensions }: EmbedderIdentity): void {
    this.state.embedder = { name, sha256, dimensions };
  }

  map(map: ArtifactRef): void {
    this.state.map = map;
  }

  spent(usd: number): void {
    this.state.spentUsd = usd;
  }

  warn(message: string): void {
    this.state.warnings.push(message);
    this.#touch();
  }

  close(status: 'completed' | 'failed' | 'cancelled', error: string | null): void {
    this.state.status = status;
    this.state.error = error;
    this.state.endedAt = new Date().toISOString();
    search('stage', status);
    this.#touch();
  }

  #touch(): void {
    this.state.updatedAt = new Date().toISOString();
    setCurrentDetails(detailsOf(this.state));
  }
}

function search(attribute: keyof typeof SEARCH_ATTRIBUTES, value: string): void {
  upsertSearchAttributes([{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[attribute], 'KEYWORD'), value }]);
}

/** Markdown for Temporal's UI. */
function detailsOf({ status, stage, counts, spentUsd, warnings, error }: ClusterRun): string {
  const place = stage === null ? -1 : CLUSTER_STAGES.indexOf(stage);
  const mark = (i: number) => (status === 'completed' || i < place ? '✓' : i === place ? (status === 'running' ? '▶' : '✗') : '·');
  const facts = Object.entries(counts).filter(([, value]) => value !== null);
  return [
    `**${status}** · $${spentUsd.toFixed(4)}`,
    '',
    ...CLUSTER_STAGES.map((known, i) => `- ${mark(i)} **${known}**`),
    '',
    facts.map(([name, value]) => `${name} ${value}`).join(', '),
    ...warnings.map((warning) => `\n> ${warning}`),
    ...(error === null ? [] : [`\n**${error}**`]),
  ].join('\n');
}
