import { Skeleton } from '@mantine/core';
import { IconCloudComputing } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ProviderView } from '../../../../contracts/providers.ts';
import { useApi } from '../api/project-scope.tsx';
import { providersQuery } from '../api/queries.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Empty } from '../components/empty.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { formatCount } from '../format/numbers.ts';
import { hourColumns, keyInWords, ProviderTag } from './provider-state.tsx';

const COLUMNS: Column<ProviderView>[] = [
  {
    label: 'Provider',
    cell: ({ id }) => (
      <Link to="/providers/$id" params={{ id }}>
        {id}
      </Link>
    ),
  },
  { label: 'State', card: 'beside', cell: (provider) => <ProviderTag provider={provider} /> },
  { label: 'Kind', cell: ({ kind }) => kind },
  { label: 'Key', cell: (provider) => keyInWords(provider) },
  { label: 'Models', number: true, cell: ({ models }) => formatCount(models.length) },
  ...hourColumns<ProviderView>(),
];

/** Whom the gateway calls, and how that went in the last hour. */
export function ProvidersPage() {
  const query = useQuery(providersQuery(useApi()));
  const navigate = useNavigate();
  return (
    <Page
      title="Providers"
      lead="Whom the gateway calls, by stillhouse.yaml. Attempts, errors and latency are those of this project in the last hour."
    >
      <Loaded query={query} skeleton={<Skeleton height={260} radius="lg" />}>
        {(providers) => (
          <Panel flush>
            {providers.length === 0 ? (
              <NoProviders />
            ) : (
              <DataTable
                caption="Providers"
                items={providers}
                columns={COLUMNS}
                rowKey={({ id }) => id}
                onRow={({ id }) => void navigate({ to: '/providers/$id', params: { id } })}
              />
            )}
          </Panel>
        )}
      </Loaded>
    </Page>
  );
}

const NoProviders = () => (
  <Empty icon={<IconCloudComputing size={34} stroke={1.4} />} title="No provider yet">
    Name one in <span className="mono">stillhouse.yaml</span> under <span className="mono">providers</span>, set its key, and start the
    stack again.
  </Empty>
);
