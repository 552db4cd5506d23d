import { Button, Skeleton, Switch } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { KeyView } from '../../../../contracts/keys.ts';
import { useApi } from '../api/project-scope.tsx';
import { keysQuery } from '../api/queries.ts';
import { CommandLine } from '../components/command-line.tsx';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Empty } from '../components/empty.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { SpendBar } from '../components/spend-bar.tsx';
import { KeyTag, MayCall } from './key-state.tsx';

const COLUMNS: Column<KeyView>[] = [
  {
    label: 'Key',
    cell: ({ id, name }) => (
      <Link to="/keys/$id" params={{ id }}>
        {name}
      </Link>
    ),
  },
  { label: 'State', card: 'beside', cell: (key) => <KeyTag item={key} /> },
  { label: 'Begins with', cell: ({ hint }) => <span className="mono dimmed">{`${hint}…`}</span> },
  { label: 'May call', cell: (key) => <MayCall item={key} /> },
  {
    label: 'Today',
    cell: ({ name, spent, limits }) => <SpendBar spentUsd={spent?.todayUsd ?? null} limitUsd={limits.usdPerDay} label={`${name}, today`} />,
  },
  {
    label: 'This month',
    cell: ({ name, spent, limits }) => (
      <SpendBar spentUsd={spent?.monthUsd ?? null} limitUsd={limits.usdPerMonth} label={`${name}, this month`} />
    ),
  },
  { label: 'Changed', number: true, cell: ({ createdAt }) => <RelativeTime at={createdAt} /> },
];

/** The keys that apps call with. */
export function KeysPage() {
  const query = useQuery(keysQuery(useApi()));
  const navigate = useNavigate();
  const [revoked, setRevoked] = useState(false);
  const anyRevoked = query.data?.some(({ revokedAt }) => revokedAt !== null) ?? false;
  return (
    <Page
      title="Keys"
      lead="What your apps call with. A key may be limited to aliases and models, to requests and tokens a minute, and to dollars a day and a month."
      actions={
        <>
          {anyRevoked && <Switch label="Revoked too" checked={revoked} onChange={(event) => setRevoked(event.currentTarget.checked)} />}
          <Button leftSection={<IconPlus size={16} />} renderRoot={(props) => <Link to="/new-key" {...props} />}>
            New key
          </Button>
        </>
      }
    >
      <Loaded query={query} skeleton={<Skeleton height={220} radius="lg" />}>
        {(all) => {
          const keys = revoked ? all : all.filter(({ revokedAt }) => revokedAt === null);
          return (
            <Panel flush>
              {keys.length === 0 ? (
                <NoKeys />
              ) : (
                <DataTable
                  caption="Keys"
                  items={keys}
                  columns={COLUMNS}
                  rowKey={({ id }) => id}
                  onRow={({ id }) => void navigate({ to: '/keys/$id', params: { id } })}
                />
              )}
            </Panel>
          );
        }}
      </Loaded>
    </Page>
  );
}

const NoKeys = () => (
  <Empty
    icon={<IconKey size={34} stroke={1.4} />}
    title="No key yet"
    next={<CommandLine command="npm run stillhouse -- keys create app --usd-per-day 5" />}
  >
    The admin key opens everything and is not for apps. Make one here or in a terminal for each app, so that you see what each one spends.
  </Empty>
);
