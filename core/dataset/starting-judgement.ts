import type { JudgeDatasetInput, Judgement } from '../../contracts/dataset-judging.ts';

/** The state of a judge's run that has begun and done nothing yet. `at`: when, as an ISO time. */
export function startingJudgement(
  input: JudgeDatasetInput,
  run: { name: string; workflowId: string; runId: string; at: string },
): Judgement {
  const { at, ...identity } = run;
  return {
    project: input.project,
    dataset: input.dataset,
    version: input.version ?? null,
    ...identity,
    status: 'running',
    input,
    counts: { rows: 0, judged: 0, kept: 0, dropped: 0, unparsed: 0, unasked: 0, reused: 0, scores: 0 },
    capReached: false,
    spentUsd: 0,
    error: null,
    startedAt: at,
    updatedAt: at,
    endedAt: null,
    stale: false,
  };
}
