import { Tooltip } from '@mantine/core';
import type { Distillation } from '../../../../contracts/distil.ts';
import { STAGE_WORDS } from '../format/wording.ts';
import classes from './stage-dots.module.css';

/** The seven stages at a glance. */
export function StageDots({ run }: { run: Pick<Distillation, 'stages' | 'stage' | 'status' | 'progress'> }) {
  const label = run.stages.map((stage) => `${STAGE_WORDS[stage.stage].name}: ${stage.status}`).join(', ');
  const running = run.status === 'running' || run.status === 'paused';
  return (
    <Tooltip label={label} multiline maw={260}>
      <span className={classes.dots} role="img" aria-label={label}>
        {run.stages.map((stage) => (
          <span key={stage.stage} className={classes.dot} data-status={stage.status} />
        ))}
        {running && run.stage && (
          <span className={`${classes.word} numbers`}>{`${STAGE_WORDS[run.stage].name} ${Math.round(run.progress * 100)} %`}</span>
        )}
      </span>
    </Tooltip>
  );
}
