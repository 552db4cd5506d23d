import { Button, Skeleton } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { DatasetView } from '../../../../contracts/datasets.ts';
import { datasetQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Facts } from '../components/facts.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { ShortHash } from '../components/short-hash.tsx';
import { DatasetTag } from '../components/status-tag.tsx';
import { formatCount } from '../format/numbers.ts';
import { CountBars } from './count-bars.tsx';
import { RowsPanel } from './rows-panel.tsx';
import { sourceInWords } from './source-in-words.ts';
import { SplitFigures } from './split-figures.tsx';
import classes from './dataset.module.css';

/** One dataset: what is in it, what was left out, and its rows. */
export function DatasetPage() {
  const { name } = useParams({ from: '/datasets/$name' });
  const query = useQuery(datasetQuery(useApi(), name));
  const dataset = query.data;
  const distil = (
    <Button
      leftSection={<IconFlask size={16} />}
      renderRoot={(props) => <Link to="/new-distillation" search={{ dataset: name }} {...props} />}
    >
      Distil
    </Button>
  );
  return (
    <Page
      title={name}
      parent={{ label: 'Datasets', to: '/datasets' }}
      tag={dataset && <DatasetTag status={dataset.status} />}
      lead={
        dataset ? (
          <>
            Version {dataset.version}, {dataset.status === 'ready' ? 'built' : 'changed'} <RelativeTime at={dataset.updatedAt} />
          </>
        ) : (
          ' '
        )
      }
      actions={usableVersion(dataset) !== null && distil}
    >
      <Loaded query={query} skeleton={<Skeleton height={480} radius="lg" />}>
        {(loaded) => <Content dataset={loaded} />}
      </Loaded>
    </Page>
  );
}

/** The version that runs and rows use: the newest that is ready. */
function usableVersion(dataset: DatasetView | undefined): number | null {
  return dataset?.status === 'ready' ? dataset.version : (dataset?.newestReady ?? null);
}

function Content({ dataset }: { dataset: DatasetView }) {
  const { labels, skipped, task } = dataset;
  const usable = usableVersion(dataset);
  return (
    <>
      {dataset.error && (
        <div className={classes.notice} data-tone="bad" role="alert">
          {dataset.error}
        </div>
      )}
      {dataset.warnings.length > 0 && <Warnings warnings={dataset.warnings} />}
      <div className={classes.columns}>
        <div className={classes.stack}>
          <SplitFigures rows={dataset.rows} />
          <Panel title="What it is">
            <Facts
              facts={{
                From: sourceInWords(dataset.source),
                Task: task.kind === 'label' ? `label, ${task.labels ? 'a closed set' : 'the answers seen'}` : task.kind,
                Labels: task.kind === 'label' ? formatCount(Object.keys(labels).length) : null,
                'Gold answers': formatCount(dataset.goldRows),
                Hash: <ShortHash hash={dataset.hash} />,
                Made: <RelativeTime at={dataset.createdAt} />,
              }}
            />
          </Panel>
          {Object.keys(skipped).length > 0 && (
            <Panel title="Left out" hint="by reason">
              <CountBars counts={skipped} />
            </Panel>
          )}
        </div>
        <div className={classes.stack}>
          {Object.keys(labels).length > 0 && (
            <Panel title="Labels" hint="how often each was answered">
              <CountBars counts={labels} mono />
            </Panel>
          )}
          {usable !== null && <UsableRows dataset={dataset} version={usable} />}
        </div>
      </div>
    </>
  );
}

/** Rows of the newest version that is ready, which need not be the newest: they can be curated while that one is built, or once it has failed. */
function UsableRows({ dataset, version }: { dataset: DatasetView; version: number }) {
  const isNewest = version === dataset.version;
  const query = useQuery({ ...datasetQuery(useApi(), dataset.name, version), enabled: !isNewest });
  if (isNewest) return <RowsPanel dataset={dataset} />;
  return <Loaded query={query}>{(older) => <RowsPanel dataset={older} />}</Loaded>;
}

const Warnings = ({ warnings }: { warnings: string[] }) => (
  <div className={classes.notice}>
    <ul>
      {warnings.map((warning) => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  </div>
);
