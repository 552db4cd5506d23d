import { STAGES } from '../../contracts/distil.ts';
import type { DistilInput, Distillation } from '../../contracts/distil.ts';
import { workflowIds } from '../../contracts/names.ts';

/** The state of a run before its first step. */
export function startingState(input: DistilInput, name: string, runId: string, startedAt: Date): Distillation {
  const at = startedAt.toISOString();
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
    workflowId: workflowIds.distil(input.project, name),
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
