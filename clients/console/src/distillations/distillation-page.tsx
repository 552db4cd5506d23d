import { Skeleton } from '@mantine/core';
import { IconArrowNarrowRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { Distillation } from '../../../../contracts/distil.ts';
import { distillationQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RunTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import { EventsPanel } from './events-panel.tsx';
import { LineagePanel } from './lineage-panel.tsx';
import { LabelsPanel } from './labels-panel.tsx';
import { ReportCard } from './report-card.tsx';
import { RunActions } from './run-actions.tsx';
import { RunFigures } from './run-figures.tsx';
import { RunNotices } from './run-notices.tsx';
import { StageTimeline } from './stage-timeline.tsx';
import { TrainingPanel } from './training-panel.tsx';
import { useRunEvents } from './use-run-events.ts';
import classes from './distillation.module.css';

const PARENT = { label: 'Distillations', to: '/distillations' } as const;

/** One run, followed live: where it stands, what came out, and whether the student is good enough. */
export function DistillationPage() {
  const { name } = useParams({ from: '/distillations/$name' });
  const query = useQuery(distillationQuery(useApi(), name));
  const run = query.data;
  return (
    <Page
      title={name}
      parent={PARENT}
      tag={run && <RunTag status={run.status} />}
      lead={run ? <RunLead run={run} /> : ' '}
      actions={run && <RunActions run={run} />}
    >
      <Loaded query={query} skeleton={<RunSkeleton />}>
        {(loaded) => <Run run={loaded} />}
      </Loaded>
    </Page>
  );
}

function Run({ run }: { run: Distillation }) {
  const events = useRunEvents(run.name);
  return (
    <>
      <RunNotices run={run} />
      <RunFigures run={run} />
      <div className={classes.columns}>
        <div className={classes.stack}>
          <StageTimeline run={run} />
          <LineagePanel run={run} />
        </div>
        <div className={classes.stack}>
          {!run.evaluation && trains(run) && <TrainingPanel run={run} />}
          {run.evaluation ? <ReportCard evaluation={run.evaluation} usedGold={run.usedGold} /> : <NoReportYet run={run} />}
          {run.evaluation && <LabelsPanel evaluation={run.evaluation} />}
          {run.evaluation && trains(run) && <TrainingPanel run={run} />}
          <EventsPanel events={events} />
        </div>
      </div>
    </>
  );
}

/** An encoder is fitted in one go: there is nothing to follow. */
function trains({ input }: Distillation): boolean {
  return input.student !== 'encoder' && input.until === null;
}

function RunLead({ run }: { run: Distillation }) {
  return (
    <span className={classes.loop}>
      <TargetName target={run.teacher ?? run.input.teacher ?? ''} />
      <IconArrowNarrowRight size={16} aria-label="teaches" />
      {run.student ? <TargetName target={run.student} /> : <span>{run.endedAt ? 'no student' : 'a student to come'}</span>}
    </span>
  );
}

function NoReportYet({ run }: { run: Distillation }) {
  const sentence =
    run.input.until === 'curate'
      ? 'This run ends with the curated training data; nothing is trained or compared.'
      : run.endedAt
        ? 'The run ended before the student could be compared with its teacher.'
        : 'The student is compared with its teacher on the test split once it is trained and exported. The alias moves only after that.';
  return (
    <Panel title="Report card">
      <span className="dimmed">{sentence}</span>
    </Panel>
  );
}

const RunSkeleton = () => (
  <div className={classes.stack}>
    <Skeleton height={82} radius="lg" />
    <div className={classes.columns}>
      <Skeleton height={520} radius="lg" />
      <Skeleton height={520} radius="lg" />
    </div>
  </div>
);
