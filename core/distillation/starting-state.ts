import { STAGES } from '../../contracts/distil.ts';
import type { DistilInput, Distillation } from '../../contracts/distil.ts';

/** The state of a run before its first step. */
export function startingState(input: DistilInput, run: { name: string; workflowId: string; runId: string; startedAt: Date }): Distillation {
  const { name, workflowId, runId } = run;
  const at = run.startedAt.toISOString();
  const stages = STAGES.map((stage) => ({
    stage,
    status: 'pending' as const,
    startedAt: null,
    endedAt: null,
    done: null,
    total: null,
    summary: {},
  }));
  return {
    project: input.project,
    name,
    workflowId,
    runId,
    status: 'running',
    stage: null,
    progress: 0,
    stages,
    input: { ...input, name },
    dataset: null,
    teacher: input.teacher ?? null,
    spentUsd: 0,
    student: null,
    evaluation: null,
    curated: null,
    usedGold: input.useGold,
    warnings: [],
    error: null,
    aliasMoved: null,
    stale: false,
    startedAt: at,
    endedAt: null,
    updatedAt: at,
  };
}
