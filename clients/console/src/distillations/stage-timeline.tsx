import { Progress } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import type { Distillation, StageState } from '../../../../contracts/distil.ts';
import { Panel } from '../components/panel.tsx';
import { formatCount } from '../format/numbers.ts';
import { formatDuration } from '../format/time.ts';
import { useNow } from '../format/use-now.ts';
import { STAGE_WORDS, summaryValue, words } from '../format/wording.ts';
import classes from './stage-timeline.module.css';

/** The seven stages: how long each took, how far the running one is, what came out in numbers. */
export function StageTimeline({ run }: { run: Distillation }) {
  return (
    <Panel title="Stages">
      <ol className={classes.stages}>
        {run.stages.map((stage) => (
          <Stage key={stage.stage} stage={stage} paused={run.status === 'paused'} />
        ))}
      </ol>
    </Panel>
  );
}

function Stage({ stage, paused }: { stage: StageState; paused: boolean }) {
  const { name, does } = STAGE_WORDS[stage.stage];
  const summary = Object.entries(stage.summary);
  const running = stage.status === 'running';
  return (
    <li className={classes.stage} data-status={stage.status}>
      <span className={classes.mark} aria-hidden>
        {stage.status === 'done' && <IconCheck size={12} stroke={3} />}
        {stage.status === 'failed' && <IconX size={12} stroke={3} />}
      </span>
      <div className={classes.head}>
        <span className={classes.name}>{name}</span>
        <StageTime stage={stage} />
      </div>
      {summary.length === 0 && <div className={classes.does}>{does}</div>}
      {running && <StageProgress stage={stage} paused={paused} />}
      {summary.length > 0 && (
        <dl className={classes.numbers}>
          {summary.map(([key, value]) => (
            <Number key={key} name={words(key)} value={summaryValue(key, value)} />
          ))}
        </dl>
      )}
    </li>
  );
}

const Number = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

function StageTime({ stage }: { stage: StageState }) {
  const now = useNow();
  if (!stage.startedAt) return <span className={classes.time}>{stage.status === 'pending' ? '' : stage.status}</span>;
  const took = formatDuration((stage.endedAt ? Date.parse(stage.endedAt) : now) - Date.parse(stage.startedAt));
  return <span className={classes.time}>{stage.status === 'failed' ? `failed after ${took}` : took}</span>;
}

function StageProgress({ stage, paused }: { stage: StageState; paused: boolean }) {
  const { done, total } = stage;
  if (done === null || total === null || total === 0)
    return <Progress className={classes.bar} value={100} size={5} animated={!paused} striped aria-label="running" />;
  return (
    <>
      <Progress className={classes.bar} value={(done / total) * 100} size={5} aria-label={`${done} of ${total}`} />
      <span className={classes.time}>
        {formatCount(done)} of {formatCount(total)}
        {paused && ', paused'}
      </span>
    </>
  );
}
