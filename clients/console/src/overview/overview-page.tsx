import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense, lazy } from 'react';
import type { Overview } from '../../../../contracts/http.ts';
import { overviewQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { DayFigures } from './day-figures.tsx';
import { FirstSteps } from './first-steps.tsx';
import { NewestRuns } from './newest-runs.tsx';
import { PartsPanel } from './parts-panel.tsx';
import { TargetsPanel } from './targets-panel.tsx';
import { WhoAnswers } from './who-answers.tsx';
import classes from './overview.module.css';

// The charts' library is larger than everything else on the page.
const DayCharts = lazy(async () => ({ default: (await import('./day-charts.tsx')).DayCharts }));

/** The last 24 hours, who answers today, and how the stack stands. */
export function OverviewPage() {
  const query = useQuery(overviewQuery(useApi()));
  const lead = query.data ? (
    <>
      The last 24 hours, as of <RelativeTime at={new Date(query.dataUpdatedAt).toISOString()} />
    </>
  ) : (
    'The last 24 hours'
  );
  return (
    <Page title="Overview" lead={lead}>
      <Loaded query={query} skeleton={<OverviewSkeleton />}>
        {(overview) => <Day overview={overview} />}
      </Loaded>
    </Page>
  );
}

function Day({ overview }: { overview: Overview }) {
  return (
    <>
      <DayFigures overview={overview} />
      <WhoAnswers />
      {overview.calls === 0 && overview.clickhouse === 'up' ? (
        <FirstSteps />
      ) : (
        <Suspense fallback={<ChartsSkeleton />}>
          <DayCharts overview={overview} />
        </Suspense>
      )}
      <div className={overview.byTarget.length > 0 ? classes.columns : classes.stack}>
        <TargetsPanel overview={overview} />
        <PartsPanel overview={overview} />
      </div>
      <NewestRuns />
    </>
  );
}

const ChartsSkeleton = () => (
  <div className={classes.charts}>
    <Skeleton height={282} radius="lg" />
    <Skeleton height={282} radius="lg" />
  </div>
);

const OverviewSkeleton = () => (
  <div className={classes.stack}>
    <Skeleton height={97} radius="lg" />
    <Skeleton height={140} radius="lg" />
    <ChartsSkeleton />
  </div>
);
