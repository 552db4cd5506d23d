import type { Distillation } from '../../../../contracts/distil.ts';

/** Whether the run stands before its last step until somebody approves it. */
export function waitsForPerson(run: Distillation): boolean {
  const open = run.status === 'running' || run.status === 'paused';
  return open && run.input.approval && run.stage === 'alias' && run.aliasMoved === null && run.evaluation?.decision === 'not_worse';
}
