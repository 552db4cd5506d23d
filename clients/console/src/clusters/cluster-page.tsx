import { Button, Skeleton } from '@mantine/core';
import { IconDatabase } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ClusterDetail } from '../../../../contracts/clusters.ts';
import { clusterMapQuery, clusterQuery, clustersQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Facts } from '../components/facts.tsx';
import { Figures } from '../components/figures.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount, formatPercent } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import { ClusterMap } from './cluster-map.tsx';
import { Members } from './members.tsx';
import { RenameForm } from './rename-form.tsx';
import classes from './clusters.module.css';

const NAMED_BY = { person: 'Named by a person', model: 'Named by a model', keywords: 'Keywords: no model has named it' } as const;

/** One cluster: what it is, what it costs, who is in it, and who nearly is. */
export function ClusterPage() {
  const { id } = useParams({ from: '/clusters/$id' });
  const query = useQuery(clusterQuery(useApi(), id));
  const cluster = query.data;
  return (
    <Page
      title={cluster?.name ?? id}
      parent={{ label: 'Clusters', to: '/clusters' }}
      lead={cluster ? cluster.description || NAMED_BY[cluster.namedBy] : ' '}
      actions={cluster && <MakeDataset cluster={cluster} />}
    >
      <Loaded query={query} skeleton={<Skeleton height={520} radius="lg" />}>
        {(loaded) => <Content cluster={loaded} />}
      </Loaded>
    </Page>
  );
}

/** A dataset of its traces, as the task that its answers look like. */
function MakeDataset({ cluster: { id, task } }: { cluster: ClusterDetail }) {
  const kind = task.kind === 'label' || task.kind === 'json' ? task.kind : ('text' as const);
  return (
    <Button
      leftSection={<IconDatabase size={16} />}
      renderRoot={(props) => <Link to="/new-dataset" search={{ cluster: id, task: kind }} {...props} />}
    >
      Make a dataset
    </Button>
  );
}

function Content({ cluster }: { cluster: ClusterDetail }) {
  const { task } = cluster;
  return (
    <>
      <Figures
        figures={[
          { name: 'Traces', value: formatCount(cluster.size), aside: `${formatPercent(cluster.share)} of all` },
          {
            name: 'Cost',
            value: formatUsd(cluster.costUsd),
            aside: cluster.costShare === null ? null : `${formatPercent(cluster.costShare)} of all`,
          },
          { name: 'Errors', value: formatPercent(cluster.errorShare), aside: formatCount(cluster.errors), bad: cluster.errorShare > 0.05 },
          { name: 'Saves a month', value: formatUsd(cluster.savingUsdPerMonth), aside: task.student && `as ${task.student}` },
        ]}
      />
      <div className={classes.columns}>
        <div className={classes.stack}>
          <Panel title="What belongs to it">
            <Facts
              facts={{
                Belongs: cluster.inclusion,
                'Does not': cluster.exclusion,
                Keywords: cluster.keywords.join(', '),
                Name: NAMED_BY[cluster.namedBy],
              }}
            />
          </Panel>
          <Panel title="How it looks">
            <Facts
              facts={{
                'One task': `${task.looksLikeOneTask ? 'Yes' : 'No'}. ${task.reason}`,
                Student: task.student,
                Answers: task.labels.slice(0, 6).join(', ') || task.fields.slice(0, 8).join(', '),
                Coherence: cluster.coherence.toFixed(2),
                Drift: cluster.drift === null ? null : cluster.drift.toFixed(3),
                Outliers: formatCount(cluster.outliers),
                'Median latency': formatMs(cluster.p50Ms),
                Alias: cluster.alias,
                Run: cluster.run,
              }}
            />
          </Panel>
          <Panel title="Call it something else" hint="your words win, and stay">
            <RenameForm key={cluster.name} cluster={cluster} />
          </Panel>
        </div>
        <div className={classes.stack}>
          <MapPanel cluster={cluster} />
          <Panel title="Nearest the centre" flush>
            <Members members={cluster.nearest} />
          </Panel>
          {cluster.borderline.length > 0 && (
            <Panel title="Nearly another cluster’s" flush>
              <Members members={cluster.borderline} />
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

function MapPanel({ cluster }: { cluster: ClusterDetail }) {
  const api = useApi();
  const map = useQuery(clusterMapQuery(api));
  const clusters = useQuery(clustersQuery(api));
  if (!map.data || !clusters.data || map.data.run !== cluster.run) return null;
  return (
    <Panel title="Where it lies" flush>
      <ClusterMap points={map.data.points} clusters={clusters.data.filter(({ run }) => run === cluster.run)} selected={cluster.id} />
    </Panel>
  );
}
