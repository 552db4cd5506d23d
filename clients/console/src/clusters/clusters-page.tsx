import { Skeleton } from '@mantine/core';
import { IconAffiliate } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Cluster, ClusterRun } from '../../../../contracts/clusters.ts';
import { clusterMapQuery, clusterRunsQuery, clustersQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { Empty } from '../components/empty.tsx';
import { Figures } from '../components/figures.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import { BorderChecks } from './border-checks.tsx';
import { ClusterMap } from './cluster-map.tsx';
import { ClusterTable } from './cluster-table.tsx';
import { FindClusters } from './find-clusters.tsx';
import classes from './clusters.module.css';

/** Traffic by intent, what would save most first, and where intents lie to each other. */
export function ClustersPage() {
  const api = useApi();
  const clusters = useQuery(clustersQuery(api));
  const runs = useQuery(clusterRunsQuery(api));
  const newest = runs.data?.find(({ input }) => input.mode === 'cluster');
  const queryClient = useQueryClient();
  const ended = newest?.status === 'completed' ? newest.runId : null;
  useEffect(() => {
    // A run that has ended brings other clusters.
    for (const what of ['list', 'map']) void queryClient.invalidateQueries({ queryKey: ['clusters', what] });
  }, [queryClient, ended]);
  return (
    <Page
      title="Clusters"
      lead="Traffic sorted by what people want, found by embedding, named by a model or by keywords."
      actions={runs.data && <FindClusters last={newest} />}
    >
      {newest && <RunNotice run={newest} />}
      <Loaded query={clusters} skeleton={<Skeleton height={420} radius="lg" />}>
        {(found) => (found.length === 0 ? <NoClusters /> : <Found clusters={found} run={newest} />)}
      </Loaded>
    </Page>
  );
}

function Found({ clusters, run }: { clusters: Cluster[]; run: ClusterRun | undefined }) {
  const map = useQuery(clusterMapQuery(useApi()));
  const traces = clusters.reduce((sum, { size }) => sum + size, 0);
  const outliers = clusters.reduce((sum, one) => sum + one.outliers, 0);
  const savings = clusters.flatMap(({ savingUsdPerMonth: usd }) => (usd !== null && usd > 0 ? [usd] : []));
  return (
    <>
      <Figures
        figures={[
          { name: 'Clusters', value: formatCount(clusters.length), aside: run && <RelativeTime at={run.startedAt} /> },
          { name: 'Traces in them', value: formatCount(traces), aside: `${formatCount(outliers)} outliers` },
          { name: 'Look like one task', value: formatCount(clusters.filter(({ task }) => task.looksLikeOneTask).length) },
          {
            name: 'Could be saved a month',
            value: savings.length === 0 ? '–' : formatUsd(savings.reduce((sum, usd) => sum + usd, 0)),
          },
        ]}
      />
      {map.data && map.data.points.length > 0 && (
        <Panel title="Map" hint="near means alike; a circle is a cluster, a dot a text" flush>
          <ClusterMap points={map.data.points} clusters={clusters.filter((cluster) => cluster.run === map.data.run)} />
        </Panel>
      )}
      <Panel flush>
        <ClusterTable clusters={clusters} />
      </Panel>
      {run && <BorderChecks run={run} />}
    </>
  );
}

function RunNotice({ run }: { run: ClusterRun }) {
  if (run.status === 'failed')
    return (
      <div className={classes.notice} data-tone="bad" role="alert">
        The last run failed: {run.error}
      </div>
    );
  if (run.status === 'running')
    return (
      <div className={classes.notice} role="status">
        A run is under way{run.stage === null ? '' : `: ${run.stage}`}.
      </div>
    );
  if (run.warnings.length === 0) return null;
  return <div className={classes.notice}>{run.warnings.join(' ')}</div>;
}

const NoClusters = () => (
  <Panel flush>
    <Empty
      icon={<IconAffiliate size={34} stroke={1.4} />}
      title="No clusters yet"
      next={<CommandLine command="npm run stillhouse -- clusters run" />}
    >
      A run sorts the recorded calls of your apps by what people want. Pick an intent from it and distil it.
    </Empty>
  </Panel>
);
