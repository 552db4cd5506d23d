import { Button, Skeleton } from '@mantine/core';
import { IconDatabase, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { Dataset } from '../../../../contracts/datasets.ts';
import { datasetsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Empty } from '../components/empty.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { DatasetTag } from '../components/status-tag.tsx';
import { formatCount } from '../format/numbers.ts';
import { sourceInWords } from './source-in-words.ts';

const COLUMNS: Column<Dataset>[] = [
  {
    label: 'Dataset',
    cell: ({ name }) => (
      <Link to="/datasets/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { label: 'Status', card: 'beside', cell: ({ status }) => <DatasetTag status={status} /> },
  { label: 'Version', card: 'hidden', number: true, cell: ({ version }) => version },
  { label: 'From', cell: ({ source }) => sourceInWords(source) },
  { label: 'Rows', number: true, cell: ({ rows }) => formatCount(rows.train + rows.validation + rows.test) },
  { label: 'Labels', number: true, cell: ({ task, labels }) => (task.kind === 'label' ? formatCount(Object.keys(labels).length) : '–') },
  { label: 'Gold', number: true, cell: ({ goldRows }) => formatCount(goldRows) },
  { label: 'Built', number: true, cell: ({ updatedAt }) => <RelativeTime at={updatedAt} /> },
];

/** All datasets, each at its newest version. */
export function DatasetsPage() {
  const query = useQuery(datasetsQuery(useApi()));
  const navigate = useNavigate();
  return (
    <Page
      title="Datasets"
      lead="Immutable, versioned rows from your traces or a file, split so that near-duplicates never cross."
      actions={
        <Button leftSection={<IconPlus size={16} />} renderRoot={(props) => <Link to="/new-dataset" {...props} />}>
          New dataset
        </Button>
      }
    >
      <Loaded query={query} skeleton={<Skeleton height={220} radius="lg" />}>
        {(datasets) => (
          <Panel flush>
            {datasets.length === 0 ? (
              <NoDatasets />
            ) : (
              <DataTable
                caption="Datasets"
                items={datasets}
                columns={COLUMNS}
                rowKey={({ name }) => name}
                onRow={({ name }) => void navigate({ to: '/datasets/$name', params: { name } })}
              />
            )}
          </Panel>
        )}
      </Loaded>
    </Page>
  );
}

const NoDatasets = () => (
  <Empty
    icon={<IconDatabase size={34} stroke={1.4} />}
    title="No dataset yet"
    next={<CommandLine command="npm run stillhouse -- datasets create support --alias support --task label" />}
  >
    A dataset is made of the traces of an alias, a time range or a metadata pair. Failed and interrupted calls stay out.
  </Empty>
);
